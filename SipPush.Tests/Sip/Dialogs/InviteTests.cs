using System.Text;
using SipPush.Sip;
using SipPush.Tests.Support;
using static SipPush.Tests.Sip.Dialogs.SessionWire;

namespace SipPush.Tests.Sip.Dialogs;

/// <summary>An INVITE at the end that calls, on the wire: what it says and what becomes of it.</summary>
public sealed class InviteTests
{
    private SessionWire _wire = null!;

    [SetUp]
    public async Task Start() => _wire = await SessionWire.StartAsync();

    [TearDown]
    public async Task Stop() => await _wire.DisposeAsync();

    [Test, Description("SIP-19, SIP-66")]
    public async Task An_INVITE_says_all_that_a_session_needs_and_its_refusal_is_acknowledged_by_the_transaction()
    {
        await using var wire = await SessionWire.StartAsync(options: new SipUserAgentOptions { AddressOfRecord = SipUri.Parse("sip:bob@example.com") });
        var calling = wire.Bob.InviteAsync(Al, new InviteOptions
        {
            Offer = Offer,
            ContactParameters = ["+g.oma.pusheventapp=\"mms.ua\""],
            Prepare = request => request.Add("Subject", "push"),
        }).AsTask();
        await wire.Peer.ReplyAsync(Reply(wire.Peer.Last, "486 Busy Here"));
        var result = await calling;

        Assert.That(wire.Peer.Messages, Is.EqualTo([
            """
            INVITE sip:al@192.0.2.9 SIP/2.0
            Via: SIP/2.0/UDP 192.0.2.1:5060;branch=z9hG4bK00000000000000000300000000000000;rport
            Max-Forwards: 70
            From: <sip:bob@example.com>;tag=0000000000000001
            To: <sip:al@192.0.2.9>
            Call-ID: 00000000000000000000000000000002
            Content-Type: application/sdp
            Subject: push
            Session-Expires: 1800
            Contact: <sip:bob@192.0.2.1:5060>;+g.oma.pusheventapp="mms.ua"
            Allow: ACK, BYE, CANCEL, INVITE, OPTIONS, PRACK, UPDATE
            Supported: gruu, timer
            CSeq: 1 INVITE
            Content-Length: 5

            offer
            """.ReplaceLineEndings("\r\n"),
            """
            ACK sip:al@192.0.2.9 SIP/2.0
            Via: SIP/2.0/UDP 192.0.2.1:5060;branch=z9hG4bK00000000000000000300000000000000;rport
            Max-Forwards: 70
            From: <sip:bob@example.com>;tag=0000000000000001
            To: <sip:al@192.0.2.9>;tag=al
            Call-ID: 00000000000000000000000000000002
            CSeq: 1 ACK
            Content-Length: 0


            """.ReplaceLineEndings("\r\n")]));
        Assert.That((result.Outcome, result.StatusCode, result.Session), Is.EqualTo((SipTransactionOutcome.Answered, 486, (SipSession?)null)));
        await wire.NothingIsLeftAsync();
    }

    [Test, Description("SIP-17")]
    public async Task A_200_after_ringing_is_acknowledged_along_the_recorded_route()
    {
        var progress = new List<int>();
        var calling = _wire.Bob.InviteAsync(Al, new InviteOptions { Offer = Offer, Progress = new Reports(response => progress.Add(response.StatusCode)) }).AsTask();
        var invite = _wire.Peer.Last;
        await _wire.Peer.ReplyAsync(Reply(invite, "100 Trying"));
        await _wire.Peer.ReplyAsync(Reply(invite, "180 Ringing"));
        Assert.That(_wire.Stack.Sessions.Count, Is.EqualTo(1));
        await _wire.Peer.ReplyAsync(Reply(invite, "200 OK", body: "answer", more: ["Record-Route: <sip:far.example.com;lr>, <sip:192.0.2.9:5060;lr>", "Contact: <sip:al@192.0.2.77>"]));
        var result = await calling;

        Assert.That(progress, Is.EqualTo([180]));
        Assert.That(_wire.Peer.Last, Is.EqualTo(
            """
            ACK sip:al@192.0.2.77 SIP/2.0
            Via: SIP/2.0/UDP 192.0.2.1:5060;branch=z9hG4bK00000000000000000400000000000000;rport
            Route: <sip:192.0.2.9:5060;lr>
            Route: <sip:far.example.com;lr>
            Max-Forwards: 70
            From: <sip:bob@example.com>;tag=0000000000000001
            To: <sip:al@192.0.2.9>;tag=al
            Call-ID: 00000000000000000000000000000002
            CSeq: 1 ACK
            Content-Length: 0


            """.ReplaceLineEndings("\r\n")));
        Assert.That(Text(result.Session!.RemoteDescription), Is.EqualTo("answer"));
        Assert.That(Text(result.Session.LocalDescription), Is.EqualTo("offer"));

        _wire.Peer.Answer = text => Method(text) == "BYE" ? Reply(text, "200 OK") : null;
        await result.Session.DisposeAsync();
        Assert.That(Line(_wire.Peer.Last, "CSeq"), Is.EqualTo("CSeq: 2 BYE"));
        await _wire.NothingIsLeftAsync();
    }

    [Test]
    public async Task A_200_that_comes_again_is_acknowledged_with_the_same_octets()
    {
        var session = await _wire.CallAsync();
        var (invite, ack) = (_wire.Peer.Messages[0], _wire.Peer.Messages[1]);
        await _wire.Peer.ReplyAsync(Reply(invite, "200 OK", body: "answer"));
        await _wire.Peer.ReplyAsync(Reply(invite, "200 OK", body: "answer"));

        Assert.That(_wire.Peer.Messages.Skip(1), Is.EqualTo([ack, ack, ack]));
        await session.DisposeAsync();
        await _wire.NothingIsLeftAsync();
    }

    [Test]
    public async Task An_offer_of_the_far_end_is_answered_in_the_ACK()
    {
        var asked = new TaskCompletionSource<SipBody?>();
        var calling = _wire.Bob.InviteAsync(Al, new InviteOptions { AnswerAsync = (_, _) => new ValueTask<SipBody?>(asked.Task) }).AsTask();
        var invite = _wire.Peer.Last;
        await _wire.Peer.ReplyAsync(Reply(invite, "200 OK", body: "offer"));
        await _wire.Peer.ReplyAsync(Reply(invite, "200 OK", body: "offer"));
        Assert.That(_wire.Heard, Has.Length.EqualTo(1), "There is nothing to acknowledge with yet");
        asked.SetResult(Answer);
        var session = (await calling).Session!;
        await _wire.Peer.ReplyAsync(Reply(invite, "200 OK", body: "offer"));

        Assert.That(_wire.Peer.Messages.Skip(1).Select(text => text.Split("\r\n\r\n")[1]), Is.EqualTo(["answer", "answer"]));
        Assert.That((Text(session.RemoteDescription), Text(session.LocalDescription)), Is.EqualTo(("offer", "answer")));
        _wire.Peer.Answer = text => Method(text) == "BYE" ? Reply(text, "200 OK") : null;
        await session.DisposeAsync();
        await _wire.NothingIsLeftAsync();
    }

    [Test]
    public async Task An_offer_without_an_answer_ends_the_session()
    {
        var calling = _wire.Bob.InviteAsync(Al, new InviteOptions { AnswerAsync = (_, _) => default }).AsTask();
        var invite = _wire.Peer.Last;
        _wire.Peer.Answer = text => Method(text) == "BYE" ? Reply(text, "200 OK") : null;
        await _wire.Peer.ReplyAsync(Reply(invite, "200 OK", body: "offer"));
        var result = await calling;

        Assert.That((result.Session, result.StatusCode), Is.EqualTo(((SipSession?)null, 200)));
        Assert.That(_wire.Heard.Select(Method), Is.EqualTo(["INVITE", "ACK", "BYE"]));
        await _wire.NothingIsLeftAsync();
    }

    [TestCase("401 Unauthorized", "WWW-Authenticate", "Authorization")]
    [TestCase("407 Proxy Authentication Required", "Proxy-Authenticate", "Proxy-Authorization")]
    public async Task A_challenge_is_answered_with_the_next_CSeq_and_the_ACK_says_the_credentials_again(string status, string challenge, string credentials)
    {
        await using var wire = await SessionWire.StartAsync(options: new SipUserAgentOptions
        {
            AddressOfRecord = SipUri.Parse("sip:bob@example.com"),
            Credentials = [new SipCredential("bob", "zanzibar", "example.com")],
        });
        wire.Peer.Answer = text => Method(text) switch
        {
            "INVITE" when text.Contains($"\r\n{credentials}:", StringComparison.Ordinal) => Reply(text, "200 OK", body: "answer"),
            "INVITE" => Reply(text, status, tag: "proxy", more: [$"{challenge}: Digest realm=\"example.com\", nonce=\"n\", qop=\"auth\""]),
            "BYE" => Reply(text, "200 OK"),
            _ => null,
        };
        var result = await wire.Bob.InviteAsync(Al, new InviteOptions { Offer = Offer });

        Assert.That(wire.Peer.Messages.Select(text => Line(text, "CSeq")), Is.EqualTo(["CSeq: 1 INVITE", "CSeq: 1 ACK", "CSeq: 2 INVITE", "CSeq: 2 ACK"]));
        Assert.That(Line(wire.Peer.Messages[3], credentials), Is.EqualTo(Line(wire.Peer.Messages[2], credentials)));
        Assert.That(wire.Peer.Messages[1], Does.Not.Contain(credentials));
        Assert.That(wire.Peer.Messages.Select(Branch).Distinct().Count(), Is.EqualTo(3));

        await result.Session!.DisposeAsync();
        Assert.That(Line(wire.Peer.Messages[4], "CSeq"), Is.EqualTo("CSeq: 3 BYE"));
        await wire.NothingIsLeftAsync();
    }

    [Test, Description("SIP-78")]
    public async Task A_session_timer_that_is_too_short_is_asked_for_again()
    {
        await using var wire = await SessionWire.StartAsync(options: new SipUserAgentOptions
        {
            AddressOfRecord = SipUri.Parse("sip:bob@example.com"),
            SessionTimer = new SessionTimerOptions { Interval = TimeSpan.FromSeconds(200) },
        });
        wire.Peer.Answer = text => Method(text) == "INVITE"
            ? text.Contains("Min-SE", StringComparison.Ordinal) ? Reply(text, "486 Busy Here") : Reply(text, "422 Session Interval Too Small", more: ["Min-SE: 300"])
            : null;
        var result = await wire.Bob.InviteAsync(Al, new InviteOptions { Offer = Offer });

        Assert.That(result.StatusCode, Is.EqualTo(486));
        Assert.That(Line(wire.Peer.Messages[2], "Min-SE"), Is.EqualTo("Min-SE: 300"));
        Assert.That(Line(wire.Peer.Messages[2], "Session-Expires"), Is.EqualTo("Session-Expires: 300"));
        Assert.That(Line(wire.Peer.Messages[2], "CSeq"), Is.EqualTo("CSeq: 2 INVITE"));
        await wire.NothingIsLeftAsync();
    }

    [Test, Description("SIP-50")]
    public async Task The_next_proxy_is_asked_when_one_is_unavailable()
    {
        await using var wire = await SessionWire.StartAsync(options: new SipUserAgentOptions
        {
            AddressOfRecord = SipUri.Parse("sip:bob@example.com"),
            OutboundProxies = [SipUri.Parse("sip:192.0.2.9;lr"), SipUri.Parse("sip:192.0.2.8;lr")],
        });
        await using var second = await wire.AddPeerAsync("udp:192.0.2.8:5060");
        wire.Peer.Answer = text => Method(text) == "INVITE" ? Reply(text, "503 Service Unavailable") : null;
        second.Answer = text => Method(text) == "INVITE" ? Reply(text, "603 Decline") : null;
        var result = await wire.Bob.InviteAsync(SipUri.Parse("sip:al@example.org"), new InviteOptions { Offer = Offer });

        Assert.That(result.StatusCode, Is.EqualTo(603));
        Assert.That(Line(wire.Peer.Messages[0], "Route"), Is.EqualTo("Route: <sip:192.0.2.9;lr>"));
        Assert.That(Line(second.Messages[0], "Route"), Is.EqualTo("Route: <sip:192.0.2.8;lr>"));
        Assert.That(Line(second.Messages[0], "CSeq"), Is.EqualTo("CSeq: 2 INVITE"));
        await wire.NothingIsLeftAsync();
    }

    [TestCase(true)]
    [TestCase(false)]
    [Description("SIP-50")]
    public async Task The_next_server_of_a_domain_is_asked_with_a_new_branch(bool answers503)
    {
        await using var wire = await SessionWire.StartAsync(locate: (_, _) => new([
            new SipTarget(SipEndPoint.Parse("udp:192.0.2.9:5060"), "example.org"), new SipTarget(SipEndPoint.Parse("udp:192.0.2.8:5060"), "example.org")]));
        await using var second = await wire.AddPeerAsync("udp:192.0.2.8:5060");
        wire.Peer.Answer = text => answers503 && Method(text) == "INVITE" ? Reply(text, "503 Service Unavailable") : null;
        second.Answer = text => Method(text) == "INVITE" ? Reply(text, "603 Decline") : null;
        var calling = wire.Bob.InviteAsync(SipUri.Parse("sip:al@example.org"), new InviteOptions { Offer = Offer }).AsTask();
        wire.Clock.Advance(TimeSpan.FromSeconds(answers503 ? 0 : 32));

        Assert.That((await calling).StatusCode, Is.EqualTo(603));
        Assert.That(Line(second.Messages[0], "CSeq"), Is.EqualTo("CSeq: 1 INVITE"));
        Assert.That(Branch(second.Messages[0]), Is.Not.EqualTo(Branch(wire.Peer.Messages[0])));
        await wire.NothingIsLeftAsync();
    }

    [Test]
    public async Task Silence_ends_the_INVITE_after_64_T1()
    {
        var calling = _wire.Bob.InviteAsync(Al, new InviteOptions { Offer = Offer }).AsTask();
        _wire.Clock.Advance(TimeSpan.FromSeconds(31.9));
        Assert.That(calling.IsCompleted, Is.False);
        _wire.Clock.Advance(TimeSpan.FromSeconds(.1));
        var result = await calling;

        Assert.That((result.Outcome, result.StatusCode), Is.EqualTo((SipTransactionOutcome.TimedOut, 408)));
        Assert.That(_wire.Peer.Messages, Has.Count.EqualTo(7));
        await _wire.NothingIsLeftAsync();
    }

    [Test]
    public async Task Nobody_at_the_far_end_of_TCP_fails_at_once()
    {
        await using var wire = await SessionWire.StartAsync("tcp");
        var result = await wire.Bob.InviteAsync(SipUri.Parse("sip:al@192.0.2.55;transport=tcp"), new InviteOptions { Offer = Offer });

        Assert.That((result.Outcome, result.StatusCode), Is.EqualTo((SipTransactionOutcome.TransportFailed, 503)));
        await wire.NothingIsLeftAsync();
    }

    [Test]
    public async Task Reliable_provisional_responses_are_acknowledged_once()
    {
        var progress = new List<int>();
        var calling = _wire.Bob.InviteAsync(Al, new InviteOptions
        {
            Offer = Offer,
            ReliableProvisionals = true,
            Progress = new Reports(response => progress.Add(response.StatusCode)),
        }).AsTask();
        var invite = _wire.Peer.Last;
        Assert.That(invite, Does.Contain("\r\nSupported: 100rel\r\n"));
        var ringing = Reply(invite, "183 Session Progress", more: ["Require: 100rel", "RSeq: 988"]);
        await _wire.Peer.ReplyAsync(ringing);
        await _wire.Peer.ReplyAsync(ringing);

        Assert.That(_wire.Peer.Messages.Skip(1), Is.EqualTo([
            """
            PRACK sip:al@192.0.2.9:5060 SIP/2.0
            Via: SIP/2.0/UDP 192.0.2.1:5060;branch=z9hG4bK00000000000000000400000000000000;rport
            Max-Forwards: 70
            From: <sip:bob@example.com>;tag=0000000000000001
            To: <sip:al@192.0.2.9>;tag=al
            Call-ID: 00000000000000000000000000000002
            CSeq: 2 PRACK
            RAck: 988 1 INVITE
            Content-Length: 0


            """.ReplaceLineEndings("\r\n")]));
        Assert.That(progress, Is.EqualTo([183]));
        await _wire.Peer.ReplyAsync(Reply(_wire.Peer.Last, "200 OK"));
        _wire.Peer.Answer = text => Method(text) == "BYE" ? Reply(text, "200 OK") : null;
        await _wire.Peer.ReplyAsync(Reply(invite, "200 OK", body: "answer"));
        Assert.That(Line(_wire.Peer.Last, "CSeq"), Is.EqualTo("CSeq: 1 ACK"));

        await (await calling).Session!.DisposeAsync();
        Assert.That(Line(_wire.Peer.Last, "CSeq"), Is.EqualTo("CSeq: 3 BYE"));
        await _wire.NothingIsLeftAsync();
    }

    private static string Branch(string message) => Line(message, "Via").Split(";branch=")[1].Split(';')[0];

    private static string Text(SipBody? body) => Encoding.ASCII.GetString(body!.Value.Octets.Span);

    private sealed class Reports(Action<SipResponse> report) : IProgress<SipResponse>
    {
        public void Report(SipResponse value) => report(value);
    }
}
