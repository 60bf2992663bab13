using SipPush.Sip;
using SipPush.Tests.Sip.Dialogs;
using SipPush.Tests.Support;

namespace SipPush.Tests.Agents;

/// <summary>What becomes of the INVITE of a session, until it is connected.</summary>
public sealed class SessionOpeningTests
{
    private SessionPair _pair = null!;

    [TearDown]
    public async Task Stop() => await _pair.DisposeAsync();

    [TestCase(486)]
    [TestCase(480)]
    [TestCase(488)]
    [TestCase(603)]
    [TestCase(606)]
    [Description("PUSH-24")]
    public async Task What_the_application_decides_is_what_the_sender_hears(int status)
    {
        _pair = await SessionPair.StartAsync(new PushReceiverOptions { DecideAsync = (_, _) => ValueTask.FromResult(PushDecision.Reject(status, retryAfter: TimeSpan.FromSeconds(7))) });

        var result = await _pair.Sender.PushAsync(SessionPair.Bob, PushContent.FromText("x"), new PushOptions { SuccessReport = true }).AsTask().WaitAsync(SessionPair.Patience);
        var failure = Assert.ThrowsAsync<PushException>(() => _pair.OpenAsync());

        Assert.That((result.Outcome, result.StatusCode, result.Mode, result.RetryAfter), Is.EqualTo((PushOutcome.Refused, (int?)status, PushMode.Session, (TimeSpan?)TimeSpan.FromSeconds(7))));
        Assert.That(failure!.Result.StatusCode, Is.EqualTo(status));
    }

    [Test]
    [Description("PUSH-24")]
    public async Task A_decision_that_does_not_come_is_a_480()
    {
        _pair = await SessionPair.StartAsync(new PushReceiverOptions
        {
            DecideAsync = async (_, token) =>
        {
            await Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System, token);
            return PushDecision.Accept;
        }
        });

        var opening = _pair.Sender.OpenSessionAsync(SessionPair.Bob).AsTask();
        var failure = Assert.ThrowsAsync<PushException>(() => _pair.PassTimeAsync(opening));

        Assert.That((failure!.Result.StatusCode, failure.Result.RetryAfter), Is.EqualTo(((int?)480, (TimeSpan?)TimeSpan.FromSeconds(5))));
    }

    [Test]
    public async Task A_receiver_that_ends_while_it_decides_answers_480()
    {
        var deciding = new TaskCompletionSource();
        _pair = await SessionPair.StartAsync(new PushReceiverOptions
        {
            DecideAsync = async (_, token) =>
        {
            deciding.SetResult();
            await Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System, token);
            return PushDecision.Accept;
        }
        });

        var opening = _pair.OpenAsync();
        await deciding.Task.WaitAsync(SessionPair.Patience);
        await _pair.Receiver.DisposeAsync();

        Assert.That(Assert.ThrowsAsync<PushException>(() => opening)!.Result.StatusCode, Is.EqualTo(480));
    }

    [Test]
    [Description("PUSH-24")]
    public async Task A_receiver_whose_queue_is_full_takes_no_session_and_no_other_path()
    {
        _pair = await SessionPair.StartAsync(new PushReceiverOptions { QueueLength = 1 });
        await using (var session = await _pair.OpenAsync())
        {
            var sending = session.SendAsync(PushContent.FromText("x")).AsTask();
            await sending.WaitAsync(SessionPair.Patience);

            PushException? failure = null;
            for (var tries = 0; failure is null && tries < 1_000; tries++)
            {
                // The message has been answered, and is about to be in the queue.
                try
                {
                    await (await _pair.OpenAsync()).DisposeAsync();
                }
                catch (PushException refused)
                {
                    failure = refused;
                }
            }

            Assert.That((failure!.Result.StatusCode, failure.Result.RetryAfter), Is.EqualTo(((int?)480, (TimeSpan?)TimeSpan.FromSeconds(5))));
            Assert.That(Assert.ThrowsAsync<PushException>(() => session.MoveAsync().AsTask().WaitAsync(SessionPair.Patience))!.Result.StatusCode, Is.EqualTo(488));

            await (await _pair.TakeAsync()).DisposeAsync();
            await session.MoveAsync().AsTask().WaitAsync(SessionPair.Patience);
        }
    }

    [Test]
    [Description("PUSH-30")]
    public async Task A_session_that_is_given_up_before_the_answer_is_cancelled()
    {
        var deciding = new TaskCompletionSource();
        var told = new TaskCompletionSource();
        _pair = await SessionPair.StartAsync(new PushReceiverOptions
        {
            DecideAsync = async (_, token) =>
            {
                deciding.SetResult();
                try
                {
                    await Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System, token);
                }
                finally
                {
                    told.SetResult();
                }

                return PushDecision.Accept;
            },
        });
        using var giveUp = new CancellationTokenSource();

        var opening = _pair.Sender.OpenSessionAsync(SessionPair.Bob, null, giveUp.Token).AsTask();
        await deciding.Task.WaitAsync(SessionPair.Patience);
        _pair.Clock.Advance(TimeSpan.FromMilliseconds(300));
        await giveUp.CancelAsync();

        Assert.That(async () => await opening.WaitAsync(SessionPair.Patience), Throws.InstanceOf<OperationCanceledException>());
        await SessionPair.UntilAsync(() => _pair.Sip.Contains("487 INVITE"), "487");
        Assert.That(_pair.Sip, Does.Contain("CANCEL"));
        await told.Task.WaitAsync(SessionPair.Patience);
    }

    [Test]
    [Description("PUSH-30")]
    public async Task A_session_that_is_given_up_when_its_200_is_on_the_way_is_left_with_BYE()
    {
        _pair = await SessionPair.StartAsync();
        _pair.Fate = line => line == "200 INVITE" ? MemoryFate.Late(TimeSpan.FromSeconds(1)) : MemoryFate.Deliver;
        using var giveUp = new CancellationTokenSource();

        var opening = _pair.Sender.OpenSessionAsync(SessionPair.Bob, null, giveUp.Token).AsTask();
        await SessionPair.UntilAsync(() => _pair.Sip.Contains("200 INVITE"), "200");
        await giveUp.CancelAsync();

        Assert.That(async () => await opening.WaitAsync(SessionPair.Patience), Throws.InstanceOf<OperationCanceledException>());
        await _pair.PassTimeAsync(SessionPair.UntilAsync(() => _pair.Sip.Contains("BYE"), "BYE"));
    }

    [Test]
    [Description("PUSH-30")]
    public async Task A_sender_that_is_disposed_before_the_answer_cancels()
    {
        var deciding = new TaskCompletionSource();
        _pair = await SessionPair.StartAsync(new PushReceiverOptions
        {
            DecideAsync = async (_, token) =>
        {
            deciding.SetResult();
            await Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System, token);
            return PushDecision.Accept;
        }
        });

        var opening = _pair.OpenAsync();
        await deciding.Task.WaitAsync(SessionPair.Patience);
        _pair.Clock.Advance(TimeSpan.FromMilliseconds(300));
        await _pair.Sender.DisposeAsync();

        Assert.That(async () => await opening, Throws.InstanceOf<ObjectDisposedException>());
        await SessionPair.UntilAsync(() => _pair.Sip.Contains("487 INVITE"), "487");
    }

    [Test]
    [Description("PUSH-24")]
    public async Task Nobody_answering_is_no_answer()
    {
        _pair = await SessionPair.StartAsync();
        _pair.Fate = _ => MemoryFate.Drop;

        var opening = _pair.Sender.PushAsync(SessionPair.Bob, PushContent.FromText("x"), new PushOptions { SuccessReport = true }).AsTask();

        Assert.That((await _pair.PassTimeAsync(opening)).Outcome, Is.EqualTo(PushOutcome.NoAnswer));
    }

    [TestCase(TlsOf.Sender)]
    [TestCase(TlsOf.Receiver)]
    [Description("PUSH-24")]
    public async Task Ends_that_differ_on_TLS_have_no_session(TlsOf which)
    {
        // The far end is scripted: neither endpoint here listens on TLS.
        _pair = await SessionPair.StartAsync(media: new PushMediaOptions { Tls = which == TlsOf.Receiver ? SipPush.Sdp.TlsUse.Required : SipPush.Sdp.TlsUse.None });
        await using var peer = await WirePeer.StartAsync(_pair.Network, "udp:192.0.2.9:5060");

        await peer.SendAsync("udp:192.0.2.10:5060", SessionText.Invite(which == TlsOf.Receiver ? SessionText.Offer(4321) : SessionText.Offer(4321).Replace("TCP/MSRP", "TCP/TLS/MSRP", StringComparison.Ordinal).Replace("msrp:", "msrps:", StringComparison.Ordinal)));

        await peer.WaitForAsync(1);
        Assert.That(peer.Last, Does.StartWith("SIP/2.0 488 "));
        await peer.ReplyAsync(SessionText.Ack(peer.Last));
    }

    [TestCase("", "488")]
    [TestCase("v=0\nnonsense\n", "488")]
    [TestCase("v=0\no=- 1 1 IN IP4 127.0.0.1\ns=-\nc=IN IP4 127.0.0.1\nt=0 0\n", "488")]
    [TestCase("v=0\no=- 1 1 IN IP4 127.0.0.1\ns=-\nc=IN IP4 127.0.0.1\nt=0 0\nm=audio 4000 RTP/AVP 0\n", "488")]
    [TestCase("v=0\no=- 1 1 IN IP4 127.0.0.1\ns=-\nc=IN IP4 127.0.0.1\nt=0 0\nm=message 4321 TCP/MSRP *\na=accept-types:image/png\na=path:msrp://127.0.0.1:4321/p1;tcp\na=setup:actpass\n", "488")]
    [TestCase("v=0\no=- 1 1 IN IP4 127.0.0.1\ns=-\nc=IN IP4 127.0.0.1\nt=0 0\nm=message 4321 TCP/MSRP *\na=accept-types:*\na=path:msrp://127.0.0.1:4321/p!;tcp\na=setup:actpass\n", "488", TestName = "A_path_that_MSRP_does_not_have_is_refused")]
    [TestCase("v=0\no=- 1 1 IN IP4 127.0.0.1\ns=-\nc=IN IP4 127.0.0.1\nt=0 0\nm=message 0 TCP/MSRP *\na=accept-types:*\na=path:msrp://127.0.0.1:4321/p1;tcp\n", "488")]
    [Description("PUSH-24")]
    public async Task An_offer_of_which_nothing_can_be_taken_is_refused(string offer, string status)
    {
        _pair = await SessionPair.StartAsync(new PushReceiverOptions { AcceptTypes = ["text/plain"] });
        await using var peer = await WirePeer.StartAsync(_pair.Network, "udp:192.0.2.9:5060");

        await peer.SendAsync("udp:192.0.2.10:5060", SessionText.Invite(offer));

        await peer.WaitForAsync(1);
        Assert.That(peer.Last, Does.StartWith($"SIP/2.0 {status} "));
        await peer.ReplyAsync(SessionText.Ack(peer.Last));
    }

    [Test]
    public async Task Sizes_that_add_up_to_more_than_there_are_numbers_for_are_as_many_as_there_are()
    {
        var lengths = new List<long>();
        _pair = await SessionPair.StartAsync(new PushReceiverOptions
        {
            MaxSize = long.MaxValue,
            DecideAsync = (offer, _) =>
            {
                lengths.Add(offer.Length);
                return ValueTask.FromResult(PushDecision.Reject(603));
            },
        });
        await using var peer = await WirePeer.StartAsync(_pair.Network, "udp:192.0.2.9:5060");
        var offer = SessionText.Offer(4321);
        var media = offer[offer.IndexOf("m=", StringComparison.Ordinal)..];

        await peer.SendAsync("udp:192.0.2.10:5060", SessionText.Invite(
            $"{offer}a=sendonly\na=file-transfer-id:1\na=file-selector:size:9223372036854775807\n{media}a=sendonly\na=file-transfer-id:2\na=file-selector:size:9223372036854775807\n"));

        await peer.WaitForAsync(1);
        Assert.That(peer.Last, Does.StartWith("SIP/2.0 603 "));
        Assert.That(lengths, Is.EqualTo([long.MaxValue]));
        await peer.ReplyAsync(SessionText.Ack(peer.Last));
    }

    [Test]
    public async Task More_sessions_than_there_may_be_are_told_to_come_back()
    {
        _pair = await SessionPair.StartAsync(new PushReceiverOptions { MaximumSessions = 1 });
        await using (await _pair.OpenAsync())
        {
            var refused = Assert.ThrowsAsync<PushException>(() => _pair.OpenAsync());

            Assert.That((refused!.Result.StatusCode, refused.Result.RetryAfter), Is.EqualTo(((int?)480, (TimeSpan?)TimeSpan.FromSeconds(5))));
        }

        await _pair.NothingIsLeftAsync();
        await using var next = await _pair.OpenAsync();
    }

    [Test]
    public async Task A_body_that_is_no_session_description_is_answered_415()
    {
        _pair = await SessionPair.StartAsync();
        await using var peer = await WirePeer.StartAsync(_pair.Network, "udp:192.0.2.9:5060");

        await peer.SendAsync("udp:192.0.2.10:5060", SessionText.Invite("hello", "text/plain"));

        await peer.WaitForAsync(1);
        Assert.That(peer.Last, Does.StartWith("SIP/2.0 415 ").And.Contains("\r\nAccept: application/sdp, multipart/related\r\n"));
        await peer.ReplyAsync(SessionText.Ack(peer.Last));
    }

    [TestCase("", "The answer can't be read")]
    [TestCase("nonsense", "The answer can't be read")]
    [TestCase("v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\nm=message 0 TCP/MSRP *\r\n", "The session was not taken: ByPeer")]
    [TestCase("v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\nm=message 4321 TCP/MSRP *\r\na=accept-types:*\r\na=path:msrp://127.0.0.1:4321/p!;tcp\r\na=setup:passive\r\n", "The path of the far end is none", TestName = "A_path_that_MSRP_does_not_have_makes_no_session")]
    [Description("PUSH-24")]
    public async Task An_answer_that_makes_no_session_is_acknowledged_and_ended_with_BYE(string answer, string reason)
    {
        _pair = await SessionPair.StartAsync();
        await using var peer = await AnsweringAsync(answer);

        var failure = Assert.ThrowsAsync<PushException>(() => _pair.Sender.OpenSessionAsync(SessionWire.Al).AsTask().WaitAsync(SessionPair.Patience));

        Assert.That((failure!.Result.Outcome, failure.Result.Reason), Is.EqualTo((PushOutcome.Refused, reason)));
        Assert.That(peer.Messages.Select(SessionWire.Method), Is.EqualTo(new[] { "INVITE", "ACK", "BYE" }));
    }

    [Test]
    public async Task A_far_end_that_answers_and_never_connects_is_connected_to_and_then_left_with_BYE()
    {
        _pair = await SessionPair.StartAsync();
        await using var peer = await AnsweringAsync(SessionText.Offer(1).Replace("actpass", "active", StringComparison.Ordinal).ReplaceLineEndings("\r\n"));

        var opening = _pair.Sender.OpenSessionAsync(SessionWire.Al).AsTask();
        var failure = Assert.ThrowsAsync<PushException>(() => _pair.PassTimeAsync(opening));

        Assert.That(failure!.Result.Outcome, Is.EqualTo(PushOutcome.TransportFailed));
        Assert.That(failure.Result.Elapsed.TotalSeconds, Is.InRange(29, 34));
        Assert.That(peer.Messages.Select(SessionWire.Method), Is.EqualTo(new[] { "INVITE", "ACK", "BYE" }));
    }

    [Test]
    public async Task A_BYE_before_the_connection_ends_the_attempt()
    {
        _pair = await SessionPair.StartAsync();
        await using var peer = await AnsweringAsync(SessionText.Offer(1).Replace("actpass", "active", StringComparison.Ordinal).ReplaceLineEndings("\r\n"));

        var opening = _pair.Sender.OpenSessionAsync(SessionWire.Al).AsTask();
        await peer.WaitForAsync(2);
        await peer.SendAsync("udp:192.0.2.20:5060", SessionWire.FromFarEnd(peer.Messages[0], "BYE", 1).Replace("192.0.2.1:5060", "192.0.2.20:5060", StringComparison.Ordinal));

        var failure = Assert.ThrowsAsync<PushException>(() => opening.WaitAsync(SessionPair.Patience));
        Assert.That((failure!.Result.Outcome, failure.Result.Reason), Is.EqualTo((PushOutcome.TransportFailed, "The far end has ended the session before it was connected")));
    }

    [Test]
    public async Task Of_a_forked_INVITE_the_first_answer_is_the_session_and_the_other_is_ended()
    {
        _pair = await SessionPair.StartAsync();
        await using var peer = await WirePeer.StartAsync(_pair.Network, "udp:192.0.2.9:5060");
        await using var far = _pair.StartMedia();
        await using var bound = far.CreateSession();
        var answer = SessionText.Offer(far.LocalEndPoint!.Port, bound.LocalUri.SessionId!).Replace("actpass", "passive", StringComparison.Ordinal).ReplaceLineEndings("\r\n");

        var opening = _pair.Sender.OpenSessionAsync(SessionWire.Al).AsTask();
        await peer.WaitForAsync(1);
        var invite = peer.Last;
        peer.Answer = text => SessionWire.Method(text) == "BYE" ? SessionWire.Reply(text, "200 OK") : null;
        await peer.ReplyAsync(SessionWire.Reply(invite, "180 Ringing", tag: "one"));
        await peer.ReplyAsync(SessionWire.Reply(invite, "183 Session Progress", tag: "two"));
        await peer.ReplyAsync(SessionWire.Reply(invite, "200 OK", tag: "two", body: answer));
        await peer.ReplyAsync(SessionWire.Reply(invite, "200 OK", tag: "one", body: answer));
        await bound.StartAsync(new SipPush.Msrp.MsrpRemote { Path = SipPush.Msrp.MsrpPath.Parse(SessionText.PathOf(invite)), Role = SipPush.Msrp.MsrpRole.Passive }).AsTask().WaitAsync(SessionPair.Patience);
        var session = await opening.WaitAsync(SessionPair.Patience);

        await peer.WaitForAsync(4);
        Assert.That(session.Call.Dialog.Id.RemoteTag, Is.EqualTo("two"));
        Assert.That(peer.Messages.Where(text => SessionWire.Method(text) == "BYE").Select(text => SessionWire.Tag(text, "To")), Is.EqualTo(new[] { "one" }));
        await session.DisposeAsync();
    }

    /// <summary>Whose TLS it is that the other lacks.</summary>
    public enum TlsOf
    {
        Sender,
        Receiver,
    }

    private async Task<WirePeer> AnsweringAsync(string answer)
    {
        var peer = await WirePeer.StartAsync(_pair.Network, "udp:192.0.2.9:5060");
        peer.Answer = text => SessionWire.Method(text) is "INVITE" or "BYE" ? SessionWire.Reply(text, "200 OK", body: SessionWire.Method(text) == "INVITE" ? answer : "") : null;
        return peer;
    }
}
