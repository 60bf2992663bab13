using System.Net;
using SipPush.Msrp;
using SipPush.Sdp;
using SipPush.Sip;
using SipPush.Tests.Sip.Dialogs;
using SipPush.Tests.Support;

namespace SipPush.Tests.Agents;

/// <summary>Who connects for a session, and when (RFC 6135).</summary>
public sealed class SessionConnectionTests
{
    private static readonly PushMediaOptions Hidden = new() { IsReachable = false };

    private SessionPair _pair = null!;

    [TearDown]
    public async Task Stop() => await _pair.DisposeAsync();

    [TestCase(true, true)]
    [TestCase(true, false)]
    [TestCase(false, true)]
    [Description("PUSH-23, SDP-17, SDP-20")]
    public async Task Whichever_end_can_be_reached_is_connected_to(bool sender, bool receiver)
    {
        _pair = await SessionPair.StartAsync(media: sender ? null : Hidden, receiverMedia: receiver ? new PushMediaOptions() : Hidden);

        await using var session = await _pair.OpenAsync();

        await ExchangeAsync(session);
    }

    [Test]
    public async Task Ends_that_can_both_not_be_reached_have_no_session()
    {
        _pair = await SessionPair.StartAsync(media: Hidden);

        var opening = _pair.Sender.OpenSessionAsync(SessionPair.Bob).AsTask();
        var failure = Assert.ThrowsAsync<PushException>(() => _pair.PassTimeAsync(opening));

        Assert.That(failure!.Result.IsDelivered, Is.False);
    }

    [Test]
    [Description("RFC 4975 §5.4: the first SEND may be quicker than the answer")]
    public async Task A_receiver_that_connects_before_its_200_is_here_is_waited_for()
    {
        _pair = await SessionPair.StartAsync(media: null, receiverMedia: Hidden);
        _pair.Fate = line => line == "200 INVITE" ? MemoryFate.Late(TimeSpan.FromSeconds(2)) : MemoryFate.Deliver;

        var opening = _pair.OpenAsync();
        await SessionPair.UntilAsync(() => _pair.NearMedia.Counts.Connections > 0, "the connection of the receiver");
        Assert.That(opening.IsCompleted, Is.False);
        await using var session = await _pair.PassTimeAsync(opening);
        _pair.Fate = null;

        await ExchangeAsync(session);
    }

    [Test]
    [Description("The far end said that it would connect; RFC 4975 §5.4 has the offerer connect")]
    public async Task A_receiver_that_does_not_come_is_connected_to()
    {
        _pair = await SessionPair.StartAsync();
        await using var far = await SessionFarEnd.StartAsync(_pair);
        var messages = far.Media.CreateSession();

        var opening = _pair.Sender.OpenSessionAsync(SessionWire.Al).AsTask();
        await far.ReplyAsync(await far.HearAsync("INVITE"), "200 OK", far.Describe(messages, setup: "active"));
        var waiting = SessionFarEnd.BindAsync(messages, far.Invite, MsrpRole.Passive);
        var session = await _pair.PassTimeAsync(opening);
        await waiting;

        Assert.That(_pair.Clock.Elapsed.TotalSeconds, Is.InRange(5, 25));
        Assert.That((await session.SendAsync(PushContent.FromBytes(Array.Empty<byte>(), "text/plain"), new PushOptions { Envelope = false }).AsTask().WaitAsync(SessionPair.Patience)).IsSuccess, Is.True);
        await session.EndAsync();
    }

    [Test]
    public async Task A_sender_that_does_not_come_is_connected_to()
    {
        _pair = await SessionPair.StartAsync();
        await using var peer = await WirePeer.StartAsync(_pair.Network, "udp:192.0.2.9:5060");
        await using var far = _pair.StartMedia();
        await using var messages = far.CreateSession();

        var answer = await InviteAsync(peer, SessionText.Offer(far.LocalEndPoint!.Port, messages.LocalUri.SessionId!).Replace("actpass", "active", StringComparison.Ordinal));
        await _pair.PassTimeAsync(SessionFarEnd.BindAsync(messages, answer, MsrpRole.Passive));
        var sending = messages.SendAsync(OutgoingMsrpMessage.FromMemory("text/plain", "here"u8.ToArray())).AsTask();
        await using var push = await _pair.TakeAsync();

        Assert.That(await SessionPair.ReadAsync(push), Is.EqualTo("here"));
        Assert.That((await sending.WaitAsync(SessionPair.Patience)).Outcome, Is.EqualTo(MsrpSendOutcome.Acknowledged));
        await peer.SendAsync("udp:192.0.2.10:5060", SessionText.InDialog(answer, "BYE", 2, "bye"));
    }

    [Test]
    public async Task A_sender_that_never_connects_is_left_with_BYE()
    {
        _pair = await SessionPair.StartAsync();
        await using var peer = await WirePeer.StartAsync(_pair.Network, "udp:192.0.2.9:5060");
        peer.Answer = text => SessionWire.Method(text) == "BYE" ? SessionWire.Reply(text, "200 OK") : null;

        await InviteAsync(peer, SessionText.Offer(1));
        await _pair.PassTimeAsync(SessionPair.UntilAsync(() => peer.Messages.Any(text => SessionWire.Method(text) == "BYE"), "BYE"));

        Assert.That(_pair.Clock.Elapsed.TotalSeconds, Is.InRange(29, 60));
    }

    [Test]
    [Description("PUSH-24")]
    public async Task A_sender_that_requires_TLS_has_no_session_with_a_receiver_without()
    {
        _pair = await SessionPair.StartAsync();
        await using var media = MsrpEndpoint.Start(new MsrpEndpointOptions
        {
            ListenSecure = new IPEndPoint(IPAddress.Loopback, 0),
            Tls = new MsrpTlsOptions { Certificate = TestAuthority.CreateRoot().Issue("ip:127.0.0.1") },
            TimeProvider = _pair.Clock,
        });
        await using var sender = _pair.StartSender(new PushMediaOptions { Endpoint = media, Tls = TlsUse.Required });

        var failure = Assert.ThrowsAsync<PushException>(() => sender.OpenSessionAsync(SessionPair.Bob).AsTask().WaitAsync(SessionPair.Patience));

        Assert.That((failure!.Result.Outcome, failure.Result.StatusCode), Is.EqualTo((PushOutcome.Refused, (int?)488)));
        Assert.That(media.Counts, Is.EqualTo(default(MsrpEndpointCounts)));
    }

    private async Task ExchangeAsync(PushSession session)
    {
        var sending = session.SendAsync(PushContent.FromText("here")).AsTask();
        await using (var push = await _pair.TakeAsync())
        {
            Assert.That(await SessionPair.ReadAsync(push), Is.EqualTo("here"));
        }

        Assert.That((await sending.WaitAsync(SessionPair.Patience)).IsSuccess, Is.True);
        await session.EndAsync();
    }

    // The 200, which is acknowledged.
    private static async Task<string> InviteAsync(WirePeer peer, string offer)
    {
        await peer.SendAsync("udp:192.0.2.10:5060", SessionText.Invite(offer));
        await SessionPair.UntilAsync(() => peer.Messages.Any(text => text.StartsWith("SIP/2.0 200 ", StringComparison.Ordinal)), "200");
        var answer = peer.Messages.First(text => text.StartsWith("SIP/2.0 200 ", StringComparison.Ordinal));
        await peer.ReplyAsync(SessionText.Ack(answer));
        return answer;
    }
}
