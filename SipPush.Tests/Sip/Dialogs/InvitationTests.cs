using System.Text;
using SipPush.Sip;
using SipPush.Tests.Support;

namespace SipPush.Tests.Sip.Dialogs;

/// <summary>Sessions at the end that is called, on the wire.</summary>
public sealed class InvitationTests
{
    private const string Invite = """
        INVITE sip:bob@192.0.2.1 SIP/2.0
        Via: SIP/2.0/UDP 192.0.2.9:5060;branch=z9hG4bKa1
        Max-Forwards: 70
        Record-Route: <sip:192.0.2.9:5060;lr>
        From: "Al" <sip:al@example.com>;tag=a
        To: <sip:bob@example.com>
        Call-ID: c1
        CSeq: 10 INVITE
        Contact: <sip:al@192.0.2.9:5060>
        Allow: INVITE, ACK, BYE, UPDATE
        Content-Type: application/sdp
        Content-Length: 5

        offer
        """;

    private SessionWire _wire = null!;
    private SipSession? _session;

    [SetUp]
    public async Task Start()
    {
        _wire = await SessionWire.StartAsync();
        _wire.Bob.HandleInvitations(AcceptAsync);
    }

    [TearDown]
    public async Task Stop() => await _wire.DisposeAsync();

    [Test, Description("SIP-13, SIP-14, SIP-66")]
    public async Task An_accepted_INVITE_is_answered_with_all_that_a_dialog_needs()
    {
        await _wire.SendAsync(Invite);

        Assert.That(_wire.Peer.Messages, Is.EqualTo([
            """
            SIP/2.0 200 OK
            Via: SIP/2.0/UDP 192.0.2.9:5060;branch=z9hG4bKa1
            Record-Route: <sip:192.0.2.9:5060;lr>
            From: "Al" <sip:al@example.com>;tag=a
            To: <sip:bob@example.com>;tag=0000000000000001
            Call-ID: c1
            CSeq: 10 INVITE
            Contact: <sip:bob@192.0.2.1:5060>
            Allow: ACK, BYE, CANCEL, INVITE, OPTIONS, PRACK, UPDATE
            Supported: gruu
            Content-Type: application/sdp
            Content-Length: 6

            answer
            """.ReplaceLineEndings("\r\n")]));
        Assert.That(Encoding.ASCII.GetString(_session!.RemoteDescription!.Value.Octets.Span), Is.EqualTo("offer"));
    }

    [Test, Description("SIP-37")]
    public async Task The_2xx_is_repeated_until_the_ACK()
    {
        var times = new List<double>();
        _wire.Peer.Heard = _ => times.Add(_wire.Clock.Elapsed.TotalSeconds);
        await _wire.SendAsync(Invite);
        _wire.Clock.Advance(TimeSpan.FromSeconds(8));
        await _wire.SendAsync(Invite);
        await _wire.SendAsync(InDialog("ACK", 10, "z9hG4bKa2"));
        _wire.Clock.Advance(TimeSpan.FromSeconds(60));

        Assert.That(times, Is.EqualTo([0, .5, 1.5, 3.5, 7.5]));
        Assert.That((await _session!.Acknowledged)!.Method, Is.EqualTo(SipMethod.Ack));
        Assert.That(_session.Completion.IsCompleted, Is.False);
        Assert.That(_wire.Stack.Layer.Count(), Is.EqualTo((0, 0, 0, 0)));
    }

    [Test, Description("SIP-37")]
    public async Task Without_an_ACK_the_session_ends_with_BYE_after_64_T1()
    {
        await _wire.SendAsync(Invite);
        _wire.Clock.Advance(TimeSpan.FromSeconds(32));
        await _wire.Peer.WaitForAsync(12);

        Assert.That(_wire.Heard.Count(line => line == "SIP/2.0 200 OK"), Is.EqualTo(11));
        Assert.That(_wire.Heard[^1], Does.StartWith("BYE sip:al@192.0.2.9:5060 SIP/2.0"));
        Assert.That(await _session!.Acknowledged, Is.Null);
    }

    [Test, Description("SIP-17, SIP-20, SIP-21")]
    public async Task Requests_in_the_dialog_keep_their_order()
    {
        var info = new List<string>();
        await _wire.SendAsync(Invite);
        await _wire.SendAsync(InDialog("ACK", 10, "z9hG4bKa2"));
        _session!.Handle(SipMethod.Info, async (transaction, token) =>
        {
            info.Add(transaction.Request.CSeq.ToString());
            await transaction.RespondAsync(200, cancellationToken: token);
        });

        await _wire.SendAsync(InDialog("INFO", 12, "z9hG4bKa3"));
        await _wire.SendAsync(InDialog("INFO", 11, "z9hG4bKa4"));
        await _wire.SendAsync(InDialog("NOTIFY", 13, "z9hG4bKa5"));
        await _wire.SendAsync(InDialog("SWAY", 14, "z9hG4bKa6"));

        Assert.That(_wire.Heard[1..], Is.EqualTo(["SIP/2.0 200 OK", "SIP/2.0 500 CSeq Out Of Order", "SIP/2.0 405 Method Not Allowed", "SIP/2.0 501 Not Implemented"]));
        Assert.That(info, Is.EqualTo(["12 INFO"]));
    }

    [Test]
    public async Task BYE_of_the_caller_ends_the_session()
    {
        await _wire.SendAsync(Invite);
        await _wire.SendAsync(InDialog("ACK", 10, "z9hG4bKa2"));
        await _wire.SendAsync(InDialog("BYE", 11, "z9hG4bKa3"));

        var end = await _session!.Completion;
        Assert.That(end.Cause, Is.EqualTo(SipSessionEndCause.Remote));
        Assert.That(end.Bye!.CSeq.ToString(), Is.EqualTo("11 BYE"));
        Assert.That(_wire.Heard[^1], Is.EqualTo("SIP/2.0 200 OK"));
        Assert.That(_wire.Stack.Sessions.Count, Is.Zero);

        await _wire.SendAsync(InDialog("BYE", 12, "z9hG4bKa4"));
        Assert.That(_wire.Heard[^1], Is.EqualTo("SIP/2.0 481 Call/Transaction Does Not Exist"));
    }

    [Test]
    public async Task Disposing_says_BYE_by_the_route_that_the_INVITE_recorded()
    {
        await _wire.SendAsync(Invite);
        await _wire.SendAsync(InDialog("ACK", 10, "z9hG4bKa2"));
        _wire.Peer.Answer = text => text.StartsWith("BYE", StringComparison.Ordinal) ? Support.WirePeer.ResponseTo(text, "200 OK") : null;

        await _session!.DisposeAsync();

        Assert.That(_wire.Peer.Last.Split("\r\n")[0], Is.EqualTo("BYE sip:al@192.0.2.9:5060 SIP/2.0"));
        Assert.That(SessionWire.Line(_wire.Peer.Last, "Route"), Is.EqualTo("Route: <sip:192.0.2.9:5060;lr>"));
        Assert.That(SessionWire.Line(_wire.Peer.Last, "To"), Is.EqualTo("""To: "Al" <sip:al@example.com>;tag=a"""));
        Assert.That(SessionWire.Line(_wire.Peer.Last, "CSeq"), Is.EqualTo("CSeq: 1 BYE"));
        Assert.That((await _session.Completion).Cause, Is.EqualTo(SipSessionEndCause.Local));
    }

    [Test]
    public async Task A_callee_does_not_say_BYE_before_the_ACK()
    {
        await _wire.SendAsync(Invite);
        var ending = _session!.EndAsync().AsTask();
        Assert.That(_wire.Heard, Is.EqualTo(["SIP/2.0 200 OK"]));

        _wire.Peer.Answer = text => text.StartsWith("BYE", StringComparison.Ordinal) ? Support.WirePeer.ResponseTo(text, "200 OK") : null;
        await _wire.SendAsync(InDialog("ACK", 10, "z9hG4bKa2"));
        await ending;

        Assert.That(_wire.Heard[^1], Does.StartWith("BYE"));
    }

    [Test]
    public async Task A_caller_that_gives_up_is_answered_487_and_nothing_is_left()
    {
        var handled = new TaskCompletionSource<Exception?>();
        await using var wire = await SessionWire.StartAsync();
        wire.Bob.HandleInvitations(async (invitation, token) =>
        {
            await invitation.ProgressAsync(180, cancellationToken: token);
            try
            {
                await Task.Delay(Timeout.InfiniteTimeSpan, wire.Clock, token);
            }
            catch (OperationCanceledException error)
            {
                Assert.ThrowsAsync<OperationCanceledException>(async () => await invitation.AcceptAsync(SessionWire.Answer, CancellationToken.None));
                handled.SetResult(error);
                throw;
            }
        });

        await wire.SendAsync(Invite);
        Assert.That(wire.Stack.Sessions.Count, Is.EqualTo(1));
        await wire.SendAsync(Invite.Replace("INVITE", "CANCEL", StringComparison.Ordinal).Replace("Content-Length: 5\n\noffer", "Content-Length: 0", StringComparison.Ordinal));
        Assert.That(await handled.Task, Is.InstanceOf<OperationCanceledException>());

        Assert.That(wire.Heard, Is.EqualTo(["SIP/2.0 180 Ringing", "SIP/2.0 200 OK", "SIP/2.0 487 Request Terminated"]));
        await Poll(() => wire.Stack.Sessions.Count == 0);
    }

    [Test]
    public async Task BYE_in_an_early_dialog_ends_the_INVITE_too()
    {
        await using var wire = await SessionWire.StartAsync();
        wire.Bob.HandleInvitations(async (invitation, token) =>
        {
            await invitation.ProgressAsync(180, cancellationToken: token);
            await Task.Delay(Timeout.InfiniteTimeSpan, wire.Clock, token);
        });

        await wire.SendAsync(Invite);
        await wire.SendAsync(InDialog("BYE", 11, "z9hG4bKa2", SessionWire.Tag(wire.Peer.Last, "To")));

        Assert.That(wire.Heard, Is.EqualTo(["SIP/2.0 180 Ringing", "SIP/2.0 200 OK", "SIP/2.0 487 Request Terminated"]));
    }

    [TestCase("offer", "SIP/2.0 200 OK", "answer", Description = "The same again only refreshes; RFC 4028 §7.4")]
    [TestCase("other", "SIP/2.0 488 Not Acceptable Here", "")]
    public async Task A_re_INVITE_of_the_caller_without_a_handler(string offer, string status, string answer)
    {
        await _wire.SendAsync(Invite);
        await _wire.SendAsync(InDialog("ACK", 10, "z9hG4bKa2"));
        await _wire.SendAsync(InDialog("INVITE", 11, "z9hG4bKa3", body: offer));

        Assert.That(_wire.Heard[^1], Is.EqualTo(status));
        Assert.That(_wire.Peer.Last.Split("\r\n\r\n")[1], Is.EqualTo(answer));
        Assert.That(_session!.Completion.IsCompleted, Is.False);
    }

    [Test]
    public async Task A_re_INVITE_changes_the_session_and_the_way_to_the_far_end()
    {
        await _wire.SendAsync(Invite);
        await _wire.SendAsync(InDialog("ACK", 10, "z9hG4bKa2"));
        _session!.OfferAsync = (_, _) => new ValueTask<SipBody?>(SessionWire.Sdp("changed"));

        await _wire.SendAsync(InDialog("INVITE", 11, "z9hG4bKa3", body: "other").Replace("sip:al@192.0.2.9:5060", "sip:al@192.0.2.9:6000", StringComparison.Ordinal));
        await _wire.SendAsync(InDialog("ACK", 11, "z9hG4bKa4"));

        Assert.That(_wire.Peer.Last.Split("\r\n\r\n")[1], Is.EqualTo("changed"));
        Assert.That(_session.Dialog.RemoteTarget.ToString(), Is.EqualTo("sip:al@192.0.2.9:6000"));
        Assert.That(Encoding.ASCII.GetString(_session.RemoteDescription!.Value.Octets.Span), Is.EqualTo("other"));
        _wire.Clock.Advance(TimeSpan.FromSeconds(60));
        Assert.That(_wire.Heard, Has.Length.EqualTo(2));
    }

    [Test]
    public async Task What_comes_right_behind_the_2xx_finds_its_handlers()
    {
        await using var wire = await SessionWire.StartAsync();
        wire.Bob.HandleInvitations(async (invitation, token) =>
        {
            invitation.Session.Handle(SipMethod.Info, async (transaction, cancel) => await transaction.RespondAsync(200, cancellationToken: cancel));
            invitation.Session.OfferAsync = (_, _) => new ValueTask<SipBody?>(SessionWire.Sdp("changed"));
            wire.Peer.Heard = text =>
            {
                if (text.EndsWith("answer", StringComparison.Ordinal))
                {
                    var tag = SessionWire.Tag(text, "To");
                    wire.SendAsync(InDialog("ACK", 10, "z9hG4bKa2", tag)).GetAwaiter().GetResult();
                    wire.SendAsync(InDialog("INFO", 11, "z9hG4bKa3", tag)).GetAwaiter().GetResult();
                    wire.SendAsync(InDialog("INVITE", 12, "z9hG4bKa4", tag, body: "other")).GetAwaiter().GetResult();
                }
            };
            await invitation.AcceptAsync(SessionWire.Answer, token);
        });

        await wire.SendAsync(Invite);
        await wire.Peer.WaitForAsync(3);

        Assert.That(wire.Heard, Is.All.EqualTo("SIP/2.0 200 OK"));
        Assert.That(wire.Peer.Last, Does.EndWith("changed"));
    }

    [TestCase("offer", "offer", Description = "The offer was in the INVITE: the body of the ACK is nothing")]
    [TestCase("", "more", Description = "The offer was in the 2xx: the ACK has the answer")]
    public async Task The_body_of_an_ACK_counts_where_an_answer_is_due(string offer, string known)
    {
        await _wire.SendAsync(Invite.Replace("Content-Length: 5\n\noffer", $"Content-Length: {offer.Length}\n\n{offer}", StringComparison.Ordinal));
        await _wire.SendAsync(InDialog("ACK", 10, "z9hG4bKa2", body: "more"));

        Assert.That(Encoding.ASCII.GetString(_session!.RemoteDescription!.Value.Octets.Span), Is.EqualTo(known));
    }

    [Test, Description("RFC 3261 §13.2.1")]
    public async Task An_ACK_without_the_answer_that_is_due_ends_the_session_with_BYE()
    {
        await _wire.SendAsync(Invite.Replace("Content-Length: 5\n\noffer", "Content-Length: 0", StringComparison.Ordinal));
        await _wire.SendAsync(InDialog("ACK", 10, "z9hG4bKa2"));
        await _wire.Peer.WaitForAsync(2);
        await _wire.SendAsync(WirePeer.ResponseTo(_wire.Peer.Last, "200 OK"));

        Assert.That(_wire.Heard[^1], Does.StartWith("BYE "));
        Assert.That((await _session!.Completion).Cause, Is.EqualTo(SipSessionEndCause.NoAnswer));
    }

    [Test]
    public async Task An_UPDATE_without_an_offer_only_refreshes()
    {
        await _wire.SendAsync(Invite);
        await _wire.SendAsync(InDialog("ACK", 10, "z9hG4bKa2"));
        await _wire.SendAsync(InDialog("UPDATE", 11, "z9hG4bKa3"));

        Assert.That(_wire.Heard[^1], Is.EqualTo("SIP/2.0 200 OK"));
        Assert.That(_wire.Peer.Last, Does.EndWith("Content-Length: 0\r\n\r\n"));
    }

    [Test]
    public async Task A_second_INVITE_before_the_first_is_answered_is_told_to_come_back()
    {
        var answer = new TaskCompletionSource<SipBody?>();
        await _wire.SendAsync(Invite);
        await _wire.SendAsync(InDialog("ACK", 10, "z9hG4bKa2"));
        _session!.OfferAsync = (_, _) => new ValueTask<SipBody?>(answer.Task);

        await _wire.SendAsync(InDialog("INVITE", 11, "z9hG4bKa3", body: "other"));
        await _wire.SendAsync(InDialog("INVITE", 12, "z9hG4bKa4", body: "third"));
        Assert.That(_wire.Heard[^1], Is.EqualTo("SIP/2.0 500 Server Internal Error"));
        Assert.That(SessionWire.Line(_wire.Peer.Last, "Retry-After"), Does.Match("^Retry-After: ([0-9]|10)$"));

        answer.SetResult(SessionWire.Sdp("changed"));
        await _wire.Peer.WaitForAsync(3);
        Assert.That(_wire.Heard[^1], Is.EqualTo("SIP/2.0 200 OK"));
    }

    [TestCase("INVITE")]
    [TestCase("UPDATE")]
    public async Task The_next_change_may_come_as_soon_as_the_last_is_answered(string method)
    {
        await _wire.SendAsync(Invite);
        await _wire.SendAsync(InDialog("ACK", 10, "z9hG4bKa2"));
        _session!.OfferAsync = (_, _) => new ValueTask<SipBody?>(SessionWire.Sdp("changed"));
        _wire.Peer.Answer = text => text.Contains($"CSeq: 11 {method}", StringComparison.Ordinal) ? InDialog(method, 12, "z9hG4bKa4", body: "third") : null;

        await _wire.SendAsync(InDialog(method, 11, "z9hG4bKa3", body: "other"));
        await _wire.Peer.WaitForAsync(3);

        Assert.That(_wire.Heard[1..], Is.EqualTo(["SIP/2.0 200 OK", "SIP/2.0 200 OK"]));
    }

    [Test, Description("RFC 3261 §11.2")]
    public async Task OPTIONS_in_the_dialog_is_answered_with_what_is_taken()
    {
        await _wire.SendAsync(Invite);
        await _wire.SendAsync(InDialog("ACK", 10, "z9hG4bKa2"));
        await _wire.SendAsync(InDialog("OPTIONS", 11, "z9hG4bKa3"));

        Assert.That(_wire.Heard[^1], Is.EqualTo("SIP/2.0 200 OK"));
        Assert.That(SessionWire.Line(_wire.Peer.Last, "Allow"), Is.EqualTo("Allow: ACK, BYE, CANCEL, INVITE, OPTIONS, PRACK, UPDATE"));
    }

    [Test, Description("SIP-22")]
    public async Task An_INVITE_for_a_dialog_that_nobody_knows_gets_481()
    {
        await _wire.SendAsync(InDialog("INVITE", 11, "z9hG4bKa3", "unknown", body: "offer"));

        Assert.That(_wire.Heard, Is.EqualTo(["SIP/2.0 481 Call/Transaction Does Not Exist"]));
        Assert.That(_session, Is.Null);
    }

    [Test]
    public async Task An_INVITE_without_Contact_gets_400()
    {
        await _wire.SendAsync(Invite.Replace("Contact: <sip:al@192.0.2.9:5060>\n", "", StringComparison.Ordinal));

        Assert.That(_wire.Heard, Is.EqualTo(["SIP/2.0 400 Bad Contact"]));
    }

    [Test]
    public async Task Reliable_provisional_responses_wait_for_their_PRACK()
    {
        await using var wire = await SessionWire.StartAsync();
        wire.Bob.HandleInvitations(async (invitation, token) =>
        {
            await invitation.ProgressAsync(180, cancellationToken: token);
            await invitation.ProgressAsync(183, cancellationToken: token);
            await invitation.AcceptAsync(SessionWire.Answer, token);
        });

        await wire.SendAsync(Invite.Replace("Allow:", "Require: 100rel\nAllow:", StringComparison.Ordinal));
        wire.Clock.Advance(TimeSpan.FromMilliseconds(500));
        Assert.That(wire.Heard, Is.EqualTo(["SIP/2.0 180 Ringing", "SIP/2.0 180 Ringing"]));
        Assert.That(SessionWire.Line(wire.Peer.Last, "Require"), Is.EqualTo("Require: 100rel"));
        var number = int.Parse(SessionWire.Line(wire.Peer.Last, "RSeq")["RSeq: ".Length..], System.Globalization.CultureInfo.InvariantCulture);
        var tag = SessionWire.Tag(wire.Peer.Last, "To");

        await wire.SendAsync(InDialog("PRACK", 11, "z9hG4bKp1", tag, more: $"RAck: {number + 1} 10 INVITE"));
        await wire.SendAsync(InDialog("PRACK", 12, "z9hG4bKp2", tag, more: $"RAck: {number} 10 INVITE"));
        await wire.Peer.WaitForAsync(6);

        // Without a session description in them the 2xx need not wait for the last PRACK, which is still expected (RFC 3262 §3).
        Assert.That(wire.Heard[2..], Is.EquivalentTo(
            ["SIP/2.0 481 Call/Transaction Does Not Exist", "SIP/2.0 200 OK", "SIP/2.0 183 Session Progress", "SIP/2.0 200 OK"]));
        Assert.That(wire.Peer.Messages.Count(message => message.EndsWith("answer", StringComparison.Ordinal)), Is.EqualTo(1));
    }

    [Test, Description("RFC 3262 §3")]
    public async Task A_PRACK_that_never_comes_refuses_the_INVITE()
    {
        await using var wire = await SessionWire.StartAsync();
        wire.Bob.HandleInvitations(async (invitation, token) =>
        {
            await invitation.ProgressAsync(180, cancellationToken: token);
            await Task.Delay(Timeout.InfiniteTimeSpan, wire.Clock, token);
        });

        await wire.SendAsync(Invite.Replace("Allow:", "Require: 100rel\nAllow:", StringComparison.Ordinal));
        wire.Clock.Advance(TimeSpan.FromSeconds(32));

        Assert.That(wire.Heard.Count(line => line == "SIP/2.0 180 Ringing"), Is.EqualTo(7));
        Assert.That(wire.Heard, Does.Contain("SIP/2.0 504 PRACK Never Came"));
    }

    [Test, Description("RFC 3261 §8.2.7")]
    public async Task What_no_handler_is_asked_for_is_refused_once_and_leaves_nothing()
    {
        var unknown = Invite.Replace("Allow:", "Require: unknown\nAllow:", StringComparison.Ordinal);
        await _wire.SendAsync(unknown);
        _wire.Clock.Advance(TimeSpan.FromSeconds(40));
        Assert.That(_wire.Heard, Is.EqualTo(["SIP/2.0 420 Bad Extension"]));
        Assert.That(_wire.Stack.Layer.Count(), Is.EqualTo((0, 0, 0, 0)));

        await _wire.SendAsync(unknown);
        await _wire.SendAsync(InDialog("ACK", 10, "z9hG4bKa1"));
        Assert.That(_wire.Peer.Messages, Has.Count.EqualTo(2));
        Assert.That(_wire.Peer.Messages[1], Is.EqualTo(_wire.Peer.Messages[0]));
    }

    [Test, Description("SIP-92")]
    public async Task Without_reliable_provisionals_a_caller_that_requires_them_gets_420()
    {
        await using var wire = await SessionWire.StartAsync(options: new SipUserAgentOptions
        {
            AddressOfRecord = SipUri.Parse("sip:bob@example.com"),
            ReliableProvisionals = false,
        });
        wire.Bob.HandleInvitations(async (invitation, token) => await invitation.AcceptAsync(SessionWire.Answer, token));

        await wire.SendAsync(Invite.Replace("Allow:", "Require: 100rel\nAllow:", StringComparison.Ordinal));

        Assert.That(wire.Heard, Is.EqualTo(["SIP/2.0 420 Bad Extension"]));
        Assert.That(SessionWire.Line(wire.Peer.Last, "Unsupported"), Is.EqualTo("Unsupported: 100rel"));
    }

    [Test, Description("SIP-78")]
    public async Task A_session_timer_that_is_too_short_gets_422_with_MinSE()
    {
        await using var wire = await SessionWire.StartAsync(options: new SipUserAgentOptions { AddressOfRecord = SipUri.Parse("sip:bob@example.com") });
        wire.Bob.HandleInvitations(async (invitation, token) => await invitation.AcceptAsync(SessionWire.Answer, token));

        await wire.SendAsync(Invite.Replace("Allow:", "Supported: timer\nSession-Expires: 60\nAllow:", StringComparison.Ordinal));

        Assert.That(wire.Heard, Is.EqualTo(["SIP/2.0 422 Session Interval Too Small"]));
        Assert.That(SessionWire.Line(wire.Peer.Last, "Min-SE"), Is.EqualTo("Min-SE: 90"));
    }

    [Test, Description("SIP-79")]
    public async Task A_caller_that_does_not_refresh_is_left_in_time()
    {
        await using var wire = await SessionWire.StartAsync(options: new SipUserAgentOptions { AddressOfRecord = SipUri.Parse("sip:bob@example.com") });
        wire.Bob.HandleInvitations(async (invitation, token) => await invitation.AcceptAsync(SessionWire.Answer, token));

        await wire.SendAsync(Invite.Replace("Allow:", "Supported: timer\nSession-Expires: 120;refresher=uac\nAllow:", StringComparison.Ordinal));
        Assert.That(SessionWire.Line(wire.Peer.Last, "Session-Expires"), Is.EqualTo("Session-Expires: 120;refresher=uac"));
        Assert.That(SessionWire.Line(wire.Peer.Last, "Require"), Is.EqualTo("Require: timer"));
        await wire.SendAsync(InDialog("ACK", 10, "z9hG4bKa2", SessionWire.Tag(wire.Peer.Last, "To")));

        wire.Clock.Advance(TimeSpan.FromSeconds(87));
        Assert.That(wire.Heard, Has.Length.EqualTo(1));
        wire.Clock.Advance(TimeSpan.FromSeconds(1));
        await wire.Peer.WaitForAsync(2);
        Assert.That(wire.Heard[1], Does.StartWith("BYE"));
    }

    [Test]
    public async Task A_stack_that_stops_leaves_its_sessions_with_BYE()
    {
        await _wire.SendAsync(Invite);
        await _wire.SendAsync(InDialog("ACK", 10, "z9hG4bKa2"));
        await _wire.Stack.DisposeAsync();

        Assert.That(_wire.Heard[^1], Does.StartWith("BYE"));
        Assert.That((await _session!.Completion).Cause, Is.EqualTo(SipSessionEndCause.Stopped));
    }

    private static async Task Poll(Func<bool> condition)
    {
        for (var tries = 0; !condition(); tries++)
        {
            Assert.That(tries, Is.LessThan(10_000));
            await Task.Delay(TimeSpan.FromMilliseconds(1), TimeProvider.System);
        }
    }

    private static string InDialog(string method, int number, string branch, string tag = "0000000000000001", string body = "", string more = "") => $"""
        {method} sip:bob@192.0.2.1:5060 SIP/2.0
        Via: SIP/2.0/UDP 192.0.2.9:5060;branch={branch}
        Max-Forwards: 70
        From: "Al" <sip:al@example.com>;tag=a
        To: <sip:bob@example.com>;tag={tag}
        Call-ID: c1
        CSeq: {number} {method}
        Contact: <sip:al@192.0.2.9:5060>
        {(more.Length > 0 ? more : "Content-Type: application/sdp")}
        Content-Length: {body.Length}

        {body}
        """;

    private async ValueTask AcceptAsync(Invitation invitation, CancellationToken cancellationToken) =>
        _session = await invitation.AcceptAsync(SessionWire.Answer, cancellationToken);
}
