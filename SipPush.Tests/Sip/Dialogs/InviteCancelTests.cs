using SipPush.Sip;
using static SipPush.Tests.Sip.Dialogs.SessionWire;

namespace SipPush.Tests.Sip.Dialogs;

/// <summary>An INVITE that its own end gives up, on the wire.</summary>
public sealed class InviteCancelTests
{
    private SessionWire _wire = null!;

    [SetUp]
    public async Task Start() => _wire = await SessionWire.StartAsync();

    [TearDown]
    public async Task Stop() => await _wire.DisposeAsync();

    [Test, Description("SIP-18")]
    public async Task CANCEL_waits_for_a_provisional_response()
    {
        using var giveUp = new CancellationTokenSource();
        var calling = _wire.Bob.InviteAsync(Al, new InviteOptions { Offer = Offer }, giveUp.Token).AsTask();
        await giveUp.CancelAsync();
        Assert.CatchAsync<OperationCanceledException>(() => calling);
        Assert.That(_wire.Heard.Select(Method), Is.EqualTo(["INVITE"]));

        await _wire.Peer.ReplyAsync(Reply(_wire.Peer.Last, "100 Trying"));
        Assert.That(_wire.Heard.Select(Method), Is.EqualTo(["INVITE", "CANCEL"]));
        await _wire.Peer.ReplyAsync(Reply(_wire.Peer.Messages[1], "200 OK"));
        await _wire.Peer.ReplyAsync(Reply(_wire.Peer.Messages[0], "487 Request Terminated"));
        Assert.That(_wire.Heard.Select(Method), Is.EqualTo(["INVITE", "CANCEL", "ACK"]));
        await _wire.NothingIsLeftAsync();
    }

    [Test, Description("SIP-18")]
    public async Task CANCEL_of_an_INVITE_that_rings_says_what_the_INVITE_said()
    {
        using var giveUp = new CancellationTokenSource();
        var calling = _wire.Bob.InviteAsync(Al, new InviteOptions { Offer = Offer }, giveUp.Token).AsTask();
        var invite = _wire.Peer.Last;
        await _wire.Peer.ReplyAsync(Reply(invite, "180 Ringing"));
        await giveUp.CancelAsync();
        Assert.CatchAsync<OperationCanceledException>(() => calling);

        Assert.That(_wire.Peer.Last, Is.EqualTo(
            """
            CANCEL sip:al@192.0.2.9 SIP/2.0
            Via: SIP/2.0/UDP 192.0.2.1:5060;branch=z9hG4bK00000000000000000300000000000000;rport
            Max-Forwards: 70
            From: <sip:bob@example.com>;tag=0000000000000001
            To: <sip:al@192.0.2.9>
            Call-ID: 00000000000000000000000000000002
            CSeq: 1 CANCEL
            Content-Length: 0


            """.ReplaceLineEndings("\r\n")));

        // What still rings begins nothing any more.
        await WaitUntilAsync(() => _wire.Stack.Sessions.Count == 0);
        await _wire.Peer.ReplyAsync(Reply(invite, "183 Session Progress"));
        await _wire.Peer.ReplyAsync(Reply(invite, "180 Ringing", tag: "other"));
        Assert.That(_wire.Stack.Sessions.Count, Is.Zero);

        await _wire.Peer.ReplyAsync(Reply(invite, "487 Request Terminated"));
        Assert.That((Method(_wire.Peer.Last), Branch(_wire.Peer.Last)), Is.EqualTo(("ACK", Branch(invite))));
        await _wire.NothingIsLeftAsync();
    }

    [TestCase("al", Description = "The branch that rang")]
    [TestCase("other", Description = "One that was not heard of before")]
    public async Task A_200_that_crosses_the_CANCEL_is_acknowledged_and_left(string tag)
    {
        using var giveUp = new CancellationTokenSource();
        var calling = _wire.Bob.InviteAsync(Al, new InviteOptions { Offer = Offer }, giveUp.Token).AsTask();
        var invite = _wire.Peer.Last;
        await _wire.Peer.ReplyAsync(Reply(invite, "180 Ringing"));
        await giveUp.CancelAsync();
        Assert.CatchAsync<OperationCanceledException>(() => calling);
        _wire.Peer.Answer = text => Method(text) == "BYE" ? Reply(text, "200 OK") : null;
        await _wire.Peer.ReplyAsync(Reply(invite, "200 OK", tag, "answer"));
        await _wire.Peer.WaitForAsync(4);

        Assert.That(_wire.Heard.Select(Method), Is.EqualTo(["INVITE", "CANCEL", "ACK", "BYE"]));
        Assert.That(Line(_wire.Peer.Last, "To"), Is.EqualTo($"To: <sip:al@192.0.2.9>;tag={tag}"));
        await _wire.NothingIsLeftAsync();
    }

    [Test]
    public async Task A_cancelled_INVITE_that_is_never_answered_is_given_up_after_64_T1()
    {
        using var giveUp = new CancellationTokenSource();
        var calling = _wire.Bob.InviteAsync(Al, new InviteOptions { Offer = Offer }, giveUp.Token).AsTask();
        await _wire.Peer.ReplyAsync(Reply(_wire.Peer.Last, "180 Ringing"));
        _wire.Clock.Advance(TimeSpan.FromSeconds(60));
        await giveUp.CancelAsync();
        Assert.CatchAsync<OperationCanceledException>(() => calling);

        _wire.Clock.Advance(TimeSpan.FromSeconds(31.9));
        Assert.That(_wire.Stack.Layer.Count().Clients, Is.EqualTo(2));
        _wire.Clock.Advance(TimeSpan.FromSeconds(.1));
        Assert.That(_wire.Stack.Layer.Count(), Is.EqualTo((0, 0, 0, 0)));
        await _wire.NothingIsLeftAsync();
    }

    [Test]
    public async Task Who_rings_too_long_is_left()
    {
        var calling = _wire.Bob.InviteAsync(Al, new InviteOptions { Offer = Offer, RingTimeout = TimeSpan.FromSeconds(20) }).AsTask();
        var invite = _wire.Peer.Last;
        await _wire.Peer.ReplyAsync(Reply(invite, "180 Ringing"));
        _wire.Clock.Advance(TimeSpan.FromSeconds(20));
        var result = await calling;
        await _wire.Peer.ReplyAsync(Reply(invite, "487 Request Terminated"));

        Assert.That((result.Outcome, result.StatusCode), Is.EqualTo((SipTransactionOutcome.TimedOut, 408)));
        Assert.That(_wire.Heard.Select(Method), Does.Contain("CANCEL"));
        Assert.That(Method(_wire.Peer.Last), Is.EqualTo("ACK"));
        await _wire.NothingIsLeftAsync();
    }

    [Test]
    public async Task A_stack_that_stops_cancels_what_rings()
    {
        var calling = _wire.Bob.InviteAsync(Al, new InviteOptions { Offer = Offer }).AsTask();
        await _wire.Peer.ReplyAsync(Reply(_wire.Peer.Last, "180 Ringing"));
        await _wire.Stack.DisposeAsync();
        var result = await calling;

        Assert.That((result.Outcome, result.Error), Is.EqualTo((SipTransactionOutcome.TransportFailed, result.Error as IOException)));
        Assert.That(_wire.Heard.Select(Method), Is.EqualTo(["INVITE", "CANCEL"]));
        Assert.That(_wire.Stack.Sessions.Count, Is.Zero);
    }

    private static string Branch(string message) => Line(message, "Via").Split(";branch=")[1].Split(';')[0];
}
