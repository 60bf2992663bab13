using System.Net;
using SipPush.Msrp;
using SipPush.Sip;
using SipPush.Tests.Sip.Dialogs;
using SipPush.Tests.Support;

namespace SipPush.Tests.Agents;

/// <summary>What session descriptions name when MSRP listens at every address, which is none that anybody could connect to.</summary>
public sealed class MediaAddressTests
{
    [Test, Description("SDP-10")]
    public async Task A_sender_names_the_address_by_which_SIP_goes_out()
    {
        await using var pair = await SessionPair.StartAsync(listen: IPAddress.Any);
        await using var peer = await WirePeer.StartAsync(pair.Network, "udp:192.0.2.9:5060");
        peer.Answer = text => SessionWire.Method(text) == "INVITE" ? SessionWire.Reply(text, "486 Busy Here") : null;

        Assert.ThrowsAsync<PushException>(() => pair.Sender.OpenSessionAsync(SessionWire.Al).AsTask().WaitAsync(SessionPair.Patience));

        IsNamed(peer.Messages[0], "192.0.2.20", pair.NearMedia);
    }

    [Test, Description("SDP-10")]
    public async Task A_receiver_names_the_address_by_which_SIP_came_in()
    {
        await using var pair = await SessionPair.StartAsync(listen: IPAddress.Any);
        await using var peer = await WirePeer.StartAsync(pair.Network, "udp:192.0.2.9:5060");

        await peer.SendAsync("udp:192.0.2.10:5060", SessionText.Invite(SessionText.Offer(4321)));
        await SessionPair.UntilAsync(() => peer.Messages.Any(text => text.StartsWith("SIP/2.0 200", StringComparison.Ordinal)), "200");
        var answer = peer.Messages.First(text => text.StartsWith("SIP/2.0 200", StringComparison.Ordinal));
        await peer.ReplyAsync(SessionText.Ack(answer));
        await peer.SendAsync("udp:192.0.2.10:5060", SessionText.InDialog(answer, "BYE", 2, "bye"));

        IsNamed(answer, "192.0.2.10", pair.FarMedia);
    }

    [Test]
    public async Task Where_SIP_listens_at_every_address_too_the_way_to_the_far_end_decides_and_a_name_does_not_tell()
    {
        var clock = new ManualTimeProvider();
        await using var stack = await SipStack.StartAsync(new SipStackOptions
        {
            Transports = [new MemoryTransport(new MemoryNetwork(clock), SipEndPoint.Parse("udp:0.0.0.0:5060"))],
            TimeProvider = clock,
        });
        await using var sender = new PushSenderAgent(stack.CreateUserAgent(new SipUserAgentOptions { AddressOfRecord = SipUri.Parse("sip:push@example.com") }), new PushSenderOptions());

        Assert.That(stack.HostTowards(IPAddress.Loopback), Is.EqualTo("127.0.0.1"));
        Assert.That(
            async () => await sender.OpenSessionAsync(SipUri.Parse("sip:bob@example.com")),
            Throws.InvalidOperationException.With.Message.Contains("AdvertisedHost"));
    }

    private static void IsNamed(string message, string host, MsrpEndpoint endpoint)
    {
        Assert.That(SessionText.Attribute(message, "o=").Split(' ')[^1], Is.EqualTo(host));
        Assert.That(SessionText.Attribute(message, "c="), Is.EqualTo($"IN IP4 {host}"));
        Assert.That(SessionText.PathOf(message), Does.StartWith($"msrp://{host}:{endpoint.LocalEndPoint!.Port}/"));
    }
}
