using System.Text;
using SipPush.Sip;
using SipPush.Tests.Support;
using static SipPush.Tests.Sip.Dialogs.SessionWire;

namespace SipPush.Tests.Sip.Dialogs;

/// <summary>An INVITE that several answer, because a proxy forked it or because the far end means ill.</summary>
public sealed class InviteBranchTests
{
    private SessionWire _wire = null!;

    [SetUp]
    public async Task Start() => _wire = await SessionWire.StartAsync();

    [TearDown]
    public async Task Stop() => await _wire.DisposeAsync();

    [Test, Description("SIP-93")]
    public async Task A_second_branch_that_accepts_is_acknowledged_and_left()
    {
        var session = await _wire.CallAsync();
        var invite = _wire.Peer.Messages[0];
        var late = Reply(invite, "200 OK", "late", "other", "Contact: <sip:late@192.0.2.9:5060>");
        await _wire.Peer.ReplyAsync(late);
        await _wire.Peer.WaitForAsync(4);
        await _wire.Peer.ReplyAsync(late);

        Assert.That(_wire.Heard.Skip(2), Is.EqualTo(["ACK sip:late@192.0.2.9:5060 SIP/2.0", "BYE sip:late@192.0.2.9:5060 SIP/2.0", "ACK sip:late@192.0.2.9:5060 SIP/2.0"]));
        Assert.That(_wire.Peer.Messages[4], Is.EqualTo(_wire.Peer.Messages[2]));
        Assert.That(Encoding.ASCII.GetString(session.RemoteDescription!.Value.Octets.Span), Is.EqualTo("answer"));
        Assert.That(session.Completion.IsCompleted, Is.False);
        await session.DisposeAsync();
        await _wire.NothingIsLeftAsync();
    }

    [Test]
    public async Task Branches_that_only_rang_are_forgotten_when_another_accepts()
    {
        var calling = _wire.Bob.InviteAsync(Al, new InviteOptions { Offer = Offer }).AsTask();
        var invite = _wire.Peer.Last;
        await _wire.Peer.ReplyAsync(Reply(invite, "180 Ringing", "one"));
        await _wire.Peer.ReplyAsync(Reply(invite, "180 Ringing", "two"));
        await _wire.Peer.ReplyAsync(Reply(invite, "180 Ringing"));
        Assert.That(_wire.Stack.Sessions.Count, Is.EqualTo(3));
        await _wire.Peer.ReplyAsync(Reply(invite, "200 OK", body: "answer"));
        var session = (await calling).Session!;

        Assert.That(_wire.Stack.Sessions.All, Is.EqualTo([session]));
        _wire.Peer.Answer = text => Method(text) == "BYE" ? Reply(text, "200 OK") : null;
        await session.DisposeAsync();
        await _wire.NothingIsLeftAsync();
    }

    [Test]
    public async Task What_a_challenged_INVITE_began_is_over_when_it_is_sent_again()
    {
        await using var wire = await SessionWire.StartAsync(options: new SipUserAgentOptions
        {
            AddressOfRecord = SipUri.Parse("sip:bob@example.com"),
            Credentials = [new SipCredential("bob", "zanzibar", "example.com")],
        });
        var calling = wire.Bob.InviteAsync(Al, new InviteOptions { Offer = Offer, ReliableProvisionals = true }).AsTask();
        var first = wire.Peer.Last;
        await wire.Peer.ReplyAsync(Reply(first, "180 Ringing"));
        await wire.Peer.ReplyAsync(Reply(first, "401 Unauthorized", more: ["WWW-Authenticate: Digest realm=\"example.com\", nonce=\"n\""]));
        await wire.Peer.WaitForAsync(3);
        var second = wire.Peer.Last;
        Assert.That(wire.Stack.Sessions.Count, Is.Zero);
        await wire.Peer.ReplyAsync(Reply(second, "180 Ringing", more: ["Require: 100rel", "RSeq: 1"]));

        // Counted on from the INVITE that rings, not from the one that was refused.
        Assert.That((Line(wire.Peer.Last, "CSeq"), Line(wire.Peer.Last, "RAck")), Is.EqualTo(("CSeq: 3 PRACK", "RAck: 1 2 INVITE")));
        await wire.Peer.ReplyAsync(Reply(wire.Peer.Last, "200 OK"));
        await wire.Peer.ReplyAsync(Reply(second, "486 Busy Here"));
        Assert.That((await calling).StatusCode, Is.EqualTo(486));
        await wire.NothingIsLeftAsync();
    }

    [Test]
    public async Task Ten_thousand_branches_that_ring_are_not_all_followed_and_the_one_that_accepts_still_wins()
    {
        var calling = _wire.Bob.InviteAsync(Al, new InviteOptions { Offer = Offer, ReliableProvisionals = true }).AsTask();
        var invite = _wire.Peer.Last;
        _wire.Peer.Answer = text => Method(text) is "BYE" or "PRACK" ? Reply(text, "200 OK") : null;
        for (var i = 0; i < 10_000; i++)
        {
            await _wire.Peer.ReplyAsync(Reply(invite, "180 Ringing", $"t{i}", more: ["Require: 100rel", "RSeq: 1"]));
        }

        Assert.That(_wire.Stack.Sessions.Count, Is.EqualTo(32));
        Assert.That(_wire.Heard.Select(Method).Count(method => method == "PRACK"), Is.EqualTo(32));
        await _wire.Peer.ReplyAsync(Reply(invite, "200 OK", body: "answer"));
        var session = (await calling).Session!;
        Assert.That(_wire.Stack.Sessions.All, Is.EqualTo([session]));
        await session.DisposeAsync();
        await _wire.NothingIsLeftAsync();
    }

    [Test]
    public async Task Ten_thousand_branches_that_accept_are_not_all_acknowledged()
    {
        var session = await _wire.CallAsync();
        var invite = _wire.Peer.Messages[0];
        for (var i = 0; i < 10_000; i++)
        {
            await _wire.Peer.ReplyAsync(Reply(invite, "200 OK", $"t{i}", "answer"));
        }

        await WaitUntilAsync(() => _wire.Stack.Sessions.Count == 1);
        Assert.That(_wire.Heard.Select(Method).Count(method => method == "ACK"), Is.EqualTo(32));
        Assert.That(_wire.Heard.Select(Method).Count(method => method == "BYE"), Is.EqualTo(31));
        Assert.That(session.Completion.IsCompleted, Is.False);
        await session.DisposeAsync();
        await _wire.NothingIsLeftAsync();
    }

    [Test]
    public async Task A_200_that_no_dialog_can_be_made_of_makes_no_session_and_a_later_one_is_left()
    {
        var calling = _wire.Bob.InviteAsync(Al, new InviteOptions { Offer = Offer }).AsTask();
        var invite = _wire.Peer.Last;
        await _wire.Peer.ReplyAsync(Reply(invite, "200 OK", body: "answer", more: ["Contact: <tel:+1>"]));
        var result = await calling;
        Assert.That((result.Session, result.StatusCode), Is.EqualTo(((SipSession?)null, 200)));
        Assert.That(_wire.Heard.Select(Method), Is.EqualTo(["INVITE"]));

        _wire.Peer.Answer = text => Method(text) == "BYE" ? Reply(text, "200 OK") : null;
        await _wire.Peer.ReplyAsync(Reply(invite, "200 OK", "other", "answer"));
        await _wire.Peer.WaitForAsync(3);
        Assert.That(_wire.Heard.Select(Method), Is.EqualTo(["INVITE", "ACK", "BYE"]));
        await _wire.NothingIsLeftAsync();
    }

    [Test, Description("RFC 3261 §12.1.2: a far end of RFC 2543 knows no tags")]
    public async Task A_200_without_a_To_tag_makes_a_session_without_one()
    {
        var calling = _wire.Bob.InviteAsync(Al, new InviteOptions { Offer = Offer }).AsTask();
        _wire.Peer.Answer = text => Method(text) == "BYE" ? Untagged(Reply(text, "200 OK")) : null;
        await _wire.Peer.ReplyAsync(Untagged(Reply(_wire.Peer.Last, "200 OK", body: "answer")));
        var session = (await calling).Session!;

        Assert.That(Line(_wire.Peer.Last, "To"), Is.EqualTo("To: <sip:al@192.0.2.9>"));
        await session.DisposeAsync();
        Assert.That(_wire.Heard.Select(Method), Is.EqualTo(["INVITE", "ACK", "BYE"]));
        await _wire.NothingIsLeftAsync();

        static string Untagged(string text) => text.Replace(";tag=al", "", StringComparison.Ordinal);
    }

    [Test]
    public async Task An_ACK_that_can_not_be_sent_makes_no_session()
    {
        var calling = _wire.Bob.InviteAsync(Al, new InviteOptions { Offer = Offer }).AsTask();
        await _wire.Peer.ReplyAsync(Reply(_wire.Peer.Last, "200 OK", body: "answer", more: ["Record-Route: <sip:[2001:db8::1];lr>"]));
        var result = await calling;

        Assert.That((result.Outcome, result.Session), Is.EqualTo((SipTransactionOutcome.TransportFailed, (SipSession?)null)));
        await _wire.NothingIsLeftAsync();
    }

    [Test]
    public async Task An_ACK_that_could_not_be_sent_is_sent_when_the_200_comes_again()
    {
        var lookups = 0;
        await using var wire = await SessionWire.StartAsync(locate: (_, _) => ++lookups <= 3
            ? throw new IOException("not now")
            : new([new SipTarget(SipEndPoint.Parse("udp:192.0.2.9:5060"), "example.org")]));
        var calling = wire.Bob.InviteAsync(Al, new InviteOptions { Offer = Offer }).AsTask();
        wire.Peer.Answer = text => Method(text) == "BYE" ? Reply(text, "200 OK") : null;
        var accepted = Reply(wire.Peer.Last, "200 OK", body: "answer", more: ["Contact: <sip:al@example.org>"]);
        await wire.Peer.ReplyAsync(accepted);
        Assert.That((await calling).Outcome, Is.EqualTo(SipTransactionOutcome.TransportFailed));
        await wire.Peer.WaitForAsync(2);
        await wire.Peer.ReplyAsync(accepted);

        Assert.That(wire.Heard.Select(Method), Is.EqualTo(["INVITE", "BYE", "ACK"]));
        await wire.NothingIsLeftAsync();
    }
}
