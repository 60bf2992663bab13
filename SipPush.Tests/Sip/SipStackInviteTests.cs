using SipPush.Sip;
using SipPush.Tests.Support;

namespace SipPush.Tests.Sip;

/// <summary>INVITE transactions on the wire, as a handler has them that keeps no dialogs.</summary>
public sealed class SipStackInviteTests
{
    private const string Invite = """
        INVITE sip:bob@192.0.2.1 SIP/2.0
        Via: SIP/2.0/UDP 192.0.2.9:5060;branch=z9hG4bKa1
        Max-Forwards: 70
        From: <sip:psa@example.com>;tag=1
        To: <sip:bob@example.com>
        Call-ID: c1
        CSeq: 1 INVITE
        Contact: <sip:psa@192.0.2.9>
        Content-Length: 0
        """;

    private readonly ManualTimeProvider _clock = new();
    private MemoryNetwork _network = null!;
    private WirePeer _peer = null!;
    private SipStack _stack = null!;
    private SipRequestHandler _handler = null!;

    private string[] Statuses => [.. _peer.Messages.Select(message => message.Split("\r\n")[0]["SIP/2.0 ".Length..])];

    [SetUp]
    public async Task Start()
    {
        _network = new MemoryNetwork(_clock);
        _peer = await WirePeer.StartAsync(_network, "udp:192.0.2.9:5060");
        _handler = async (transaction, token) => await transaction.RespondAsync(486, cancellationToken: token);
        _stack = await SipStack.StartAsync(new SipStackOptions
        {
            Transports = [new MemoryTransport(_network, SipEndPoint.Parse("udp:192.0.2.1:5060"))],
            TimeProvider = _clock,
            Identifiers = new CountingIdentifiers(),
            OnRequest = (transaction, token) => _handler(transaction, token),
        });
    }

    [TearDown]
    public async Task Stop()
    {
        await _stack.DisposeAsync();
        await _peer.DisposeAsync();
    }

    [Test, Description("SIP-31, SIP-32")]
    public async Task A_refusal_is_repeated_until_its_ACK_and_then_forgotten()
    {
        await SendAsync(Invite);
        _clock.Advance(TimeSpan.FromSeconds(2));

        Assert.That(Statuses, Is.EqualTo(["486 Busy Here", "486 Busy Here", "486 Busy Here"]));

        await SendAsync(Ack("z9hG4bKa1"));
        await SendAsync(Ack("z9hG4bKa1"));
        _clock.Advance(TimeSpan.FromSeconds(30));

        Assert.That(Statuses, Has.Length.EqualTo(3));
        Assert.That(_stack.Layer.Count(), Is.EqualTo((0, 0, 0, 0)));
    }

    [Test, Description("SIP-31")]
    public async Task A_client_of_RFC_2543_acknowledges_without_a_branch()
    {
        var old = Invite.Replace(";branch=z9hG4bKa1", "", StringComparison.Ordinal);
        await SendAsync(old);
        await SendAsync(Ack("z9hG4bKa1").Replace(";branch=z9hG4bKa1", "", StringComparison.Ordinal));
        _clock.Advance(TimeSpan.FromSeconds(40));

        Assert.That(Statuses, Is.EqualTo(["486 Busy Here"]));
        Assert.That(_stack.Layer.Count(), Is.EqualTo((0, 0, 0, 0)));
    }

    [Test, Description("SIP-31")]
    public async Task An_ACK_that_never_comes_is_waited_for_until_timer_H()
    {
        await SendAsync(Invite);
        _clock.Advance(TimeSpan.FromSeconds(31));
        Assert.That(_stack.Layer.Count().Servers, Is.EqualTo(1));

        _clock.Advance(TimeSpan.FromSeconds(1));
        Assert.That(_stack.Layer.Count(), Is.EqualTo((0, 0, 0, 0)));
    }

    [Test]
    public async Task A_handler_that_takes_its_time_has_100_sent_for_it()
    {
        var ringing = new TaskCompletionSource();
        _handler = async (transaction, token) =>
        {
            await ringing.Task;
            await transaction.RespondAsync(180, cancellationToken: token);
            await transaction.RespondAsync(200, cancellationToken: token);
        };

        await SendAsync(Invite);
        await SendAsync(Invite);
        _clock.Advance(TimeSpan.FromMilliseconds(199));
        Assert.That(Statuses, Is.Empty);

        _clock.Advance(TimeSpan.FromMilliseconds(1));
        await SendAsync(Invite);
        ringing.SetResult();
        await _peer.WaitForAsync(4);
        await SendAsync(Invite);

        // RFC 3261 §17.2.1; the 2xx is the user's to repeat (SIP-28).
        Assert.That(Statuses, Is.EqualTo(["100 Trying", "100 Trying", "180 Ringing", "200 OK"]));
        Assert.That(_peer.Messages[2].Split("\r\n").Single(line => line.StartsWith("To:", StringComparison.Ordinal)),
            Is.EqualTo(_peer.Messages[3].Split("\r\n").Single(line => line.StartsWith("To:", StringComparison.Ordinal))));
    }

    [Test, Description("SIP-18")]
    public async Task CANCEL_is_answered_200_and_its_INVITE_487_with_the_same_tag()
    {
        var cancelled = new TaskCompletionSource();
        _handler = async (transaction, token) =>
        {
            await transaction.RespondAsync(180, cancellationToken: token);
            await using var registration = transaction.Cancelled.Register(cancelled.SetResult);
            await Task.Delay(Timeout.InfiniteTimeSpan, _clock, transaction.Cancelled);
        };

        await SendAsync(Invite);
        await SendAsync(Cancel("z9hG4bKa1"));
        await cancelled.Task;

        Assert.That(Statuses, Is.EqualTo(["180 Ringing", "200 OK", "487 Request Terminated"]));
        Assert.That(_peer.Messages.Select(Tag).Distinct().Count(), Is.EqualTo(1));
        Assert.That(_peer.Messages[1], Does.Contain("CSeq: 1 CANCEL"));

        await SendAsync(Ack("z9hG4bKa1"));
        _clock.Advance(TimeSpan.FromSeconds(40));
        Assert.That(_stack.Layer.Count(), Is.EqualTo((0, 0, 0, 0)));
    }

    [Test]
    public async Task CANCEL_after_the_answer_changes_nothing()
    {
        await SendAsync(Invite);
        await SendAsync(Cancel("z9hG4bKa1"));

        Assert.That(Statuses, Is.EqualTo(["486 Busy Here", "200 OK"]));
    }

    [Test]
    public async Task An_accepted_INVITE_no_longer_counts_against_the_limit()
    {
        await using var stack = await SipStack.StartAsync(new SipStackOptions
        {
            Transports = [new MemoryTransport(_network, SipEndPoint.Parse("udp:192.0.2.3:5060"))],
            TimeProvider = _clock,
            MaximumServerTransactions = 1,
            OnRequest = async (transaction, token) => await transaction.RespondAsync(transaction.Request.CallId == "c1" ? 200 : 486, cancellationToken: token),
        });

        await _peer.SendAsync("udp:192.0.2.3:5060", Invite);
        await _peer.SendAsync("udp:192.0.2.3:5060", Invite.Replace("c1", "c2", StringComparison.Ordinal).Replace("z9hG4bKa1", "z9hG4bKa2", StringComparison.Ordinal));
        await _peer.SendAsync("udp:192.0.2.3:5060", Invite.Replace("c1", "c3", StringComparison.Ordinal).Replace("z9hG4bKa1", "z9hG4bKa3", StringComparison.Ordinal));

        Assert.That(Statuses, Is.EqualTo(["200 OK", "486 Busy Here", "503 Service Unavailable"]));
        _clock.Advance(TimeSpan.FromSeconds(40));
        Assert.That(stack.Layer.Count(), Is.EqualTo((0, 0, 0, 0)));
    }

    [Test]
    public async Task CANCEL_for_nothing_gets_481()
    {
        _handler = (transaction, _) => throw new InvalidOperationException("A CANCEL is the stack's own");
        await using var stack = await SipStack.StartAsync(new SipStackOptions
        {
            Transports = [new MemoryTransport(_network, SipEndPoint.Parse("udp:192.0.2.2:5060"))],
            TimeProvider = _clock,
        });

        await _peer.SendAsync("udp:192.0.2.2:5060", Cancel("z9hG4bKb2"));

        Assert.That(Statuses, Is.EqualTo(["481 Call/Transaction Does Not Exist"]));
    }

    private static string Ack(string branch) => Invite
        .Replace("INVITE", "ACK", StringComparison.Ordinal)
        .Replace("z9hG4bKa1", branch, StringComparison.Ordinal)
        .Replace("To: <sip:bob@example.com>", "To: <sip:bob@example.com>;tag=2", StringComparison.Ordinal);

    private static string Cancel(string branch) => Invite
        .Replace("INVITE", "CANCEL", StringComparison.Ordinal)
        .Replace("z9hG4bKa1", branch, StringComparison.Ordinal);

    private static string Tag(string message) =>
        message.Split("\r\n").Single(line => line.StartsWith("To:", StringComparison.Ordinal)).Split(";tag=")[1];

    private Task SendAsync(string text) => _peer.SendAsync("udp:192.0.2.1:5060", text);
}
