using System.Text;
using SipPush.Sip;
using SipPush.Tests.Support;
using static SipPush.Tests.Sip.Dialogs.SessionWire;

namespace SipPush.Tests.Sip.Dialogs;

/// <summary>What goes on within a session at the end that called, and how it ends.</summary>
public sealed class CallerSessionTests
{
    private SessionWire _wire = null!;

    [SetUp]
    public async Task Start() => _wire = await SessionWire.StartAsync();

    [TearDown]
    public async Task Stop() => await _wire.DisposeAsync();

    [Test]
    public async Task A_re_INVITE_is_acknowledged_where_its_200_says_the_far_end_is_now()
    {
        var session = await _wire.CallAsync();
        var changing = session.ReinviteAsync(SessionWire.Sdp("more")).AsTask();
        var reinvite = _wire.Peer.Last;
        Assert.That(reinvite, Does.StartWith("INVITE sip:al@192.0.2.9:5060 SIP/2.0").And.Contain("CSeq: 2 INVITE").And.EndsWith("\r\n\r\nmore"));
        var accepted = Reply(reinvite, "200 OK", body: "fine", more: ["Contact: <sip:moved@192.0.2.9:5060>"]);
        await _wire.Peer.ReplyAsync(accepted);
        await _wire.Peer.ReplyAsync(accepted);

        Assert.That((await changing).StatusCode, Is.EqualTo(200));
        Assert.That(_wire.Heard.Skip(3), Is.EqualTo(["ACK sip:moved@192.0.2.9:5060 SIP/2.0", "ACK sip:moved@192.0.2.9:5060 SIP/2.0"]));
        Assert.That(_wire.Peer.Messages[4], Is.EqualTo(_wire.Peer.Messages[3]));
        Assert.That((Text(session.LocalDescription), Text(session.RemoteDescription)), Is.EqualTo(("more", "fine")));
        await session.DisposeAsync();
        await _wire.NothingIsLeftAsync();
    }

    [Test]
    public async Task What_comes_right_behind_the_2xx_finds_its_handlers()
    {
        var sessions = new List<SipSession>();
        var calling = _wire.Bob.InviteAsync(SipUri.Parse("sip:al@192.0.2.9:5060"), new InviteOptions
        {
            Offer = Offer,
            PrepareSession = session =>
            {
                sessions.Add(session);
                session.Handle(SipMethod.Info, async (transaction, token) => await transaction.RespondAsync(200, cancellationToken: token));
            },
        }).AsTask();
        var invite = _wire.Peer.Last;

        await _wire.Peer.ReplyAsync(Reply(invite, "180 Ringing"));
        await _wire.Peer.ReplyAsync(FromFarEnd(invite, "INFO", 1));
        Assert.That(_wire.Heard[^1], Is.EqualTo("SIP/2.0 200 OK"));

        await _wire.Peer.ReplyAsync(Reply(invite, "200 OK", body: "answer"));
        var session = (await calling).Session!;
        Assert.That(sessions, Is.EqualTo([session]));
        _wire.Peer.Answer = text => text.StartsWith("BYE", StringComparison.Ordinal) ? Reply(text, "200 OK") : null;
        await session.DisposeAsync();
        await _wire.NothingIsLeftAsync();
    }

    [Test, Description("RFC 3261 §14.1: who owns the Call-ID waits 2.1 to 4 s")]
    public async Task A_re_INVITE_that_meets_another_is_sent_again_later()
    {
        var session = await _wire.CallAsync();
        var changing = session.ReinviteAsync(SessionWire.Sdp("more")).AsTask();
        await _wire.Peer.ReplyAsync(Reply(_wire.Peer.Last, "491 Request Pending"));
        var start = _wire.Clock.Elapsed;
        await _wire.AdvanceUntilAsync(() => _wire.Heard.Length == 5);
        Assert.That(_wire.Clock.Elapsed - start, Is.GreaterThanOrEqualTo(TimeSpan.FromSeconds(2.1)));
        Assert.That(_wire.Peer.Last, Does.Contain("CSeq: 3 INVITE").And.EndsWith("\r\n\r\nmore"));
        await _wire.Peer.ReplyAsync(Reply(_wire.Peer.Last, "200 OK", body: "fine"));

        Assert.That((await changing).StatusCode, Is.EqualTo(200));
        await session.DisposeAsync();
        await _wire.NothingIsLeftAsync();
    }

    [TestCase("INVITE")]
    [TestCase("UPDATE")]
    [Description("RFC 3261 §8.2.6.2")]
    public async Task A_2xx_with_another_To_tag_changes_nothing(string method)
    {
        var session = await _wire.CallAsync();
        var changing = (method == "INVITE" ? session.ReinviteAsync(SessionWire.Sdp("more")) : session.UpdateAsync(SessionWire.Sdp("more"))).AsTask();
        var request = _wire.Peer.Last;
        await _wire.Peer.ReplyAsync(Reply(request, "200 OK", body: "fine", more: ["Contact: <sip:moved@192.0.2.9:5060>"]).Replace(";tag=al", ";tag=other", StringComparison.Ordinal));

        Assert.That((await changing).Outcome, Is.EqualTo(SipTransactionOutcome.TransportFailed));
        Assert.That((Text(session.LocalDescription), Text(session.RemoteDescription)), Is.EqualTo(("offer", "answer")));
        Assert.That(session.Dialog.RemoteTarget.ToString(), Is.EqualTo("sip:al@192.0.2.9:5060"));
        Assert.That(_wire.Peer.Last, Is.EqualTo(request));
        await session.DisposeAsync();
        await _wire.NothingIsLeftAsync();
    }

    [Test]
    public async Task A_change_that_is_refused_leaves_the_session_as_it_was()
    {
        var session = await _wire.CallAsync();
        var changing = session.ReinviteAsync(SessionWire.Sdp("more")).AsTask();
        await _wire.Peer.ReplyAsync(Reply(_wire.Peer.Last, "488 Not Acceptable Here"));

        Assert.That((await changing).StatusCode, Is.EqualTo(488));
        Assert.That(Text(session.LocalDescription), Is.EqualTo("offer"));
        Assert.That(session.Completion.IsCompleted, Is.False);
        await session.DisposeAsync();
        await _wire.NothingIsLeftAsync();
    }

    [TestCase("481 Call/Transaction Does Not Exist")]
    [TestCase(null)]
    [Description("RFC 3261 §12.2.1.2: such a session is ended, with BYE")]
    public async Task A_far_end_that_has_lost_the_dialog_is_left(string? status)
    {
        var session = await _wire.CallAsync();
        var changing = session.ReinviteAsync(SessionWire.Sdp("more")).AsTask();
        if (status is null)
        {
            _wire.Clock.Advance(TimeSpan.FromSeconds(32));
        }
        else
        {
            await _wire.Peer.ReplyAsync(Reply(_wire.Peer.Last, status));
        }

        Assert.That((await changing).StatusCode, Is.EqualTo(status is null ? 408 : 481));
        Assert.That((await session.Completion).Cause, Is.EqualTo(SipSessionEndCause.DialogLost));
        Assert.That(Method(_wire.Peer.Last), Is.EqualTo("BYE"));
        await _wire.NothingIsLeftAsync();
    }

    [Test]
    public async Task An_UPDATE_changes_the_session_too()
    {
        var session = await _wire.CallAsync();
        var changing = session.UpdateAsync(SessionWire.Sdp("more")).AsTask();
        Assert.That(_wire.Peer.Last, Does.StartWith("UPDATE sip:al@192.0.2.9:5060 SIP/2.0").And.Contain("\r\nContact: <sip:bob@192.0.2.1:5060>\r\n").And.EndsWith("\r\n\r\nmore"));
        await _wire.Peer.ReplyAsync(Reply(_wire.Peer.Last, "200 OK", body: "fine"));

        Assert.That((await changing).StatusCode, Is.EqualTo(200));
        Assert.That((Text(session.LocalDescription), Text(session.RemoteDescription)), Is.EqualTo(("more", "fine")));
        await session.DisposeAsync();
        await _wire.NothingIsLeftAsync();
    }

    [TestCase("INVITE")]
    [TestCase("UPDATE")]
    [Description("RFC 3261 §14.2, RFC 3311 §5.2")]
    public async Task An_offer_of_the_far_end_that_crosses_our_own_is_told_so(string method)
    {
        var session = await _wire.CallAsync();
        var changing = session.ReinviteAsync(SessionWire.Sdp("more")).AsTask();
        var reinvite = _wire.Peer.Last;
        await _wire.SendAsync(FromFarEnd(_wire.Peer.Messages[0], method, 1, "theirs"));
        Assert.That(_wire.Heard[^1], Is.EqualTo("SIP/2.0 491 Request Pending"));
        await _wire.Peer.ReplyAsync(Reply(reinvite, "200 OK", body: "fine"));

        Assert.That((await changing).StatusCode, Is.EqualTo(200));
        await session.DisposeAsync();
        await _wire.NothingIsLeftAsync();
    }

    [Test]
    public async Task A_re_INVITE_waits_until_that_of_the_far_end_is_answered()
    {
        var answer = new TaskCompletionSource<SipBody?>();
        var session = await _wire.CallAsync();
        session.OfferAsync = (_, _) => new ValueTask<SipBody?>(answer.Task);
        await _wire.SendAsync(FromFarEnd(_wire.Peer.Messages[0], "INVITE", 1, "theirs"));
        var changing = session.ReinviteAsync(SessionWire.Sdp("more")).AsTask();
        Assert.That(_wire.Heard, Has.Length.EqualTo(2));

        answer.SetResult(SessionWire.Sdp("ours"));
        await _wire.Peer.WaitForAsync(3);
        Assert.That(_wire.Heard[2], Is.EqualTo("SIP/2.0 200 OK"));
        await _wire.SendAsync(FromFarEnd(_wire.Peer.Messages[0], "ACK", 1));
        await _wire.AdvanceUntilAsync(() => _wire.Heard.Length == 4);
        await _wire.Peer.ReplyAsync(Reply(_wire.Peer.Last, "200 OK", body: "fine"));

        Assert.That((await changing).StatusCode, Is.EqualTo(200));
        await session.DisposeAsync();
        await _wire.NothingIsLeftAsync();
    }

    [TestCase("Allow: INVITE, ACK, BYE, UPDATE", "UPDATE", "")]
    [TestCase("Allow: INVITE, ACK, BYE", "INVITE", "offer")]
    [Description("SIP-79")]
    public async Task A_session_is_refreshed_at_half_its_interval(string allow, string method, string body)
    {
        await using var wire = await SessionWire.StartAsync(options: new SipUserAgentOptions { AddressOfRecord = SipUri.Parse("sip:bob@example.com") });
        var session = await wire.CallAsync(null, allow, "Session-Expires: 120;refresher=uac");
        wire.Clock.Advance(TimeSpan.FromSeconds(59.9));
        Assert.That(wire.Heard, Has.Length.EqualTo(2));
        wire.Clock.Advance(TimeSpan.FromSeconds(.1));
        await wire.Peer.WaitForAsync(3);

        Assert.That(Method(wire.Peer.Last), Is.EqualTo(method));
        Assert.That(Line(wire.Peer.Last, "Session-Expires"), Is.EqualTo("Session-Expires: 120;refresher=uac"));
        Assert.That(wire.Peer.Last.Split("\r\n\r\n")[1], Is.EqualTo(body));
        await wire.Peer.ReplyAsync(Reply(wire.Peer.Last, "200 OK", body: body.Length > 0 ? "answer" : "", more: ["Session-Expires: 120;refresher=uac"]));
        wire.Clock.Advance(TimeSpan.FromSeconds(31));
        Assert.That(session.Completion.IsCompleted, Is.False);
        await session.DisposeAsync();
        await wire.NothingIsLeftAsync();
    }

    [TestCase("481 Call/Transaction Does Not Exist")]
    [TestCase(null)]
    [Description("SIP-79; RFC 4028 §10")]
    public async Task A_refresh_that_finds_nobody_ends_the_session(string? status)
    {
        await using var wire = await SessionWire.StartAsync(options: new SipUserAgentOptions { AddressOfRecord = SipUri.Parse("sip:bob@example.com") });
        var session = await wire.CallAsync(null, "Allow: UPDATE", "Session-Expires: 120;refresher=uac");
        wire.Clock.Advance(TimeSpan.FromSeconds(60));
        await wire.Peer.WaitForAsync(3);
        if (status is null)
        {
            wire.Clock.Advance(TimeSpan.FromSeconds(32));
        }
        else
        {
            await wire.Peer.ReplyAsync(Reply(wire.Peer.Last, status));
        }

        Assert.That((await session.Completion).Cause, Is.EqualTo(SipSessionEndCause.DialogLost));
        Assert.That(Method(wire.Peer.Last), Is.EqualTo("BYE"));
        await wire.NothingIsLeftAsync();
    }

    [Test]
    public async Task BYE_of_the_far_end_ends_the_session()
    {
        var session = await _wire.CallAsync();
        await _wire.SendAsync(FromFarEnd(_wire.Peer.Messages[0], "BYE", 1, more: ["Reason: SIP;cause=200;text=\"Done\""]));

        var end = await session.Completion;
        Assert.That(end.Cause, Is.EqualTo(SipSessionEndCause.Remote));
        Assert.That(end.Bye![SipHeaderNames.Reason].ToString(), Is.EqualTo("SIP;cause=200;text=\"Done\""));
        await session.EndAsync();
        Assert.That(_wire.Heard.Skip(2), Is.EqualTo(["SIP/2.0 200 OK"]));
        await _wire.NothingIsLeftAsync();
    }

    [Test]
    public async Task BYE_that_crosses_BYE_ends_the_session_once()
    {
        var session = await _wire.CallAsync();
        _wire.Peer.Answer = null;
        var ending = session.EndAsync().AsTask();
        var again = session.EndAsync().AsTask();
        var bye = _wire.Peer.Last;
        await _wire.SendAsync(FromFarEnd(_wire.Peer.Messages[0], "BYE", 1));
        Assert.That(_wire.Heard[^1], Is.EqualTo("SIP/2.0 200 OK"));
        await again;
        await _wire.Peer.ReplyAsync(Reply(bye, "481 Call/Transaction Does Not Exist"));
        await ending;

        Assert.That(_wire.Heard.Select(Method), Is.EqualTo(["INVITE", "ACK", "BYE", "SIP/2.0"]));
        Assert.That((await session.Completion).Cause, Is.EqualTo(SipSessionEndCause.Remote));
        await _wire.NothingIsLeftAsync();
    }

    [Test]
    public async Task Disposing_during_a_re_INVITE_ends_that_too()
    {
        var session = await _wire.CallAsync();
        var changing = session.ReinviteAsync(SessionWire.Sdp("more")).AsTask();
        var reinvite = _wire.Peer.Last;
        await _wire.Peer.ReplyAsync(Reply(reinvite, "183 Session Progress"));
        await session.DisposeAsync();
        var result = await changing;
        Assert.That((result.Outcome, result.Error), Is.EqualTo((SipTransactionOutcome.TransportFailed, result.Error as IOException)));

        await WaitUntilAsync(() => _wire.Heard.Select(Method).Contains("CANCEL"));
        await _wire.Peer.ReplyAsync(Reply(reinvite, "487 Request Terminated"));
        Assert.That(_wire.Heard.Select(Method), Is.EqualTo(["INVITE", "ACK", "INVITE", "BYE", "CANCEL", "ACK"]));
        await _wire.NothingIsLeftAsync();
    }

    [Test, Description("RFC 3261 §15.1.2")]
    public async Task A_re_INVITE_that_is_not_answered_when_BYE_comes_gets_487()
    {
        var session = await _wire.CallAsync();
        session.OfferAsync = async (_, token) =>
        {
            await Task.Delay(Timeout.InfiniteTimeSpan, _wire.Clock, token);
            return null;
        };
        await _wire.SendAsync(FromFarEnd(_wire.Peer.Messages[0], "INVITE", 1, "theirs"));
        await _wire.SendAsync(FromFarEnd(_wire.Peer.Messages[0], "BYE", 2));
        await _wire.Peer.WaitForAsync(4);

        Assert.That(_wire.Heard.Skip(2).Order(), Is.EqualTo(["SIP/2.0 200 OK", "SIP/2.0 487 Request Terminated"]));
        await _wire.NothingIsLeftAsync();
    }

    [Test]
    public async Task A_re_INVITE_that_is_cancelled_before_its_answer_changes_nothing()
    {
        var answer = new TaskCompletionSource<SipBody?>();
        var session = await _wire.CallAsync();
        session.OfferAsync = (_, _) => new ValueTask<SipBody?>(answer.Task);
        var reinvite = FromFarEnd(_wire.Peer.Messages[0], "INVITE", 1, "theirs", more: ["X: 1"]);
        await _wire.SendAsync(reinvite);
        await _wire.SendAsync(reinvite.Replace("INVITE sip", "CANCEL sip", StringComparison.Ordinal).Replace("1 INVITE", "1 CANCEL", StringComparison.Ordinal));
        Assert.That(_wire.Heard.Skip(2), Is.EqualTo(["SIP/2.0 200 OK", "SIP/2.0 487 Request Terminated"]));
        await _wire.SendAsync(FromFarEnd(_wire.Peer.Messages[0], "UPDATE", 2, "again"));
        Assert.That(_wire.Heard[^1], Is.EqualTo("SIP/2.0 500 Server Internal Error"), "The handler is still at it");

        session.OfferAsync = null;
        answer.SetResult(SessionWire.Sdp("ours"));
        for (var number = 3; _wire.Heard[^1] != "SIP/2.0 488 Not Acceptable Here"; number++)
        {
            Assert.That(number, Is.LessThan(10_000));
            await _wire.SendAsync(FromFarEnd(_wire.Peer.Messages[0], "UPDATE", number, "again"));
            await Task.Delay(TimeSpan.FromMilliseconds(1), TimeProvider.System);
        }

        Assert.That((Text(session.LocalDescription), Text(session.RemoteDescription)), Is.EqualTo(("offer", "answer")));
        await session.DisposeAsync();
        await _wire.NothingIsLeftAsync();
    }

    [Test, Description("RFC 3261 §8.2.2.3")]
    public async Task A_request_in_the_dialog_that_requires_too_much_gets_420()
    {
        var session = await _wire.CallAsync();
        await _wire.SendAsync(FromFarEnd(_wire.Peer.Messages[0], "INVITE", 1, "theirs", more: ["Require: timer, strange"]));

        Assert.That(_wire.Heard[^1], Is.EqualTo("SIP/2.0 420 Bad Extension"));
        Assert.That(Line(_wire.Peer.Last, "Unsupported"), Is.EqualTo("Unsupported: strange"));
        await session.DisposeAsync();
        await _wire.NothingIsLeftAsync();
    }

    [Test]
    public async Task A_connection_lost_fails_what_is_under_way_and_the_session_goes_on()
    {
        await using var wire = await SessionWire.StartAsync("tcp");
        var calling = wire.Bob.InviteAsync(SipUri.Parse("sip:al@192.0.2.9;transport=tcp"), new InviteOptions { Offer = Offer }).AsTask();
        await wire.Peer.ReplyAsync(Reply(wire.Peer.Last, "200 OK", body: "answer", more: ["Contact: <sip:al@192.0.2.9;transport=tcp>"]));
        var session = (await calling).Session!;
        var changing = session.ReinviteAsync(SessionWire.Sdp("more")).AsTask();
        await wire.Peer.CloseAsync();

        Assert.That((await changing).Outcome, Is.EqualTo(SipTransactionOutcome.TransportFailed));
        Assert.That(session.Completion.IsCompleted, Is.False);
        wire.Peer.Answer = text => Method(text) == "BYE" ? Reply(text, "200 OK") : null;
        await session.DisposeAsync();
        Assert.That((await session.Completion).Cause, Is.EqualTo(SipSessionEndCause.Local));
        Assert.That((Method(wire.Peer.Last), wire.Peer.Connections), Is.EqualTo(("BYE", 2)));
        await wire.NothingIsLeftAsync();
    }

    [Test]
    public async Task A_stack_that_stops_ends_its_calls_and_nothing_hangs()
    {
        var session = await _wire.CallAsync();
        _wire.Peer.Answer = null;
        var changing = session.ReinviteAsync(SessionWire.Sdp("more")).AsTask();
        await _wire.Stack.DisposeAsync();

        Assert.That((await changing).Outcome, Is.EqualTo(SipTransactionOutcome.TransportFailed));
        Assert.That((await session.Completion).Cause, Is.EqualTo(SipSessionEndCause.Stopped));
        Assert.That(_wire.Heard.Select(Method), Is.EqualTo(["INVITE", "ACK", "INVITE", "BYE"]));
        Assert.That(_wire.Stack.Sessions.Count, Is.Zero);
        await session.DisposeAsync();
    }

    [Test]
    public async Task A_flood_of_requests_in_the_dialog_leaves_nothing()
    {
        var session = await _wire.CallAsync();
        var invite = _wire.Peer.Messages[0];
        for (var i = 1; i <= 2_000; i++)
        {
            await _wire.SendAsync(FromFarEnd(invite, (i % 3) switch { 0 => "INVITE", 1 => "INFO", _ => "UPDATE" }, i, "other"));
        }

        Assert.That(_wire.Heard.Skip(2).CountBy(line => line).ToDictionary(), Is.EquivalentTo(new Dictionary<string, int>
        {
            ["SIP/2.0 405 Method Not Allowed"] = 667,
            ["SIP/2.0 488 Not Acceptable Here"] = 1_333,
        }));
        Assert.That(session.Completion.IsCompleted, Is.False);
        await session.DisposeAsync();
        await _wire.NothingIsLeftAsync();
    }

    [Test]
    public async Task Re_INVITEs_that_nobody_acknowledges_come_to_an_end()
    {
        var session = await _wire.CallAsync();
        for (var i = 1; i <= 100; i++)
        {
            await _wire.SendAsync(FromFarEnd(_wire.Peer.Messages[0], "INVITE", i, "answer"));
        }

        Assert.That(_wire.Heard.Skip(2).CountBy(line => line).ToDictionary(), Is.EquivalentTo(new Dictionary<string, int>
        {
            ["SIP/2.0 200 OK"] = 4,
            ["SIP/2.0 500 Server Internal Error"] = 96,
        }));
        _wire.Clock.Advance(TimeSpan.FromSeconds(32));
        Assert.That((await session.Completion).Cause, Is.EqualTo(SipSessionEndCause.NoAck));
        await _wire.NothingIsLeftAsync();
    }

    private static string Text(SipBody? body) => Encoding.ASCII.GetString(body!.Value.Octets.Span);
}
