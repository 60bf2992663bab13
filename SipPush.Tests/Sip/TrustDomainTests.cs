using System.Net;
using SipPush.Sip;

namespace SipPush.Tests.Sip;

public sealed class TrustDomainTests
{
    [TestCase("tls:core.example.com", "core.example.com", true)]
    [TestCase("TLS:Core.Example.com.", "core.example.com", true)]
    [TestCase("tls:core.example.com", "example.com core.example.com", true)]
    [TestCase("tls:core.example.com", "a.core.example.com", false)]
    [TestCase("tls:core.example.com", "", false)]
    [TestCase("192.0.2.1", "", true)]
    [TestCase("192.0.2.0/24", "", true)]
    [TestCase("192.0.2.1:5061", "", true)]
    [TestCase("192.0.2.1:5062", "core.example.com", false)]
    public void A_flow_is_a_members_by_its_address_or_by_its_verified_certificate(string member, string identities, bool expected)
    {
        var transport = new MemoryTransport(new MemoryNetwork(), SipEndPoint.Parse("tls:192.0.2.2:5061"));
        var flow = new SipFlow(transport, transport.Local, SipEndPoint.Parse("tls:192.0.2.1:5061"))
        {
            PeerIdentities = identities.Split(' ', StringSplitOptions.RemoveEmptyEntries),
        };

        Assert.That(TrustDomain.Of(member).Contains(flow), Is.EqualTo(expected));
    }

    [Test]
    public void An_address_alone_is_no_member_by_certificate() =>
        Assert.That(TrustDomain.Of("tls:core.example.com").Contains(IPEndPoint.Parse("192.0.2.1:5061")), Is.False);

    [TestCase("tls:")]
    [TestCase("tls:192.0.2.1")]
    [TestCase("tls:*.example.com")]
    [TestCase("tls:example.com:5061")]
    [TestCase("example.com")]
    public void What_is_no_member_is_refused(string member) =>
        Assert.Throws<FormatException>(() => TrustDomain.Of(member));
}
