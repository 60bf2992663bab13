using System.Net;
using SipPush.Sip;
using SipPush.Tests.Support;

namespace SipPush.Tests.Sip;

/// <summary>What the stack says of its own address.</summary>
public sealed class SipStackAddressTests
{
    [TestCase("gw.example.com", null, "gw.example.com:5060")]
    [TestCase("203.0.113.7", 15060, "203.0.113.7:15060")]
    [TestCase("[2001:db8::7]", 15060, "[2001:db8::7]:15060")]
    public async Task An_advertised_address_stands_in_Via_and_Contact(string host, int? port, string said)
    {
        var network = new MemoryNetwork();
        await using var peer = await WirePeer.StartAsync(network, "udp:192.0.2.9:5060");
        peer.Answer = request => WirePeer.ResponseTo(request, "200 OK");
        await using var stack = await SipStack.StartAsync(new SipStackOptions
        {
            Transports = [new MemoryTransport(network, SipEndPoint.Parse("udp:192.0.2.1:5060"))],
            Advertise = new SipAdvertisedAddress(host, port),
        });
        var user = stack.CreateUserAgent(new SipUserAgentOptions { AddressOfRecord = SipUri.Parse("sip:bob@example.com"), OutboundProxies = [SipUri.Parse("sip:192.0.2.9")] });

        await using var registration = await user.RegisterAsync(new RegistrationOptions());

        Assert.That(peer.Messages[0], Does.Contain($"\r\nVia: SIP/2.0/UDP {said};branch="));
        Assert.That(peer.Messages[0], Does.Contain($"\r\nContact: <sip:bob@{said}>"));
    }

    [TestCase("127.0.0.1")]
    [TestCase("::1")]
    public async Task Requests_go_and_come_over_real_sockets_of_both_families(string address)
    {
        var ip = IPAddress.Parse(address);
        if (ip.AddressFamily == System.Net.Sockets.AddressFamily.InterNetworkV6 && !System.Net.Sockets.Socket.OSSupportsIPv6)
        {
            Assert.Ignore("skipped: no IPv6 on this machine");
        }

        foreach (var protocol in new[] { SipProtocol.Udp, SipProtocol.Tcp })
        {
            var listen = new SipEndPoint(protocol, new IPEndPoint(ip, 0));
            await using var server = await SipStack.StartAsync(new SipStackOptions { Listen = [listen] });
            await using var client = await SipStack.StartAsync(new SipStackOptions { Listen = [listen] });
            var target = SipUri.Of(null, server.Local[0].Address, protocol);
            var user = client.CreateUserAgent(new SipUserAgentOptions { AddressOfRecord = SipUri.Parse("sip:alice@example.com") });
            using var request = user.CreateRequest(SipMethod.Options, target);

            var result = await user.SendAsync(request);

            Assert.That(result.StatusCode, Is.EqualTo(200), result.Error?.Message);
            Assert.That(result.Response![SipHeaderNames.Allow].ToString(), Is.EqualTo("OPTIONS"));
        }
    }

    [Test]
    public async Task Listening_on_every_address_the_stack_names_the_one_that_reaches_the_peer()
    {
        await using var stack = await SipStack.StartAsync(new SipStackOptions { Listen = [SipEndPoint.Parse("udp:0.0.0.0:0")] });

        Assert.That(stack.CreateContact("bob", SipProtocol.Udp, IPAddress.Loopback).ToString(), Is.EqualTo($"sip:bob@127.0.0.1:{stack.Local[0].Address.Port}"));
    }

    [Test]
    public void A_stack_with_nothing_to_listen_on_is_refused() =>
        Assert.That(async () => await SipStack.StartAsync(new SipStackOptions()), Throws.ArgumentException);

    [TestCase("127.0.0.1", "127.0.0.1:5062", true)]
    [TestCase("127.0.0.1:5062", "127.0.0.1:5062", true)]
    [TestCase("127.0.0.1:5062", "127.0.0.1:5060", false)]
    [TestCase("192.0.2.0/24", "192.0.2.200:1", true)]
    [TestCase("192.0.2.0/24", "192.0.3.200:1", false)]
    [TestCase("2001:db8::1", "[2001:db8::1]:5060", true)]
    [TestCase("192.0.2.1", "[::ffff:192.0.2.1]:5060", true)]
    public void The_trust_domain_goes_by_address_network_and_port(string member, string peer, bool trusted) =>
        Assert.That(TrustDomain.Of(member).Contains(IPEndPoint.Parse(peer)), Is.EqualTo(trusted));
}
