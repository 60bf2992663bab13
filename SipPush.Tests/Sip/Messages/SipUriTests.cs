using System.Net;
using SipPush.Sip;

namespace SipPush.Tests.Sip.Messages;

public sealed class SipUriTests
{
    [TestCase("sip:alice@atlanta.com", "alice", "", "atlanta.com", null)]
    [TestCase("sip:alice:secretword@atlanta.com;transport=tcp", "alice", "secretword", "atlanta.com", null)]
    [TestCase("SIPS:alice@atlanta.com:5061?subject=project%20x", "alice", "", "atlanta.com", 5061)]
    [TestCase("sip:+1-212-555-1212:1234@gateway.com;user=phone", "+1-212-555-1212", "1234", "gateway.com", null)]
    [TestCase("sip:alice;day=tuesday@atlanta.com", "alice;day=tuesday", "", "atlanta.com", null)]
    [TestCase("sip:who?when;x=1@atlanta.com:99;lr", "who?when;x=1", "", "atlanta.com", 99)]
    [TestCase("sip:1_unusual.URI~(to-be!sure)&isn't+it$/crazy?,/;;*:&it+has=1,weird!*pas$wo~d_too.(doesn't-it)@example.com", "1_unusual.URI~(to-be!sure)&isn't+it$/crazy?,/;;*", "&it+has=1,weird!*pas$wo~d_too.(doesn't-it)", "example.com", null)]
    [TestCase("sip:atlanta.com", "", "", "atlanta.com", null)]
    [TestCase("sip:192.0.2.4:5060", "", "", "192.0.2.4", 5060)]
    [TestCase("sip:[2001:db8::10]", "", "", "[2001:db8::10]", null)]
    [TestCase("sip:bob@[2001:db8::10]:5070;transport=udp", "bob", "", "[2001:db8::10]", 5070)]
    public void A_SIP_URI_has_parts(string text, string user, string password, string host, int? port)
    {
        var uri = SipUri.Parse(text);

        Assert.That((uri.User.ToString(), uri.Password.ToString(), uri.Host.ToString(), uri.Port), Is.EqualTo((user, password, host, port)));
        Assert.That(uri.ToString(), Is.EqualTo(text));
        Assert.That(uri.IsSip);
    }

    [Test]
    public void Parameters_and_headers_are_kept_apart()
    {
        var uri = SipUri.Parse("sip:bob@example.com;Transport=TCP;lr;gr=urn:uuid:1?a=;x&b=1");

        Assert.That(uri.Transport, Is.EqualTo(SipProtocol.Tcp));
        Assert.That(uri.IsLooseRouter);
        Assert.That(uri.IsGruu);
        Assert.That(uri.Parameters.ToString(), Is.EqualTo(";Transport=TCP;lr;gr=urn:uuid:1"));
        Assert.That(uri.Headers.ToString(), Is.EqualTo("a=;x&b=1"));
        Assert.That(uri.Scheme, Is.EqualTo("sip"));
    }

    [Test]
    public void Of_another_scheme_only_the_text_is_known()
    {
        var uri = SipUri.Parse("TEL:+358-555-1234567;postd=pp22");

        Assert.That(uri.Scheme, Is.EqualTo("tel"));
        Assert.That(uri.IsSip, Is.False);
        Assert.That(uri.Host.IsEmpty);
        Assert.That(uri.WithoutParameters(), Is.SameAs(uri));
        Assert.That(uri, Is.EqualTo(SipUri.Parse("TEL:+358-555-1234567;postd=pp22")));
        Assert.That(uri, Is.Not.EqualTo(SipUri.Parse("tel:+358-555-7654321")));
    }

    [TestCase("")]
    [TestCase("sip")]
    [TestCase("sip:")]
    [TestCase(":bob@example.com")]
    [TestCase("5ip:bob@example.com")]
    [TestCase("s/p:bob@example.com")]
    [TestCase("sip:@example.com")]
    [TestCase("sip:bob@")]
    [TestCase("sip:bob@example.com:")]
    [TestCase("sip:bob@example.com:0")]
    [TestCase("sip:bob@example.com:65536")]
    [TestCase("sip:bob@example.com:abc")]
    [TestCase("sip:bob@exa mple.com")]
    [TestCase("sip:bob@example.com\r\nEvil: 1")]
    [TestCase("sip:bob@exa\0mple.com")]
    [TestCase("<sip:bob@example.com>")]
    [TestCase("sip:bob@2001:db8::10")]
    [TestCase("sip:bob@[2001:db8::10")]
    [TestCase("sip:bob@[nonsense]")]
    [TestCase("sip:bob@[")]
    [TestCase("sip:;lr")]
    [TestCase("sip:bob@ex@ample.com")]
    public void Anything_else_is_no_URI(string text)
    {
        Assert.That(SipUri.TryParse(text, out _), Is.False);
        Assert.That(() => SipUri.Parse(text), Throws.InstanceOf<FormatException>());
    }

    // The equivalent sets of RFC 3261 §19.1.4.
    [TestCase("sip:%61lice@atlanta.com;transport=TCP", "sip:alice@AtLanTa.CoM;Transport=tcp")]
    [TestCase("sip:carol@chicago.com", "sip:carol@chicago.com;newparam=5")]
    [TestCase("sip:carol@chicago.com", "sip:carol@chicago.com;security=on")]
    [TestCase("sip:carol@chicago.com;newparam=5", "sip:carol@chicago.com;security=on")]
    [TestCase("sip:carol@chicago.com", "sip:carol@chicago.com;security=off")]
    [TestCase("sip:biloxi.com;transport=tcp;method=REGISTER?to=sip:bob%40biloxi.com", "sip:biloxi.com;method=REGISTER;transport=tcp?to=sip:bob%40biloxi.com")]
    [TestCase("sip:alice@atlanta.com?subject=project%20x&priority=urgent", "sip:alice@atlanta.com?priority=urgent&subject=project%20x")]
    public void URIs_are_equal_by_the_rules_and_not_by_their_text(string left, string right)
    {
        Assert.That(SipUri.Parse(left), Is.EqualTo(SipUri.Parse(right)));
        Assert.That(SipUri.Parse(right), Is.EqualTo(SipUri.Parse(left)));
        Assert.That(SipUri.Parse(left).GetHashCode(), Is.EqualTo(SipUri.Parse(right).GetHashCode()));
    }

    // The sets that are not equivalent (RFC 3261 §19.1.4), then what its rules say beyond them.
    [TestCase("SIP:ALICE@AtLanTa.CoM;Transport=udp", "sip:alice@AtLanTa.CoM;Transport=UDP")]
    [TestCase("sip:bob@biloxi.com", "sip:bob@biloxi.com:5060")]
    [TestCase("sip:bob@biloxi.com", "sip:bob@biloxi.com;transport=udp")]
    [TestCase("sip:bob@biloxi.com", "sip:bob@biloxi.com:6000;transport=tcp")]
    [TestCase("sip:carol@chicago.com", "sip:carol@chicago.com?Subject=next%20meeting")]
    [TestCase("sip:bob@phone21.boxesbybob.com", "sip:bob@192.0.2.4")]
    [TestCase("sip:carol@chicago.com;security=on", "sip:carol@chicago.com;security=off")]
    [TestCase("sip:bob@biloxi.com", "sips:bob@biloxi.com")]
    [TestCase("sip:bob@biloxi.com", "sip:biloxi.com")]
    [TestCase("sip:bob@biloxi.com", "sip:bob:secret@biloxi.com")]
    [TestCase("sip:bob@biloxi.com", "sip:bob@biloxi.com;maddr=192.0.2.1")]
    [TestCase("sip:bob@biloxi.com", "sip:bob@biloxi.com;ttl=1")]
    [TestCase("sip:bob@biloxi.com", "sip:bob@biloxi.com;user=ip")]
    [TestCase("sip:bob@biloxi.com", "sip:bob@biloxi.com;method=INVITE")]
    [TestCase("sip:a;b@biloxi.com", "sip:a%3Bb@biloxi.com")]
    [TestCase("sip:bob@biloxi.com?a=1", "sip:bob@biloxi.com?a=1&b=2")]
    public void URIs_that_may_lead_elsewhere_are_not_equal(string left, string right)
    {
        Assert.That(SipUri.Parse(left), Is.Not.EqualTo(SipUri.Parse(right)));
        Assert.That(SipUri.Parse(right), Is.Not.EqualTo(SipUri.Parse(left)));
    }

    [Test, Description("SIP-65")]
    public void A_GRUU_is_compared_with_its_gr_parameter()
    {
        var aor = SipUri.Parse("sip:bob@example.com");
        var gruu = SipUri.Parse("sip:bob@example.com;gr=urn:uuid:1");
        var other = SipUri.Parse("sip:bob@example.com;gr=urn:uuid:2");
        var temporary = SipUri.Parse("sip:bob@example.com;gr");

        Assert.That(gruu, Is.EqualTo(aor), "by RFC 3261 they are equal");
        Assert.That(gruu.IsSameGruu(aor), Is.False);
        Assert.That(aor.IsSameGruu(gruu), Is.False);
        Assert.That(gruu.IsSameGruu(other), Is.False);
        Assert.That(gruu.IsSameGruu(temporary), Is.False);
        Assert.That(gruu.IsSameGruu(null), Is.False);
        Assert.That(gruu.IsSameGruu(SipUri.Parse("sip:bob@EXAMPLE.com;x=1;gr=urn:uuid:1")));
        Assert.That(temporary.IsSameGruu(SipUri.Parse("sip:bob@example.com;GR")));
    }

    [TestCase("sip:bob@example.com", "sip:bob@example.com")]
    [TestCase("sip:bob@example.com;gr=urn:uuid:1", "sip:bob@example.com")]
    [TestCase("sip:bob@example.com:5070;gr?a=1", "sip:bob@example.com:5070")]
    [TestCase("sip:bob@example.com?a=1", "sip:bob@example.com")]
    [TestCase("sip:bob@example.com?", "sip:bob@example.com")]
    [TestCase("sip:b\u00F6b@example.com?a=\u00E9", "sip:b\u00F6b@example.com")]
    [TestCase("sip:bob@example.com;x?a=;x", "sip:bob@example.com")]
    [TestCase("sip:a;lr@example.com;lr", "sip:a;lr@example.com")]
    public void Without_parameters_it_is_the_AOR(string text, string aor)
    {
        var plain = SipUri.Parse(text).WithoutParameters();

        Assert.That(plain.ToString(), Is.EqualTo(aor));
        Assert.That(plain, Is.EqualTo(SipUri.Parse(aor)));
    }

    [Test]
    public void The_URI_of_an_end_point_names_what_is_not_the_default()
    {
        var address = new IPEndPoint(IPAddress.Loopback, 5070);

        Assert.That(SipUri.Of("bob", address, SipProtocol.Tcp).ToString(), Is.EqualTo("sip:bob@127.0.0.1:5070;transport=tcp"));
        Assert.That(SipUri.Of(null, address, SipProtocol.Udp, ";lr").ToString(), Is.EqualTo("sip:127.0.0.1:5070;lr"));
        Assert.That(SipUri.Of("bob", new IPEndPoint(IPAddress.IPv6Loopback, 5060), SipProtocol.Udp).ToString(), Is.EqualTo("sip:bob@[::1]:5060"));
        Assert.That(SipUri.Of("bob", "example.com", 0, SipProtocol.Udp).ToString(), Is.EqualTo("sip:bob@example.com"));
    }

    [TestCase("sip:bob@192.0.2.4", "192.0.2.4")]
    [TestCase("sip:bob@[2001:db8::10]:5070", "2001:db8::10")]
    [TestCase("sip:bob@example.com", null)]
    public void An_address_in_the_host_is_known_as_one(string text, string? address) =>
        Assert.That(SipUri.Parse(text).HostAddress()?.ToString(), Is.EqualTo(address));

    [TestCase("sip:bob@192.0.2.1:5061;transport=tls", "sips:bob@192.0.2.1:5061")]
    [TestCase("sip:bob@example.com;gr=urn:uuid:1", "sips:bob@example.com;gr=urn:uuid:1")]
    [TestCase("sips:bob@example.com", "sips:bob@example.com")]
    public void Over_TLS_the_same_end_point_is_a_SIPS_URI(string uri, string sips) =>
        Assert.That(SipUri.Parse(uri).AsSips().ToString(), Is.EqualTo(sips));
}
