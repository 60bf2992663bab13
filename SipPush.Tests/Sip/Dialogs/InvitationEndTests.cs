using SipPush.Sip;
using static SipPush.Tests.Sip.Dialogs.SessionWire;

namespace SipPush.Tests.Sip.Dialogs;

/// <summary>How an invitation, and a session that nobody has acknowledged yet, end without anybody's doing.</summary>
public sealed class InvitationEndTests
{
    private const string Invite = """
        INVITE sip:bob@192.0.2.1 SIP/2.0
        Via: SIP/2.0/UDP 192.0.2.9:5060;branch=z9hG4bKa1
        Max-Forwards: 70
        From: <sip:al@192.0.2.9>;tag=al
        To: <sip:bob@example.com>
        Call-ID: c1
        CSeq: 10 INVITE
        Contact: <sip:al@192.0.2.9:5060>
        Content-Type: application/sdp
        Content-Length: 5

        offer
        """;

    private SessionWire _wire = null!;
    private SipSession? _session;

    [SetUp]
    public async Task Start() => _wire = await SessionWire.StartAsync();

    [TearDown]
    public async Task Stop() => await _wire.DisposeAsync();

    [TestCase("", 180, "SIP/2.0 480 Temporarily Unavailable")]
    [TestCase("Expires: 20", 20, "SIP/2.0 487 Request Terminated", Description = "RFC 3261 §13.3.1")]
    [TestCase("Expires: 3600", 180, "SIP/2.0 480 Temporarily Unavailable")]
    public async Task An_invitation_that_nobody_answers_is_refused_in_time(string expires, int seconds, string status)
    {
        var over = Ring(_wire);
        await _wire.SendAsync(expires.Length == 0 ? Invite : Invite.Replace("Contact:", $"{expires}\nContact:", StringComparison.Ordinal));
        _wire.Clock.Advance(TimeSpan.FromSeconds(seconds - 1));
        Assert.That(_wire.Heard, Is.EqualTo(["SIP/2.0 180 Ringing"]));
        _wire.Clock.Advance(TimeSpan.FromSeconds(1));
        await over;

        Assert.That(_wire.Heard, Is.EqualTo(["SIP/2.0 180 Ringing", status]));
        await _wire.NothingIsLeftAsync();
    }

    [Test]
    public async Task BYE_in_an_early_dialog_tells_the_handler()
    {
        var over = Ring(_wire);
        await _wire.SendAsync(Invite);
        await _wire.SendAsync(Invite
            .Replace("INVITE", "BYE", StringComparison.Ordinal).Replace("10 BYE", "11 BYE", StringComparison.Ordinal)
            .Replace("bKa1", "bKa2", StringComparison.Ordinal).Replace("To: <sip:bob@example.com>", Line(_wire.Peer.Last, "To"), StringComparison.Ordinal));
        await over;

        Assert.That(_wire.Heard, Is.EqualTo(["SIP/2.0 180 Ringing", "SIP/2.0 200 OK", "SIP/2.0 487 Request Terminated"]));
        await _wire.NothingIsLeftAsync();
    }

    [Test]
    public async Task Accepting_twice_changes_nothing()
    {
        var failed = new TaskCompletionSource<Exception?>();
        _wire.Bob.HandleInvitations(async (invitation, token) =>
        {
            _session = await invitation.AcceptAsync(Answer, token);
            failed.SetResult(Assert.CatchAsync<OperationCanceledException>(async () => await invitation.AcceptAsync(Offer, token)));
        });
        await _wire.SendAsync(Invite);
        await failed.Task;
        await AcknowledgeAsync();
        Assert.That(await _session!.Acknowledged, Is.Not.Null);
        Assert.That(System.Text.Encoding.ASCII.GetString(_session.LocalDescription!.Value.Octets.Span), Is.EqualTo("answer"));

        _wire.Peer.Answer = text => Method(text) == "BYE" ? Reply(text, "200 OK") : null;
        await _session.DisposeAsync();
        await _wire.NothingIsLeftAsync();
    }

    [Test, Description("RFC 3261 §15")]
    public async Task Giving_up_the_wait_for_the_ACK_does_not_give_up_BYE()
    {
        _wire.Bob.HandleInvitations(async (invitation, token) => _session = await invitation.AcceptAsync(Answer, token));
        _wire.Peer.Answer = text => Method(text) == "BYE" ? Reply(text, "200 OK") : null;
        await _wire.SendAsync(Invite);
        using var giveUp = new CancellationTokenSource();
        var ending = _session!.EndAsync(giveUp.Token).AsTask();
        await giveUp.CancelAsync();
        Assert.CatchAsync<OperationCanceledException>(() => ending);
        Assert.That(_wire.Heard, Is.EqualTo(["SIP/2.0 200 OK"]));

        await AcknowledgeAsync();
        Assert.That((await _session.Completion).Cause, Is.EqualTo(SipSessionEndCause.Local));
        Assert.That(_wire.Heard.Select(Method), Is.EqualTo(["SIP/2.0", "BYE"]));
        await _wire.NothingIsLeftAsync();
    }

    [Test]
    public async Task A_stack_that_stops_before_the_ACK_says_BYE_all_the_same()
    {
        _wire.Bob.HandleInvitations(async (invitation, token) => _session = await invitation.AcceptAsync(Answer, token));
        await _wire.SendAsync(Invite);
        await _wire.Stack.DisposeAsync();

        Assert.That(_wire.Heard.Select(Method), Is.EqualTo(["SIP/2.0", "BYE"]));
        Assert.That((await _session!.Completion).Cause, Is.EqualTo(SipSessionEndCause.Stopped));
        Assert.That(await _session.Acknowledged, Is.Null);
    }

    [Test]
    public async Task A_session_accepted_while_the_stack_stops_ends_with_it()
    {
        var mayAccept = new TaskCompletionSource();
        _wire.Bob.HandleInvitations(async (invitation, _) =>
        {
            await mayAccept.Task;
            _session = await invitation.AcceptAsync(Answer, CancellationToken.None);
        });
        await _wire.SendAsync(Invite);
        var stopping = _wire.Stack.DisposeAsync().AsTask();
        mayAccept.SetResult();
        await stopping;

        Assert.That(_session!.Completion.IsCompleted, Is.True);
        await _session.DisposeAsync();
        Assert.That(_wire.Stack.Sessions.Count, Is.Zero);
    }

    private static Task Ring(SessionWire wire)
    {
        var over = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        wire.Bob.HandleInvitations(async (invitation, token) =>
        {
            await using var registration = invitation.Cancelled.Register(over.SetResult);
            await invitation.ProgressAsync(180, cancellationToken: token);
            await Task.Delay(Timeout.InfiniteTimeSpan, wire.Clock, token);
        });
        return over.Task;
    }

    private Task AcknowledgeAsync() => _wire.SendAsync(Invite
        .Replace("INVITE", "ACK", StringComparison.Ordinal).Replace("bKa1", "bKa9", StringComparison.Ordinal)
        .Replace("To: <sip:bob@example.com>", Line(_wire.Peer.Messages[0], "To"), StringComparison.Ordinal)
        .Replace("Length: 5\n\noffer", "Length: 0", StringComparison.Ordinal));
}
