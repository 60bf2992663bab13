using SipPush.Sip;
using SipPush.Tests.Support;

namespace SipPush.Tests.Sip;

/// <summary>INVITEs as a proxy sends them on, and the ACKs that go with them.</summary>
public sealed class SipInviteTransactionTests
{
    private const string Invite = """
        INVITE sip:bob@192.0.2.9 SIP/2.0
        Via: SIP/2.0/UDP 192.0.2.8:5060;branch=z9hG4bKa1
        Max-Forwards: 69
        Route: <sip:192.0.2.9;lr>
        From: <sip:psa@example.com>;tag=1
        To: <sip:bob@example.com>
        Call-ID: c1
        CSeq: 7 INVITE
        Contact: <sip:psa@192.0.2.8>
        Content-Length: 0
        """;

    private static readonly SipUri Peer = SipUri.Parse("sip:192.0.2.9");

    private readonly ManualTimeProvider _clock = new();
    private MemoryNetwork _network = null!;
    private WirePeer _peer = null!;
    private SipStack _stack = null!;
    private List<SipTarget> _targets = null!;
    private Func<SipServerTransaction, CancellationToken, ValueTask> _handler = null!;
    private List<SipRequest> _acks = null!;

    [SetUp]
    public async Task Start()
    {
        _acks = [];
        _targets = [];
        _network = new MemoryNetwork(_clock);
        _peer = await WirePeer.StartAsync(_network, "udp:192.0.2.9:5060");
        _stack = await SipStack.StartAsync(new SipStackOptions
        {
            Transports =
            [
                new MemoryTransport(_network, SipEndPoint.Parse("udp:192.0.2.1:5060")),
                new MemoryTransport(_network, SipEndPoint.Parse("tcp:192.0.2.1:5060")),
            ],
            TimeProvider = _clock,
            Identifiers = new CountingIdentifiers(),
            LocateAsync = (_, _) => new ValueTask<IReadOnlyList<SipTarget>>(_targets),
            OnRequest = (transaction, token) => _handler(transaction, token),
            OnAck = (ack, _, _) =>
            {
                _acks.Add(ack);
                return ValueTask.CompletedTask;
            },
        });
    }

    [TearDown]
    public async Task Stop()
    {
        await _stack.DisposeAsync();
        await _peer.DisposeAsync();
    }

    [Test, Description("RFC 6026 §7.2")]
    public async Task Every_provisional_response_and_every_2xx_is_handed_up_until_timer_M()
    {
        var invite = Send();
        await AnswerAsync("100 Trying");
        await AnswerAsync("180 Ringing");
        await AnswerAsync("183 Session Progress", "b");
        await AnswerAsync("200 OK");
        await AnswerAsync("200 OK");
        await AnswerAsync("200 OK", "b");
        await AnswerAsync("486 Busy Here", "c");
        _clock.Advance(TimeSpan.FromSeconds(31.9));
        await AnswerAsync("200 OK", "b");
        _clock.Advance(TimeSpan.FromSeconds(0.1));
        await AnswerAsync("200 OK", "b");

        Assert.That(await ReadAsync(invite), Is.EqualTo(["180 a", "183 b", "200 a", "200 a", "200 b", "200 b"]));
        Assert.That((await invite.Completion).Response!.To.Tag.ToString(), Is.EqualTo("a"));
        Assert.That(_peer.Messages, Has.Count.EqualTo(1));
        Assert.That(_stack.Layer.Count(), Is.EqualTo((0, 0, 0, 0)));
    }

    [Test, Description("RFC 3261 §17.1.1.3")]
    public async Task A_refusal_is_acknowledged_here_and_comes_last()
    {
        var invite = Send();
        await AnswerAsync("180 Ringing");
        await AnswerAsync("486 Busy Here");
        await AnswerAsync("486 Busy Here");

        Assert.That(await ReadAsync(invite), Is.EqualTo(["180 a", "486 a"]));
        Assert.That((await invite.Completion).StatusCode, Is.EqualTo(486));
        Assert.That(_peer.Messages.Skip(1), Is.EqualTo(Enumerable.Repeat("""
            ACK sip:bob@192.0.2.9 SIP/2.0
            Via: SIP/2.0/UDP 192.0.2.1:5060;branch=z9hG4bK00000000000000000100000000000000;rport
            Route: <sip:192.0.2.9;lr>
            Max-Forwards: 70
            From: <sip:psa@example.com>;tag=1
            To: <sip:bob@example.com>;tag=a
            Call-ID: c1
            CSeq: 7 ACK
            Content-Length: 0


            """.ReplaceLineEndings("\r\n"), 2)));

        _clock.Advance(TimeSpan.FromSeconds(32));
        Assert.That(_stack.Layer.Count(), Is.EqualTo((0, 0, 0, 0)));
    }

    [Test]
    public async Task The_INVITE_goes_out_with_a_Via_above_the_others()
    {
        var invite = Send();
        await AnswerAsync("486 Busy Here");

        Assert.That(_peer.Messages[0], Is.EqualTo(Invite.Replace(
            "Via: SIP/2.0/UDP 192.0.2.8",
            "Via: SIP/2.0/UDP 192.0.2.1:5060;branch=z9hG4bK00000000000000000100000000000000;rport\nVia: SIP/2.0/UDP 192.0.2.8",
            StringComparison.Ordinal).ReplaceLineEndings("\r\n") + "\r\n\r\n"));
        Assert.That(await ReadAsync(invite), Is.EqualTo(["486 a"]));
    }

    [Test, Description("RFC 3261 §9.1")]
    public async Task CANCEL_waits_for_a_provisional_response_and_its_487_is_handed_up()
    {
        var invite = Send();
        invite.Cancel();
        invite.Cancel();
        Assert.That(_peer.Messages, Has.Count.EqualTo(1));

        await AnswerAsync("100 Trying");
        Assert.That(_peer.Last, Is.EqualTo("""
            CANCEL sip:bob@192.0.2.9 SIP/2.0
            Via: SIP/2.0/UDP 192.0.2.1:5060;branch=z9hG4bK00000000000000000100000000000000;rport
            Route: <sip:192.0.2.9;lr>
            Max-Forwards: 70
            From: <sip:psa@example.com>;tag=1
            To: <sip:bob@example.com>
            Call-ID: c1
            CSeq: 7 CANCEL
            Content-Length: 0


            """.ReplaceLineEndings("\r\n")));

        await _peer.ReplyAsync(WirePeer.ResponseTo(_peer.Last, "200 OK"));
        await AnswerAsync("487 Request Terminated");
        Assert.That(await ReadAsync(invite), Is.EqualTo(["487 a"]));
        Assert.That(_peer.Last, Does.StartWith("ACK "));

        _clock.Advance(TimeSpan.FromSeconds(32));
        Assert.That(_stack.Layer.Count(), Is.EqualTo((0, 0, 0, 0)));
        Assert.That(_peer.Messages.Select(message => message.Split(' ')[0]), Is.EqualTo(["INVITE", "CANCEL", "ACK"]));
    }

    [Test]
    public async Task A_2xx_that_crosses_the_CANCEL_is_handed_up()
    {
        var invite = Send();
        await AnswerAsync("180 Ringing");
        invite.Cancel();
        await AnswerAsync("200 OK");
        _clock.Advance(TimeSpan.FromSeconds(32));

        Assert.That(await ReadAsync(invite), Is.EqualTo(["180 a", "200 a"]));
        Assert.That(_stack.Layer.Count(), Is.EqualTo((0, 0, 0, 0)));
    }

    [Test]
    public async Task After_a_CANCEL_that_brings_nothing_it_ends_within_64_T1()
    {
        var invite = Send();
        await AnswerAsync("180 Ringing");
        _clock.Advance(TimeSpan.FromSeconds(100));
        invite.Cancel();
        _clock.Advance(TimeSpan.FromSeconds(32));

        Assert.That((await invite.Completion).Outcome, Is.EqualTo(SipTransactionOutcome.TimedOut));
        Assert.That(await ReadAsync(invite), Is.EqualTo(["180 a"]));
        Assert.That(_stack.Layer.Count(), Is.EqualTo((0, 0, 0, 0)));
    }

    [Test, Description("RFC 3261 §16.7 step 2, §16.8")]
    public async Task Timer_C_begins_anew_with_each_provisional_response_but_100_and_then_cancels()
    {
        var invite = Send();
        await AnswerAsync("100 Trying");
        _clock.Advance(TimeSpan.FromSeconds(180));
        await AnswerAsync("180 Ringing");
        _clock.Advance(TimeSpan.FromSeconds(180));
        await AnswerAsync("100 Trying");
        Assert.That(_peer.Messages, Has.Count.EqualTo(1));

        _clock.Advance(TimeSpan.FromSeconds(1));
        Assert.That(_peer.Last, Does.StartWith("CANCEL "));

        await _peer.ReplyAsync(WirePeer.ResponseTo(_peer.Last, "200 OK"));
        await AnswerAsync("487 Request Terminated");
        _clock.Advance(TimeSpan.FromSeconds(32));
        Assert.That(await ReadAsync(invite), Is.EqualTo(["180 a", "487 a"]));
        Assert.That(_stack.Layer.Count(), Is.EqualTo((0, 0, 0, 0)));
    }

    [Test]
    public async Task Timer_C_ends_even_a_callee_that_says_nothing_to_the_CANCEL()
    {
        var invite = Send();
        await AnswerAsync("180 Ringing");
        _clock.Advance(TimeSpan.FromSeconds(181 + 32));

        Assert.That((await invite.Completion).StatusCode, Is.EqualTo(408));
        Assert.That(await ReadAsync(invite), Is.EqualTo(["180 a"]));
        Assert.That(_stack.Layer.Count(), Is.EqualTo((0, 0, 0, 0)));
    }

    [Test]
    public async Task Where_nothing_comes_the_end_tells_why()
    {
        var silent = Send();
        _clock.Advance(TimeSpan.FromSeconds(32));
        var unreachable = _stack.SendInvite(SipRequest.Parse(WirePeer.Octets(Invite)), SipUri.Parse("sip:192.0.2.77;transport=tcp"));

        Assert.That((await silent.Completion).Outcome, Is.EqualTo(SipTransactionOutcome.TimedOut));
        Assert.That(await ReadAsync(silent), Is.Empty);
        Assert.That((await unreachable.Completion).Outcome, Is.EqualTo(SipTransactionOutcome.TransportFailed));
        Assert.That(await ReadAsync(unreachable), Is.Empty);
        Assert.That(_stack.Layer.Count(), Is.EqualTo((0, 0, 0, 0)));
    }

    [Test, Description("RFC 3263 §4.3")]
    public async Task A_server_that_answers_503_gives_way_to_the_next_unheard()
    {
        await using var second = await WirePeer.StartAsync(_network, "udp:192.0.2.10:5060");
        _targets.AddRange([new SipTarget(SipEndPoint.Parse("udp:192.0.2.9:5060"), "example.com"), new SipTarget(SipEndPoint.Parse("udp:192.0.2.10:5060"), "example.com")]);

        var invite = _stack.SendInvite(SipRequest.Parse(WirePeer.Octets(Invite)), SipUri.Parse("sip:example.com"));
        await AnswerAsync("503 Service Unavailable");
        await second.WaitForAsync(1);
        await second.ReplyAsync(WirePeer.ResponseTo(second.Messages[0], "486 Busy Here"));

        Assert.That(await ReadAsync(invite), Is.EqualTo(["486 peer"]));
        Assert.That(Branch(second.Messages[0]), Is.Not.EqualTo(Branch(_peer.Messages[0])));
    }

    [Test]
    public async Task What_is_cancelled_is_not_tried_elsewhere()
    {
        await using var second = await WirePeer.StartAsync(_network, "udp:192.0.2.10:5060");
        _targets.AddRange([new SipTarget(SipEndPoint.Parse("udp:192.0.2.9:5060"), "example.com"), new SipTarget(SipEndPoint.Parse("udp:192.0.2.10:5060"), "example.com")]);

        var invite = _stack.SendInvite(SipRequest.Parse(WirePeer.Octets(Invite)), SipUri.Parse("sip:example.com"));
        invite.Cancel();
        await AnswerAsync("503 Service Unavailable");

        Assert.That(await ReadAsync(invite), Is.EqualTo(["503 a"]));
        Assert.That(second.Messages, Is.Empty);
    }

    [Test]
    public async Task Cancelled_while_its_server_is_looked_for_it_is_never_sent()
    {
        var asked = new TaskCompletionSource();
        await using var stack = await SipStack.StartAsync(new SipStackOptions
        {
            Transports = [new MemoryTransport(_network, SipEndPoint.Parse("udp:192.0.2.2:5060"))],
            LocateAsync = async (_, token) =>
            {
                asked.SetResult();
                await Task.Delay(Timeout.InfiniteTimeSpan, _clock, token);
                return [];
            },
        });

        var invite = stack.SendInvite(SipRequest.Parse(WirePeer.Octets(Invite)), SipUri.Parse("sip:example.com"));
        await asked.Task;
        invite.Cancel();

        var end = await invite.Completion;
        Assert.That((end.Outcome, end.Error), Is.EqualTo((SipTransactionOutcome.TransportFailed, end.Error as OperationCanceledException)));
        Assert.That(end.Error, Is.Not.Null);
        Assert.That(await ReadAsync(invite), Is.Empty);
    }

    [Test]
    public async Task What_nobody_reads_is_kept_within_bounds_and_the_end_always_arrives()
    {
        var invite = Send();
        for (var i = 0; i < 100; i++)
        {
            await AnswerAsync("180 Ringing");
        }

        await AnswerAsync("486 Busy Here");

        var read = await ReadAsync(invite);
        Assert.That(read, Has.Count.EqualTo(33));
        Assert.That(read[^1], Is.EqualTo("486 a"));
    }

    [TestCase(false)]
    [TestCase(true)]
    public async Task When_the_stack_stops_it_ends(bool accepted)
    {
        var invite = Send();
        await AnswerAsync("180 Ringing");
        if (accepted)
        {
            await AnswerAsync("200 OK");
        }

        await _stack.DisposeAsync();

        Assert.That((await invite.Completion).Outcome, Is.EqualTo(accepted ? SipTransactionOutcome.Answered : SipTransactionOutcome.TransportFailed));
        Assert.That(await ReadAsync(invite), Is.EqualTo(accepted ? new[] { "180 a", "200 a" } : ["180 a"]));
    }

    [Test, Description("RFC 3261 §16.11")]
    public async Task The_ACK_of_an_unknown_dialog_comes_to_its_handler_and_can_be_sent_on()
    {
        await _peer.SendAsync("udp:192.0.2.1:5060", Ack);
        await _stack.SendAckAsync(_acks.Single());

        Assert.That(_peer.Last, Is.EqualTo(Ack.Replace(
            "Via: ", "Via: SIP/2.0/UDP 192.0.2.1:5060;branch=z9hG4bK00000000000000000100000000000000;rport\nVia: ", StringComparison.Ordinal)
            .Replace("192.0.2.8:5060;branch=z9hG4bKa2", "192.0.2.8:5060;branch=z9hG4bKa2;received=192.0.2.9", StringComparison.Ordinal)
            .ReplaceLineEndings("\r\n") + "\r\n\r\n"));
        Assert.That(_stack.Layer.Count(), Is.EqualTo((0, 0, 0, 0)));
    }

    [Test]
    public async Task The_ACK_of_a_refusal_does_not_come_to_the_handler()
    {
        _handler = async (transaction, token) => await transaction.RespondAsync(486, cancellationToken: token);
        await _peer.SendAsync("udp:192.0.2.1:5060", Invite);
        await _peer.SendAsync("udp:192.0.2.1:5060", Ack.Replace("z9hG4bKa2", "z9hG4bKa1", StringComparison.Ordinal));

        Assert.That(_acks, Is.Empty);
    }

    [Test]
    public void Each_way_to_send_has_its_method()
    {
        var invite = SipRequest.Parse(WirePeer.Octets(Invite));
        var ack = SipRequest.Parse(WirePeer.Octets(Ack));

        Assert.That(() => _stack.SendInvite(ack), Throws.ArgumentException);
        Assert.That(async () => await _stack.SendAckAsync(invite), Throws.ArgumentException);
        Assert.That(async () => await _stack.SendAsync(ack, Peer), Throws.ArgumentException);
        Assert.That(async () => await _stack.SendAckAsync(ack, SipUri.Parse("sip:192.0.2.77;transport=tcp")), Throws.InstanceOf<IOException>());
    }

    [Test, Description("RFC 3261 §16.10")]
    public async Task A_handler_that_passes_an_INVITE_on_answers_it_itself_after_CANCEL()
    {
        var answer = new TaskCompletionSource<int>();
        var cancelled = new TaskCompletionSource();
        _handler = async (transaction, token) =>
        {
            transaction.HandlesCancel = true;
            await using var registration = transaction.Cancelled.Register(cancelled.SetResult);
            await transaction.RespondAsync(await answer.Task, cancellationToken: token);
        };

        await _peer.SendAsync("udp:192.0.2.1:5060", Invite);
        await _peer.SendAsync("udp:192.0.2.1:5060", Invite.Replace("INVITE", "CANCEL", StringComparison.Ordinal));
        await cancelled.Task;
        Assert.That(_peer.Messages.Select(message => message.Split("\r\n")[0]), Is.EqualTo(["SIP/2.0 200 OK"]));

        answer.SetResult(200);
        await _peer.WaitForAsync(2);
        Assert.That(_peer.Last, Does.StartWith("SIP/2.0 200 OK").And.Contain("CSeq: 7 INVITE"));
    }

    [Test]
    public async Task A_handler_that_leaves_on_CANCEL_has_487_sent_for_it()
    {
        _handler = async (transaction, _) =>
        {
            transaction.HandlesCancel = true;
            await Task.Delay(Timeout.InfiniteTimeSpan, _clock, transaction.Cancelled);
        };

        await _peer.SendAsync("udp:192.0.2.1:5060", Invite);
        await _peer.SendAsync("udp:192.0.2.1:5060", Invite.Replace("INVITE", "CANCEL", StringComparison.Ordinal));
        await _peer.WaitForAsync(2);

        Assert.That(_peer.Messages.Select(message => message.Split("\r\n")[0]), Is.EqualTo(["SIP/2.0 200 OK", "SIP/2.0 487 Request Terminated"]));
    }

    [Test, Description("RFC 6026 §7.1")]
    public async Task Further_2xx_are_passed_back_for_64_T1_after_the_first()
    {
        var taken = default(SipServerTransaction);
        _handler = async (transaction, token) =>
        {
            taken = transaction;
            await transaction.RespondAsync(200, cancellationToken: token);
        };

        await _peer.SendAsync("udp:192.0.2.1:5060", Invite);
        var other = new SipResponseBuilder(taken!.Request, 200, "b").Build();
        var refusal = new SipResponseBuilder(taken.Request, 486, "c").Build();
        var passed = await taken.RespondAsync(other);
        var refused = await taken.RespondAsync(refusal);
        _clock.Advance(TimeSpan.FromSeconds(32));
        var late = await taken.RespondAsync(other);

        Assert.That((passed, refused, late), Is.EqualTo((true, false, false)));
        Assert.That(_peer.Messages.Select(message => message.Split("\r\n")[0]), Is.EqualTo(["SIP/2.0 200 OK", "SIP/2.0 200 OK"]));
        Assert.That(_peer.Last, Does.Contain("To: <sip:bob@example.com>;tag=b\r\n"));
    }

    private static string Ack => Invite
        .Replace("INVITE", "ACK", StringComparison.Ordinal)
        .Replace("z9hG4bKa1", "z9hG4bKa2", StringComparison.Ordinal)
        .Replace("To: <sip:bob@example.com>", "To: <sip:bob@example.com>;tag=a", StringComparison.Ordinal);

    private static string Branch(string message) => message.Split("branch=")[1].Split(';')[0];

    private SipInviteTransaction Send() => _stack.SendInvite(SipRequest.Parse(WirePeer.Octets(Invite)), Peer);

    private Task AnswerAsync(string status, string tag = "a") =>
        _peer.SendAsync("udp:192.0.2.1:5060", WirePeer.ResponseTo(_peer.Messages[0], status).Replace(";tag=peer", $";tag={tag}", StringComparison.Ordinal));

    // Status and To tag of all that came.
    private static async Task<List<string>> ReadAsync(SipInviteTransaction invite)
    {
        var read = new List<string>();
        await foreach (var response in invite.ReadResponsesAsync())
        {
            read.Add($"{response.StatusCode} {response.To.Tag}");
        }

        return read;
    }
}
