using SipPush.Msrp;
using SipPush.Tests.Sip.Dialogs;
using SipPush.Tests.Support;

namespace SipPush.Tests.Agents;

/// <summary>Offers in a session that has begun (RFC 3264 §8, RFC 3261 §14).</summary>
public sealed class SessionMoveTests
{
    private SessionPair _pair = null!;

    [TearDown]
    public async Task Stop() => await _pair.DisposeAsync();

    [Test]
    public async Task A_session_that_moves_brings_what_is_under_way_to_its_end_on_the_earlier_path()
    {
        _pair = await SessionPair.StartAsync();
        await using var session = await _pair.OpenAsync();
        var earlier = session.Media;
        var content = new byte[512 * 1024];
        var sending = session.SendAsync(PushContent.FromBytes(content, "application/octet-stream")).AsTask();
        await using var first = await _pair.TakeAsync();

        await session.MoveAsync().AsTask().WaitAsync(SessionPair.Patience);
        var next = session.SendAsync(PushContent.FromText("next")).AsTask();
        await using var second = await _pair.TakeAsync();

        Assert.That(await SessionPair.ReadAsync(second), Is.EqualTo("next"));
        Assert.That(await SessionPair.ReadAsync(first), Has.Length.EqualTo(content.Length));
        Assert.That((await sending.WaitAsync(SessionPair.Patience)).IsSuccess, Is.True);
        Assert.That((await next.WaitAsync(SessionPair.Patience)).IsSuccess, Is.True);
        Assert.That(session.Media, Is.Not.SameAs(earlier));
        Assert.That(await earlier.Completion.WaitAsync(SessionPair.Patience), Is.EqualTo(MsrpSessionEnd.Closed));
        await session.EndAsync();
    }

    [Test]
    public async Task A_far_end_that_offers_the_same_keeps_its_path_and_one_that_offers_another_gets_another()
    {
        _pair = await SessionPair.StartAsync();
        await using var peer = await WirePeer.StartAsync(_pair.Network, "udp:192.0.2.9:5060");
        await using var far = _pair.StartMedia();
        await using var one = far.CreateSession();
        await using var two = far.CreateSession();
        var port = far.LocalEndPoint!.Port;

        var first = await AskAsync(peer, SessionText.Invite(SessionText.Offer(port, one.LocalUri.SessionId!)));
        await one.StartAsync(new MsrpRemote { Path = MsrpPath.Parse(SessionText.PathOf(first)), Role = MsrpRole.Active }).AsTask().WaitAsync(SessionPair.Patience);
        var to = ";tag=" + SessionWire.Tag(first, "To");

        // The session line differs, which is no difference to MSRP.
        var same = await AskAsync(peer, SessionText.Invite(SessionText.Offer(port, one.LocalUri.SessionId!, 2).Replace("s=-", "s=again", StringComparison.Ordinal), number: 2, to: to));
        var wrong = await AskAsync(peer, SessionText.Invite("v=0\nnonsense\n", number: 3, to: to));
        var moved = await AskAsync(peer, SessionText.Invite(SessionText.Offer(port, two.LocalUri.SessionId!, 3), number: 4, to: to));
        await two.StartAsync(new MsrpRemote { Path = MsrpPath.Parse(SessionText.PathOf(moved)), Role = MsrpRole.Active }).AsTask().WaitAsync(SessionPair.Patience);

        Assert.That(Body(same), Is.EqualTo(Body(first)));
        Assert.That(wrong, Does.StartWith("SIP/2.0 488 "));
        Assert.That(SessionText.PathOf(moved), Is.Not.EqualTo(SessionText.PathOf(first)));
        Assert.That(SessionText.Attribute(moved, "o=").Split(' ')[2], Is.EqualTo("2"));

        await one.CloseAsync();
        var sending = two.SendAsync(OutgoingMsrpMessage.FromMemory("text/plain", "here"u8.ToArray())).AsTask();
        await using var push = await _pair.TakeAsync();
        Assert.That(await SessionPair.ReadAsync(push), Is.EqualTo("here"));
        Assert.That((await sending.WaitAsync(SessionPair.Patience)).Outcome, Is.EqualTo(MsrpSendOutcome.Acknowledged));
        await peer.SendAsync("udp:192.0.2.10:5060", SessionText.InDialog(first, "BYE", 5, "bye"));
    }

    [Test]
    public async Task A_session_that_outlives_its_connection_goes_on_by_another_path()
    {
        _pair = await SessionPair.StartAsync(media: new PushMediaOptions { EndsWithConnection = false });
        await using var session = await _pair.OpenAsync();
        await session.Media.DisposeAsync();

        await session.MoveAsync().AsTask().WaitAsync(SessionPair.Patience);
        var sending = session.SendAsync(PushContent.FromText("again")).AsTask();
        await using var push = await _pair.TakeAsync();

        Assert.That(await SessionPair.ReadAsync(push), Is.EqualTo("again"));
        Assert.That((await sending.WaitAsync(SessionPair.Patience)).IsSuccess, Is.True);
        await session.EndAsync();
    }

    // Sends an INVITE, acknowledges its final answer, and gives that.
    private static async Task<string> AskAsync(WirePeer peer, string invite)
    {
        var number = SessionWire.Line(invite, "CSeq");
        await peer.SendAsync("udp:192.0.2.10:5060", invite);
        string? answer = null;
        await SessionPair.UntilAsync(() => (answer = peer.Messages.LastOrDefault(text => text.Contains(number, StringComparison.Ordinal) && !text.StartsWith("SIP/2.0 1", StringComparison.Ordinal))) is not null, number);
        await peer.ReplyAsync(SessionText.Ack(answer!));
        return answer!;
    }

    private static string Body(string message) => message[(message.IndexOf("\r\n\r\n", StringComparison.Ordinal) + 4)..];
}
