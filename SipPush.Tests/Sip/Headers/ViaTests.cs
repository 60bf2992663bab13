using SipPush.Sip;
using SipPush.Sip.Parsing;

namespace SipPush.Tests.Sip.Headers;

public sealed class ViaTests
{
    [Description("SIP-03")]
    [TestCase("SIP/2.0/UDP pc33.atlanta.com;branch=z9hG4bK776asdhds", "UDP", "pc33.atlanta.com", 0)]
    [TestCase("SIP/2.0/TCP 192.0.2.4:5070;branch= z9hG4bK776asdhds", "TCP", "192.0.2.4", 5070)]
    [TestCase("SIP  / 2.0\r\n  /UDP\r\n  first.example.com: 4000;ttl=16\r\n  ;maddr=224.2.0.1 ;branch  =  z9hG4bK776asdhds", "UDP", "first.example.com", 4000)]
    [TestCase("sip/2.0/tls\t[2001:db8::9:1] : 5061 ; branch\t=\tz9hG4bK776asdhds ; rport", "tls", "[2001:db8::9:1]", 5061)]
    [TestCase("SIP/2.0/UDP [2001:db8::9:1];branch=z9hG4bK776asdhds", "UDP", "[2001:db8::9:1]", 0)]
    [TestCase("  SIP/2.0/NEW  host_1  ;;branch=z9hG4bK776asdhds;x=\";branch=no\"", "NEW", "host_1", 0)]
    public void White_space_is_taken_around_every_sign(string text, string transport, string host, int port)
    {
        Assert.That(Via.TryParse(text, out var via));
        Assert.That(via.Transport.ToString(), Is.EqualTo(transport));
        Assert.That(via.ReadSentBy(), Is.EqualTo((host, port)));
        Assert.That(via.Branch.ToString(), Is.EqualTo("z9hG4bK776asdhds"));
    }

    [TestCase("")]
    [TestCase("SIP/2.0")]
    [TestCase("SIP/2.0/")]
    [TestCase("SIP/2.0/UDP")]
    [TestCase("SIP/2.0/UDP ;branch=z9hG4bK1")]
    [TestCase("SIP/2.0/UDP;branch=z9hG4bK1")]
    [TestCase("SIP//UDP host")]
    [TestCase("SIP/two/UDP host")]
    [TestCase("HTTP/2.0/TCP host")]
    [TestCase("SIP/2.0/U(P host")]
    [TestCase("SIP/2.0/UDP user@host")]
    [TestCase("SIP/2.0/UDP two hosts")]
    [TestCase("SIP/2.0/UDP host:")]
    [TestCase("SIP/2.0/UDP host:0")]
    [TestCase("SIP/2.0/UDP host:65536")]
    [TestCase("SIP/2.0/UDP host:port")]
    [TestCase("SIP/2.0/UDP :5060")]
    [TestCase("SIP/2.0/UDP [2001:db8::1")]
    [TestCase("SIP/2.0/UDP a, SIP/2.0/UDP b")]
    public void A_hop_that_no_answer_can_go_to_is_none(string text) => Assert.That(Via.TryParse(text, out _), Is.False);

    [Test]
    [Description("SIP-11")]
    public void A_hop_of_another_version_can_still_be_answered()
    {
        Assert.That(Via.TryParse("SIP/7.0/UDP c.example.com;branch=z9hG4bKkdjuw", out var via));
        Assert.That(via.ReadSentBy(), Is.EqualTo(("c.example.com", 0)));
    }

    [TestCase("SIP/2.0/UDP host:99999;branch=1")]
    [TestCase("SIP/2.0/UDP two hosts;branch=1")]
    [TestCase("SIP/3.0/UDP host;branch=1")]
    [TestCase("SIP/2.0/UDP\n host;branch=1;branch=2;rport")]
    [TestCase("SIP / 2.0 / UDP [::1] : 5060 ; Branch = z9hG4bK1")]
    public void The_stack_reads_a_Via_as_applications_do(string text)
    {
        var octets = Wire.Raw(text);
        var readable = Via.TryParse(text, out var via);

        Assert.That(ViaReader.TryRead(octets, out var read), Is.EqualTo(readable));
        if (readable)
        {
            Assert.That(read.SentBy.ToArray(), Is.EqualTo(via.SentBy.Octets.ToArray()));
            Assert.That(read.Branch.ToArray(), Is.EqualTo(via.Branch.Octets.ToArray()));
        }
    }

    [Test]
    public void The_top_Via_is_the_first_value_of_the_first_line()
    {
        var request = SipRequest.Parse(Wire.Raw(
            "BYE sip:a@b SIP/2.0\r\nv:  SIP  / 2.0  / TCP     spindle.example.com   ;\r\n  branch  =   z9hG4bK9ikj8  ,\r\n SIP  /    2.0   / UDP  192.168.255.111   ; branch=\r\n z9hG4bK30239\r\n\r\n"));

        Assert.That(request.TopVia.ToString(), Is.EqualTo("SIP/2.0/TCP spindle.example.com; branch  =   z9hG4bK9ikj8"));
        Assert.That(request.Values("Via").Count(), Is.EqualTo(2));
    }

    [TestCase("SIP/2.0/UDP 192.0.2.4:5070", "192.0.2.4")]
    [TestCase("SIP/2.0/UDP [::1]:5070", "::1")]
    [TestCase("SIP/2.0/UDP host", null)]
    public void An_address_is_told_from_a_name(string text, string? address)
    {
        Assert.That(Via.TryParse(text, out var via));
        Assert.That(via.SentByAddress()?.ToString(), Is.EqualTo(address));
    }
}
