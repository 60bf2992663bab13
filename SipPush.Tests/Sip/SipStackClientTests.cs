using SipPush.Sip;
using SipPush.Tests.Support;

namespace SipPush.Tests.Sip;

/// <summary>The client side of the stack, on the wire.</summary>
public sealed class SipStackClientTests
{
    private readonly ManualTimeProvider _clock = new();
    private MemoryNetwork _network = null!;
    private WirePeer _peer = null!;
    private SipStack _stack = null!;

    [SetUp]
    public async Task Start()
    {
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
        });
    }

    [TearDown]
    public async Task Stop()
    {
        await _stack.DisposeAsync();
        await _peer.DisposeAsync();
    }

    [Test]
    public async Task A_request_goes_out_with_a_Via_of_its_own_and_its_answer_comes_back()
    {
        _peer.Answer = request => WirePeer.ResponseTo(request, "200 OK");

        var result = await _stack.SendAsync(Options());

        // SIP-16, SIP-47
        Assert.That(_peer.Messages, Is.EqualTo([
            """
            OPTIONS sip:192.0.2.9 SIP/2.0
            Via: SIP/2.0/UDP 192.0.2.1:5060;branch=z9hG4bK00000001000000000000000000000000;rport
            Max-Forwards: 70
            From: <sip:psa@example.com>;tag=1
            To: <sip:192.0.2.9>
            Call-ID: c1
            CSeq: 1 OPTIONS
            Content-Length: 0


            """.ReplaceLineEndings("\r\n")]).Using<string>(SameButForBranch));
        Assert.That(result.Outcome, Is.EqualTo(SipTransactionOutcome.Answered));
        Assert.That(result.Response!.StatusCode, Is.EqualTo(200));
        Assert.That(_stack.Layer.Count(), Is.EqualTo((0, 0, 0, 0)));
    }

    [Test]
    public async Task Without_an_answer_it_is_repeated_by_timer_E_and_given_up_by_timer_F()
    {
        var times = new List<double>();
        _peer.Heard = _ => times.Add(_clock.Elapsed.TotalSeconds);
        var sending = _stack.SendAsync(Options()).AsTask();

        _clock.Advance(TimeSpan.FromMinutes(1));

        // SIP-25
        Assert.That((await sending).Outcome, Is.EqualTo(SipTransactionOutcome.TimedOut));
        Assert.That(times, Is.EqualTo([0, .5, 1.5, 3.5, 7.5, 11.5, 15.5, 19.5, 23.5, 27.5, 31.5]));
        Assert.That(_peer.Messages.Distinct().Count(), Is.EqualTo(1));
        Assert.That(_stack.Layer.Count(), Is.EqualTo((0, 0, 0, 0)));
    }

    [Test]
    public async Task A_provisional_answer_slows_the_repetitions_down()
    {
        var times = new List<double>();
        _peer.Heard = _ => times.Add(_clock.Elapsed.TotalSeconds);
        _peer.Answer = request => times.Count == 1 ? WirePeer.ResponseTo(request, "100 Trying") : null;
        var sending = _stack.SendAsync(Options()).AsTask();

        _clock.Advance(TimeSpan.FromSeconds(9));
        await _peer.ReplyAsync(WirePeer.ResponseTo(_peer.Last, "200 OK"));

        // SIP-26
        Assert.That((await sending).StatusCode, Is.EqualTo(200));
        Assert.That(times, Is.EqualTo([0, .5, 4.5, 8.5]));
    }

    [Test]
    public async Task A_lost_request_is_answered_when_it_is_repeated()
    {
        var packets = 0;
        _network.Fate = packet => packet.To.Address.Address.ToString() == "192.0.2.9" && packets++ < 2 ? MemoryFate.Drop : MemoryFate.Deliver;
        _peer.Answer = request => WirePeer.ResponseTo(request, "200 OK");
        var sending = _stack.SendAsync(Options()).AsTask();

        _clock.Advance(TimeSpan.FromSeconds(2));

        Assert.That((await sending).StatusCode, Is.EqualTo(200));
        Assert.That(_peer.Messages, Has.Count.EqualTo(1));
    }

    [Test]
    public async Task A_stray_or_doubled_answer_is_dropped()
    {
        _peer.Answer = request => WirePeer.ResponseTo(request, "200 OK");
        await _stack.SendAsync(Options());
        var answered = _peer.Last;
        _peer.Answer = null;
        var waiting = _stack.SendAsync(Options()).AsTask();

        // SIP-30: a second answer to what was answered, and one to a branch of nobody's, must not end what still waits.
        await _peer.ReplyAsync(WirePeer.ResponseTo(answered, "500 Again"));
        await _peer.ReplyAsync(WirePeer.ResponseTo(_peer.Last, "500 Other").Replace("z9hG4bK", "z9hG4bKother", StringComparison.Ordinal));
        await _peer.ReplyAsync(WirePeer.ResponseTo(_peer.Last, "200 OK"));

        Assert.That((await waiting).StatusCode, Is.EqualTo(200));
        Assert.That(_stack.Layer.Count(), Is.EqualTo((0, 0, 0, 0)));
    }

    [Test]
    public async Task An_answer_is_matched_by_branch_and_method_whatever_its_CSeq_number()
    {
        // SIP-94, D84
        _peer.Answer = request => WirePeer.ResponseTo(request, "200 OK").Replace("CSeq: 1 ", "CSeq: 2 ", StringComparison.Ordinal);
        Assert.That((await _stack.SendAsync(Options())).StatusCode, Is.EqualTo(200));

        _peer.Answer = request => WirePeer.ResponseTo(request, "200 OK").Replace("CSeq: 1 OPTIONS", "CSeq: 1 MESSAGE", StringComparison.Ordinal);
        var sending = _stack.SendAsync(Options()).AsTask();
        _clock.Advance(TimeSpan.FromMinutes(1));
        Assert.That((await sending).Outcome, Is.EqualTo(SipTransactionOutcome.TimedOut));
    }

    [Test]
    public async Task A_large_request_goes_over_TCP_with_TCP_in_its_Via()
    {
        await using var tcp = await WirePeer.StartAsync(_network, "tcp:192.0.2.9:5060");
        tcp.Answer = request => WirePeer.ResponseTo(request, "200 OK");

        var result = await _stack.SendAsync(Options(bodyLength: 1200));

        // SIP-43
        Assert.That(result.StatusCode, Is.EqualTo(200));
        Assert.That(tcp.Last, Does.Contain("\r\nVia: SIP/2.0/TCP 192.0.2.1:5060;branch="));
        Assert.That(tcp.Last.Split("\r\n")[1], Does.Not.Contain("rport"));
        Assert.That(_peer.Messages, Is.Empty);
    }

    [Test]
    public async Task A_large_request_goes_back_to_UDP_when_TCP_is_refused()
    {
        _peer.Answer = request => WirePeer.ResponseTo(request, "200 OK");

        var result = await _stack.SendAsync(Options(bodyLength: 1200));

        // SIP-44
        Assert.That(result.StatusCode, Is.EqualTo(200));
        Assert.That(_peer.Last, Does.Contain("\r\nVia: SIP/2.0/UDP "));
    }

    [Test]
    public async Task Cancelling_stops_the_repetitions()
    {
        using var cancel = new CancellationTokenSource();
        var sending = _stack.SendAsync(Options(), cancel.Token).AsTask();
        await cancel.CancelAsync();

        Assert.That(async () => await sending, Throws.InstanceOf<OperationCanceledException>());
        _clock.Advance(TimeSpan.FromMinutes(1));
        Assert.That(_peer.Messages, Has.Count.EqualTo(1));
        Assert.That(_stack.Layer.Count(), Is.EqualTo((0, 0, 0, 0)));
    }

    [Test]
    public async Task Nobody_there_on_TCP_is_a_failed_transport()
    {
        var result = await _stack.SendAsync(Options("sip:192.0.2.77;transport=tcp"));

        Assert.That(result.Outcome, Is.EqualTo(SipTransactionOutcome.TransportFailed));
        Assert.That(result.Error, Is.InstanceOf<IOException>());
        Assert.That(result.StatusCode, Is.EqualTo(503));
    }

    [TestCase("sips:192.0.2.9", Description = "SIP-51")]
    [TestCase("tel:+15551234")]
    public async Task A_URI_that_cannot_be_reached_safely_is_not_reached_at_all(string uri)
    {
        Assert.That((await _stack.SendAsync(Options(uri))).Outcome, Is.EqualTo(SipTransactionOutcome.TransportFailed));
        Assert.That(_peer.Messages, Is.Empty);
    }

    [Test]
    public async Task Stopping_the_stack_ends_what_is_under_way()
    {
        var sending = _stack.SendAsync(Options()).AsTask();

        await _stack.DisposeAsync();

        Assert.That((await sending).Outcome, Is.EqualTo(SipTransactionOutcome.TransportFailed));
        Assert.That(_clock.ActiveTimers, Is.Zero);
    }

    private static SipRequest Options(string uri = "sip:192.0.2.9", int bodyLength = 0)
    {
        using var request = new SipRequestBuilder(SipMethod.Options, SipUri.Parse(uri));
        request.Add("Max-Forwards", "70");
        request.Add("From", "<sip:psa@example.com>;tag=1");
        request.Add("To", $"<{uri}>");
        request.Add("Call-ID", "c1");
        request.Add("CSeq", "1 OPTIONS");
        request.Body = new byte[bodyLength];
        return request.Build();
    }

    private static bool SameButForBranch(string left, string right)
    {
        static string Without(string text) => System.Text.RegularExpressions.Regex.Replace(text, "branch=z9hG4bK[0-9a-f]{32}", "branch=…");
        return Without(left) == Without(right);
    }
}
