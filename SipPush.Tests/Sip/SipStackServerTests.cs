using Microsoft.Extensions.Logging;
using SipPush.Sip;
using SipPush.Tests.Support;

namespace SipPush.Tests.Sip;

/// <summary>The server side of the stack, on the wire: literal text in, literal text out.</summary>
public sealed class SipStackServerTests
{
    private const string Message = """
        MESSAGE sip:bob@192.0.2.1 SIP/2.0
        Via: SIP/2.0/UDP 192.0.2.9:5060;branch=z9hG4bKa1
        Max-Forwards: 70
        From: <sip:psa@example.com>;tag=1
        To: <sip:bob@example.com>
        Call-ID: c1
        CSeq: 1 MESSAGE
        Content-Type: text/plain
        Content-Length: 5

        hello
        """;

    private readonly ManualTimeProvider _clock = new();
    private MemoryNetwork _network = null!;
    private WirePeer _peer = null!;
    private SipStack _stack = null!;
    private List<SipRequest> _seen = null!;
    private SipRequestHandler _handler = null!;

    [SetUp]
    public async Task Start()
    {
        _network = new MemoryNetwork(_clock);
        _peer = await WirePeer.StartAsync(_network, "udp:192.0.2.9:5060");
        _seen = [];
        _handler = async (transaction, token) =>
        {
            _seen.Add(transaction.Request);
            await transaction.RespondAsync(200, cancellationToken: token);
        };
        _stack = await SipStack.StartAsync(new SipStackOptions
        {
            Transports = [new MemoryTransport(_network, SipEndPoint.Parse("udp:192.0.2.1:5060"))],
            TimeProvider = _clock,
            Identifiers = new CountingIdentifiers(),
            MaximumServerTransactions = 3,
            OnRequest = (transaction, token) => _handler(transaction, token),
        });
    }

    [TearDown]
    public async Task Stop()
    {
        await _stack.DisposeAsync();
        await _peer.DisposeAsync();
    }

    [Test]
    public async Task A_request_is_answered_with_its_own_Via_From_To_CallId_and_CSeq()
    {
        await _peer.SendAsync("udp:192.0.2.1:5060", Message);

        // SIP-13, SIP-14; nothing is added to a Via that tells the truth.
        Assert.That(_peer.Messages, Is.EqualTo([
            """
            SIP/2.0 200 OK
            Via: SIP/2.0/UDP 192.0.2.9:5060;branch=z9hG4bKa1
            From: <sip:psa@example.com>;tag=1
            To: <sip:bob@example.com>;tag=0000000000000001
            Call-ID: c1
            CSeq: 1 MESSAGE
            Content-Length: 0


            """.ReplaceLineEndings("\r\n")]));
    }

    [TestCase("Via: SIP/2.0/UDP pra.example.com;rport;branch=z9hG4bKa1", "Via: SIP/2.0/UDP pra.example.com;rport=5060;branch=z9hG4bKa1;received=192.0.2.9", Description = "SIP-46")]
    [TestCase("Via: SIP/2.0/UDP pra.example.com;branch=z9hG4bKa1", "Via: SIP/2.0/UDP pra.example.com;branch=z9hG4bKa1;received=192.0.2.9", Description = "SIP-45")]
    [TestCase("Via: SIP/2.0/UDP pra.example.com;branch=z9hG4bKa1;received=203.0.113.5", "Via: SIP/2.0/UDP pra.example.com;branch=z9hG4bKa1;received=192.0.2.9")]
    [TestCase("v: SIP / 2.0 / UDP pra.example.com ;branch= z9hG4bKa1, SIP/2.0/TCP far.example.com;branch=z9hG4bKx", "Via: SIP / 2.0 / UDP pra.example.com;branch=z9hG4bKa1;received=192.0.2.9, SIP/2.0/TCP far.example.com;branch=z9hG4bKx", Description = "SIP-03")]
    [TestCase("Via: SIP/2.0/UDP pra.example.com;rport;rport;rport;rport;rport;rport;rport;rport;rport;rport;rport;rport;rport;rport;rport;rport;rport;rport;rport;rport;branch=z9hG4bKa1", "Via: SIP/2.0/UDP pra.example.com;rport=5060;branch=z9hG4bKa1;received=192.0.2.9")]
    public async Task The_top_Via_tells_where_the_request_came_from(string sent, string answered)
    {
        await _peer.SendAsync("udp:192.0.2.1:5060", Message.Replace("Via: SIP/2.0/UDP 192.0.2.9:5060;branch=z9hG4bKa1", sent, StringComparison.Ordinal));

        Assert.That(_peer.Last.Split("\r\n")[1], Is.EqualTo(answered));
        Assert.That(_seen[0].Body.Length, Is.EqualTo(5));
        Assert.That(_seen[0].CallId.ToString(), Is.EqualTo("c1"));
    }

    [Test]
    public async Task A_retransmission_gets_the_same_answer_until_timer_J_and_is_delivered_once()
    {
        await _peer.SendAsync("udp:192.0.2.1:5060", Message);
        _clock.Advance(TimeSpan.FromSeconds(31.9));
        await _peer.SendAsync("udp:192.0.2.1:5060", Message);

        // SIP-33: octet for octet.
        Assert.That(_peer.Messages, Has.Count.EqualTo(2));
        Assert.That(_peer.Messages[1], Is.EqualTo(_peer.Messages[0]));
        Assert.That(_seen, Has.Count.EqualTo(1));

        _clock.Advance(TimeSpan.FromSeconds(0.2));
        await _peer.SendAsync("udp:192.0.2.1:5060", Message);
        Assert.That(_seen, Has.Count.EqualTo(2));
    }

    [Test]
    public async Task A_request_that_came_over_two_ways_is_answered_482_the_second_time()
    {
        await _peer.SendAsync("udp:192.0.2.1:5060", Message);
        await _peer.SendAsync("udp:192.0.2.1:5060", Message.Replace("z9hG4bKa1", "z9hG4bKa2", StringComparison.Ordinal));

        // SIP-38
        Assert.That(_peer.Last, Does.StartWith("SIP/2.0 482 "));
        Assert.That(_seen, Has.Count.EqualTo(1));
    }

    [Test]
    public async Task While_the_handler_thinks_a_retransmission_is_silent_and_a_100_goes_out_after_3_5_seconds()
    {
        var answer = new TaskCompletionSource();
        _handler = async (transaction, token) =>
        {
            await answer.Task;
            await transaction.RespondAsync(200, cancellationToken: token);
        };

        await _peer.SendAsync("udp:192.0.2.1:5060", Message);
        await _peer.SendAsync("udp:192.0.2.1:5060", Message);
        _clock.Advance(TimeSpan.FromSeconds(3.4));
        Assert.That(_peer.Messages, Is.Empty);

        // SIP-35
        _clock.Advance(TimeSpan.FromSeconds(0.2));
        Assert.That(_peer.Messages.Select(StatusLine), Is.EqualTo(["SIP/2.0 100 Trying"]));
        await _peer.SendAsync("udp:192.0.2.1:5060", Message);
        Assert.That(_peer.Messages.Select(StatusLine), Is.EqualTo(["SIP/2.0 100 Trying", "SIP/2.0 100 Trying"]));

        answer.SetResult();
        Assert.That(await Interop.Poll.UntilAsync(() => _peer.Messages.Count == 3, TimeSpan.FromSeconds(10)), Is.True);
        Assert.That(_peer.Last, Does.StartWith("SIP/2.0 200 OK"));
    }

    [TestCase("CSeq: 1 MESSAGE", "CSeq: 1 REGISTER", "400 Bad CSeq")]
    [TestCase("CSeq: 1 MESSAGE", "CSeq: 4294967296 MESSAGE", "400 Bad CSeq")]
    [TestCase("Call-ID: c1\n", "", "400 Bad Call-ID")]
    [TestCase("Content-Length: 5", "Content-Length: 500", "400 Body Shorter Than Content-Length", Description = "SIP-08")]
    [TestCase("Content-Length: 5", "Content-Length: -5", "400 Bad Content-Length")]
    [TestCase("SIP/2.0\nVia", "SIP/7.0\nVia", "505 Version Not Supported", Description = "SIP-11")]
    [TestCase("MESSAGE sip:bob@192.0.2.1 SIP/2.0", "MESSAGE sip:bob@192.0.2.1  SIP/2.0", "400 Malformed Request-Line", Description = "SIP-09")]
    [TestCase("Max-Forwards: 70", "Max-Forwards", "400 Malformed Header Line")]
    public async Task A_malformed_request_is_answered_and_goes_no_further(string from, string to, string status)
    {
        await _peer.SendAsync("udp:192.0.2.1:5060", Message.ReplaceLineEndings("\n").Replace(from, to, StringComparison.Ordinal));

        Assert.That(_peer.Messages.Select(StatusLine), Is.EqualTo([$"SIP/2.0 {status}"]));
        Assert.That(_seen, Is.Empty);
        Assert.That(_stack.Layer.Count(), Is.EqualTo((0, 0, 0, 0)));
    }

    [TestCase("Via: SIP/2.0/UDP 192.0.2.9:5060;branch=z9hG4bKa1\n", "")]
    [TestCase("192.0.2.9:5060", "psa@example.com", Description = "D18")]
    [TestCase("MESSAGE", "ACK")]
    [TestCase("MESSAGE sip:bob@192.0.2.1 SIP/2.0", "SIP/2.0 200 OK")]
    public async Task What_cannot_or_must_not_be_answered_is_dropped(string from, string to)
    {
        await _peer.SendAsync("udp:192.0.2.1:5060", Message.ReplaceLineEndings("\n").Replace(from, to, StringComparison.Ordinal));

        Assert.That(_peer.Messages, Is.Empty);
        Assert.That(_seen, Is.Empty);
    }

    [Test]
    public async Task A_handler_that_fails_or_forgets_to_answer_gives_500()
    {
        _handler = (_, _) => throw new InvalidOperationException("broken");
        await _peer.SendAsync("udp:192.0.2.1:5060", Message);
        Assert.That(StatusLine(_peer.Last), Is.EqualTo("SIP/2.0 500 Server Internal Error"));

        _handler = (_, _) => ValueTask.CompletedTask;
        await _peer.SendAsync("udp:192.0.2.1:5060", Message.Replace("c1", "c2", StringComparison.Ordinal));
        Assert.That(StatusLine(_peer.Last), Is.EqualTo("SIP/2.0 500 Server Internal Error"));
    }

    [Test]
    public async Task Over_the_limit_of_transactions_the_answer_is_503_with_RetryAfter()
    {
        var never = new TaskCompletionSource();
        _handler = async (_, token) => await never.Task.WaitAsync(token);

        for (var i = 0; i < 4; i++)
        {
            await _peer.SendAsync("udp:192.0.2.1:5060", Message.Replace("c1", $"call{i}", StringComparison.Ordinal).Replace("a1", $"a{i}", StringComparison.Ordinal));
        }

        Assert.That(_peer.Messages.Select(StatusLine), Is.EqualTo(["SIP/2.0 503 Service Unavailable"]));
        Assert.That(_peer.Last, Does.Contain("\r\nRetry-After: 5\r\n"));
    }

    [Test]
    public async Task The_limit_of_transactions_is_logged_once_in_5_s()
    {
        using var log = new RecordingLog();
        await using var stack = await SipStack.StartAsync(new SipStackOptions
        {
            Transports = [new MemoryTransport(_network, SipEndPoint.Parse("udp:192.0.2.2:5060"))],
            TimeProvider = _clock,
            LoggerFactory = log,
            MaximumServerTransactions = 1,
            OnRequest = async (_, token) => await Task.Delay(Timeout.InfiniteTimeSpan, _clock, token),
        });

        foreach (var (seconds, call) in new[] { (0, "a"), (0, "b"), (0, "c"), (4, "d"), (1, "e"), (0, "f") })
        {
            _clock.Advance(TimeSpan.FromSeconds(seconds));
            await _peer.SendAsync("udp:192.0.2.2:5060", Message.Replace("c1", call, StringComparison.Ordinal).Replace("z9hG4bKa1", $"z9hG4bK{call}", StringComparison.Ordinal));
        }

        log.Log(LogLevel.Information, default, "end", null, (text, _) => text);
        var lines = new List<string>();
        while (await log.NextAsync() is var line && line != "0 end")
        {
            lines.Add(line);
        }

        Assert.That(lines.Where(line => line.StartsWith("1006", StringComparison.Ordinal)), Is.EqualTo(Enumerable.Repeat("1006 Over 1 server transactions are under way: 503", 2)));
    }

    [Test]
    public async Task Without_rport_the_answer_goes_to_the_port_in_sentby()
    {
        await using var listener = await WirePeer.StartAsync(_network, "udp:192.0.2.9:6000");
        var request = Message.Replace("192.0.2.9:5060", "192.0.2.9:6000", StringComparison.Ordinal);
        await _peer.SendAsync("udp:192.0.2.1:5060", request);
        await _peer.SendAsync("udp:192.0.2.1:5060", request);

        // RFC 3261 §18.2.2, also for the answer to a repetition.
        Assert.That(_peer.Messages, Is.Empty);
        Assert.That(listener.Messages.Select(StatusLine), Is.EqualTo(["SIP/2.0 200 OK", "SIP/2.0 200 OK"]));
    }

    [Test]
    public async Task Completed_transactions_leave_nothing_behind_after_timer_J()
    {
        for (var i = 0; i < 100; i++)
        {
            await _peer.SendAsync("udp:192.0.2.1:5060", Message.Replace("c1", $"call{i}", StringComparison.Ordinal).Replace("a1", $"a{i}", StringComparison.Ordinal));
        }

        Assert.That(_stack.Layer.Count(), Is.EqualTo((0, 0, 100, 0)));
        _clock.Advance(TimeSpan.FromSeconds(34));
        Assert.That(_stack.Layer.Count(), Is.EqualTo((0, 0, 0, 0)));
    }

    private static string StatusLine(string message) => message.Split("\r\n")[0];
}
