using SipPush.Sip;

namespace SipPush.Tests.Sip.Headers;

public sealed class NameAddressTests
{
    [Description("SIP-03, SIP-12")]
    [TestCase("<sip:bob@example.com>", "", "sip:bob@example.com", "")]
    [TestCase("<sip:bob@example.com;lr?a=b>;tag=1", "", "sip:bob@example.com;lr?a=b", "1")]
    [TestCase("\"Bob\" <sip:bob@example.com> ; tag = 1", "\"Bob\"", "sip:bob@example.com", "1")]
    [TestCase("Bob van der Berg<sip:bob@example.com>;x;TAG=1", "Bob van der Berg", "sip:bob@example.com", "1")]
    [TestCase("\"<sip:evil@example.com>;tag=no, \\\"\\\\\" <sip:bob@example.com>;tag=1", "\"<sip:evil@example.com>;tag=no, \\\"\\\\\"", "sip:bob@example.com", "1")]
    [TestCase("\"Bob\"\r\n <sip:bob@example.com>\r\n ;tag=1", "\"Bob\"", "sip:bob@example.com", "1")]
    [TestCase("sip:bob@example.com", "", "sip:bob@example.com", "")]
    [TestCase("sip:bob@example.com;tag=1", "", "sip:bob@example.com", "1")]
    [TestCase("  sip:bob@example.com ;tag=1;x=\"<\"", "", "sip:bob@example.com", "1")]
    [TestCase("tel:+1-212-555-1212;tag=1", "", "tel:+1-212-555-1212", "1")]
    [TestCase("<sip:bob@example.com>;x=\";tag=no\";tag=1;tag=2", "", "sip:bob@example.com", "1")]
    public void An_address_stands_in_brackets_or_bare(string text, string name, string uri, string tag)
    {
        Assert.That(NameAddress.TryParse(text, out var address));
        Assert.That((address.DisplayName.ToString(), address.Address.ToString(), address.Tag.ToString()), Is.EqualTo((name, uri, tag)));
        Assert.That(address.Uri, Is.Not.Null);
    }

    [Test, Description("SIP-12")]
    public void Outside_brackets_parameters_are_the_headers_and_inside_the_URIs()
    {
        Assert.That(NameAddress.TryParse("sip:bob@example.com;transport=tcp", out var bare));
        Assert.That(NameAddress.TryParse("<sip:bob@example.com;transport=tcp>", out var bracketed));

        Assert.That((bare.Uri!.Parameters.IsEmpty, bare.Parameters.Get("transport")), Is.EqualTo((true, "tcp")));
        Assert.That((bracketed.Uri!.Transport, bracketed.Parameters.IsEmpty), Is.EqualTo((SipProtocol.Tcp, true)));
    }

    [Test, Description("SIP-12")]
    public void It_is_written_with_brackets()
    {
        Assert.That(NameAddress.TryParse("\"Bob\"<sip:b@c;x?y=z>;tag=1", out var named));
        Assert.That(NameAddress.TryParse("sip:b@c;tag=1", out var bare));

        Assert.That(named.ToString(), Is.EqualTo("\"Bob\" <sip:b@c;x?y=z>;tag=1"));
        Assert.That(bare.ToString(), Is.EqualTo("<sip:b@c>;tag=1"));
    }

    [TestCase("")]
    [TestCase(";tag=1")]
    [TestCase("Bob")]
    [TestCase("*")]
    [TestCase("Bob sip:bob@example.com")]
    [TestCase("<>")]
    [TestCase("<sip:bob@example.com")]
    [TestCase("\"Bob <sip:bob@example.com>")]
    [TestCase("\"Bob\\\" <sip:bob@example.com>")]
    [TestCase("<sip:bob@example.com>tag=1")]
    [TestCase("<sip:bob@example.com>;tag=1>")]
    [TestCase("<sip:bob@example.com>;x=\"1")]
    [TestCase("sip:bob@example.com;x=\"1")]
    [TestCase("Bob, Alice <sip:bob@example.com>")]
    [TestCase("\"Bob\" Alice <sip:bob@example.com>")]
    [TestCase("\u201cBob\u201d <sip:bob@example.com>")]
    public void Anything_else_is_no_address(string text) => Assert.That(NameAddress.TryParse(text, out _), Is.False);

    [Test]
    public void An_address_that_is_no_URI_is_kept_as_text()
    {
        Assert.That(NameAddress.TryParse("<not a uri>", out var address));
        Assert.That((address.Address.ToString(), address.Uri), Is.EqualTo(("not a uri", (SipUri?)null)));
    }
}
