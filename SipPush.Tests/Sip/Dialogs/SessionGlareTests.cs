using SipPush.Sip;
using static SipPush.Tests.Sip.Dialogs.SessionWire;

namespace SipPush.Tests.Sip.Dialogs;

/// <summary>Offers that cross each other in a session, by INVITE and by UPDATE (RFC 3261 §14, RFC 3264 §4, RFC 3311 §5).</summary>
public sealed class SessionGlareTests
{
    private SessionWire _wire = null!;

    [SetUp]
    public async Task Start() => _wire = await SessionWire.StartAsync();

    [TearDown]
    public async Task Stop()
    {
        await _wire.NothingIsLeftAsync();
        await _wire.DisposeAsync();
    }

    [TestCase("INVITE", "INVITE")]
    [TestCase("INVITE", "UPDATE")]
    [TestCase("UPDATE", "INVITE")]
    [TestCase("UPDATE", "UPDATE")]
    public async Task An_offer_that_crosses_our_own_gets_491(string ours, string theirs)
    {
        var session = await _wire.CallAsync();
        session.OfferAsync = (_, _) => throw new InvalidOperationException("Nobody is to be asked");
        var changing = (ours == "INVITE" ? session.ReinviteAsync(SessionWire.Sdp("more")) : session.UpdateAsync(SessionWire.Sdp("more"))).AsTask();
        var request = _wire.Peer.Last;

        await _wire.SendAsync(FromFarEnd(_wire.Peer.Messages[0], theirs, 1, "theirs"));

        Assert.That(_wire.Heard[^1], Is.EqualTo("SIP/2.0 491 Request Pending"));
        await _wire.Peer.ReplyAsync(Reply(request, "200 OK", body: "fine"));
        Assert.That((await changing).StatusCode, Is.EqualTo(200));
        await session.DisposeAsync();
    }

    [TestCase("INVITE")]
    [TestCase("UPDATE")]
    public async Task After_a_491_the_far_end_may_offer_and_our_own_offer_is_made_anew(string method)
    {
        var session = await _wire.CallAsync();
        session.OfferAsync = (_, _) => ValueTask.FromResult<SipBody?>(SessionWire.Sdp("ours"));
        var made = 0;
        var taken = 0;
        var changing = session.Offers.SendAsync(SipMethod.Invite, () => SessionWire.Sdp($"more {++made}"), _ => taken++, default).AsTask();
        await _wire.Peer.ReplyAsync(Reply(_wire.Peer.Last, "491 Request Pending"));

        // The 491 may not have been looked at yet.
        string? answer = null;
        for (var number = 1; answer?.StartsWith("SIP/2.0 200", StringComparison.Ordinal) != true; number++)
        {
            Assert.That(number, Is.LessThan(100));
            await Task.Delay(TimeSpan.FromMilliseconds(number), TimeProvider.System);
            await _wire.SendAsync(FromFarEnd(_wire.Peer.Messages[0], method, number, "theirs"));
            await WaitUntilAsync(() => (answer = _wire.Peer.Messages.FirstOrDefault(text => text.StartsWith("SIP/2.0 ", StringComparison.Ordinal) && text.Contains($"\r\nCSeq: {number} ", StringComparison.Ordinal))) is not null);
            await _wire.SendAsync(FromFarEnd(_wire.Peer.Messages[0], "ACK", number));
        }

        await _wire.AdvanceUntilAsync(() => _wire.Heard[^1].StartsWith("INVITE", StringComparison.Ordinal));

        Assert.That(_wire.Peer.Last, Does.EndWith("\r\n\r\nmore 2"));
        await _wire.Peer.ReplyAsync(Reply(_wire.Peer.Last, "200 OK", body: "fine"));
        Assert.That((await changing).StatusCode, Is.EqualTo(200));
        Assert.That(taken, Is.EqualTo(1));
        await session.DisposeAsync();
    }

    [TestCase("INVITE", "UPDATE")]
    [TestCase("UPDATE", "INVITE")]
    public async Task An_offer_before_the_last_is_answered_comes_too_early(string first, string second)
    {
        var answer = new TaskCompletionSource<SipBody?>();
        var session = await _wire.CallAsync();
        session.OfferAsync = (_, _) => new ValueTask<SipBody?>(answer.Task);
        var invite = _wire.Peer.Messages[0];

        await _wire.SendAsync(FromFarEnd(invite, first, 1, "theirs"));
        await _wire.SendAsync(FromFarEnd(invite, second, 2, "theirs too"));

        Assert.That(_wire.Peer.Last, Does.StartWith("SIP/2.0 500 ").And.Contains("\r\nRetry-After: "));
        answer.SetResult(SessionWire.Sdp("ours"));
        await WaitUntilAsync(() => _wire.Peer.Last.StartsWith("SIP/2.0 200", StringComparison.Ordinal));
        await _wire.SendAsync(FromFarEnd(invite, "ACK", 1));
        await session.DisposeAsync();
    }

    [TestCase("INVITE", "UPDATE")]
    [TestCase("UPDATE", "INVITE")]
    [TestCase("UPDATE", "UPDATE")]
    public async Task Our_own_offer_waits_until_that_of_the_far_end_is_answered(string theirs, string ours)
    {
        var answer = new TaskCompletionSource<SipBody?>();
        var session = await _wire.CallAsync();
        session.OfferAsync = (_, _) => new ValueTask<SipBody?>(answer.Task);
        await _wire.SendAsync(FromFarEnd(_wire.Peer.Messages[0], theirs, 1, "theirs"));
        var heard = _wire.Heard.Length;

        var changing = (ours == "INVITE" ? session.ReinviteAsync(SessionWire.Sdp("more")) : session.UpdateAsync(SessionWire.Sdp("more"))).AsTask();
        Assert.That(_wire.Heard, Has.Length.EqualTo(heard));
        answer.SetResult(SessionWire.Sdp("ours"));
        await WaitUntilAsync(() => _wire.Peer.Last.StartsWith("SIP/2.0 200", StringComparison.Ordinal));
        await _wire.SendAsync(FromFarEnd(_wire.Peer.Messages[0], "ACK", 1));
        await _wire.AdvanceUntilAsync(() => _wire.Heard[^1].StartsWith(ours, StringComparison.Ordinal));
        await _wire.Peer.ReplyAsync(Reply(_wire.Peer.Last, "200 OK", body: "fine"));

        Assert.That((await changing).StatusCode, Is.EqualTo(200));
        await session.DisposeAsync();
    }
}
