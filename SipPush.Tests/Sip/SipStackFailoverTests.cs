using SipPush.Sip;
using SipPush.Tests.Sip.Location;
using SipPush.Tests.Support;

namespace SipPush.Tests.Sip;

/// <summary>When one server of a domain does not serve the next one is tried (RFC 3263 §4.3), on the wire.</summary>
public sealed class SipStackFailoverTests
{
    private readonly ManualTimeProvider _clock = new();
    private MemoryNetwork _network = null!;
    private WirePeer _first = null!;
    private WirePeer _second = null!;
    private SipStack _stack = null!;
    private SipTarget[] _targets = [];

    [SetUp]
    public async Task Start()
    {
        _network = new MemoryNetwork(_clock);
        _first = await WirePeer.StartAsync(_network, "udp:192.0.2.1:5060");
        _second = await WirePeer.StartAsync(_network, "udp:192.0.2.2:5060");
        _targets = Targets("udp:192.0.2.1:5060", "udp:192.0.2.2:5060");
        _stack = await SipStack.StartAsync(new SipStackOptions
        {
            Transports =
            [
                new MemoryTransport(_network, SipEndPoint.Parse("udp:192.0.2.9:5060")),
                new MemoryTransport(_network, SipEndPoint.Parse("tcp:192.0.2.9:5060")),
            ],
            TimeProvider = _clock,
            Identifiers = new CountingIdentifiers(),
            LocateAsync = (_, _) => ValueTask.FromResult<IReadOnlyList<SipTarget>>(_targets),
        });
        _second.Answer = request => WirePeer.ResponseTo(request, "200 OK");
    }

    [TearDown]
    public async Task Stop()
    {
        await _stack.DisposeAsync();
        await _first.DisposeAsync();
        await _second.DisposeAsync();
    }

    [Test]
    [Description("SIP-50")]
    public async Task After_503_the_next_is_tried_with_a_new_branch_and_all_else_as_it_was()
    {
        _first.Answer = request => WirePeer.ResponseTo(request, "503 Service Unavailable");

        var result = await _stack.SendAsync(Options());

        Assert.That(result.StatusCode, Is.EqualTo(200));
        Assert.That(Branch(_first.Last), Is.Not.EqualTo(Branch(_second.Last)));
        Assert.That(_second.Last.Replace(Branch(_second.Last), Branch(_first.Last), StringComparison.Ordinal), Is.EqualTo(_first.Last));
        Assert.That(_stack.Layer.Count(), Is.EqualTo((0, 0, 0, 0)));
    }

    [Test]
    [Description("SIP-50")]
    public async Task Without_any_answer_in_time_the_next_is_tried()
    {
        var sending = _stack.SendAsync(Options()).AsTask();
        _clock.Advance(TimeSpan.FromSeconds(31.9));
        Assert.That(_second.Messages, Is.Empty);

        _clock.Advance(TimeSpan.FromSeconds(0.1));

        Assert.That((await sending).StatusCode, Is.EqualTo(200));
        Assert.That(_first.Messages.Select(Branch).Distinct().Count(), Is.EqualTo(1));
        Assert.That(Branch(_second.Last), Is.Not.EqualTo(Branch(_first.Last)));
    }

    [Test]
    [Description("SIP-50")]
    public async Task One_that_has_the_request_and_answers_too_late_is_not_followed_by_another()
    {
        _first.Answer = request => WirePeer.ResponseTo(request, "100 Trying");
        var sending = _stack.SendAsync(Options()).AsTask();

        _clock.Advance(TimeSpan.FromSeconds(32));

        Assert.That((await sending).Outcome, Is.EqualTo(SipTransactionOutcome.TimedOut));
        Assert.That(_second.Messages, Is.Empty);
    }

    [Test]
    [Description("SIP-50")]
    public async Task Where_a_connection_is_refused_the_next_is_tried()
    {
        _targets = Targets("tcp:192.0.2.1:5060", "udp:192.0.2.2:5060");

        Assert.That((await _stack.SendAsync(Options())).StatusCode, Is.EqualTo(200));
        Assert.That(_second.Last, Does.Contain("Via: SIP/2.0/UDP "));
    }

    [Test]
    [Description("SIP-50")]
    public async Task Where_a_connection_is_lost_before_the_answer_the_next_is_tried()
    {
        var dying = await WirePeer.StartAsync(_network, "tcp:192.0.2.1:5060");
        _targets = Targets("tcp:192.0.2.1:5060", "udp:192.0.2.2:5060");
        var sending = _stack.SendAsync(Options()).AsTask();

        await dying.DisposeAsync();

        Assert.That((await sending).StatusCode, Is.EqualTo(200));
    }

    [TestCase("200 OK")]
    [TestCase("302 Moved")]
    [TestCase("404 Not Found")]
    [TestCase("408 Request Timeout")]
    [TestCase("500 Server Internal Error")]
    [TestCase("600 Busy Everywhere")]
    public async Task Any_other_answer_is_the_answer(string statusLine)
    {
        _first.Answer = request => WirePeer.ResponseTo(request, statusLine);

        var result = await _stack.SendAsync(Options());

        Assert.That(result.Response!.ReasonPhrase, Is.EqualTo(statusLine[4..]));
        Assert.That(_second.Messages, Is.Empty);
    }

    [Test]
    public async Task When_all_fail_the_last_answer_stands()
    {
        _targets = Targets("tcp:192.0.2.7:5060", "udp:192.0.2.1:5060", "tcp:192.0.2.8:5060");
        _first.Answer = request => WirePeer.ResponseTo(request, "503 Service Unavailable");

        var result = await _stack.SendAsync(Options());

        Assert.That(result.Outcome, Is.EqualTo(SipTransactionOutcome.Answered));
        Assert.That(result.Response!.ReasonPhrase, Is.EqualTo("Service Unavailable"));
    }

    [Test]
    public async Task When_none_can_be_reached_the_transport_has_failed()
    {
        _targets = Targets("tcp:192.0.2.7:5060", "tcp:192.0.2.8:5060");

        var result = await _stack.SendAsync(Options());

        Assert.That(result.Outcome, Is.EqualTo(SipTransactionOutcome.TransportFailed));
        Assert.That(result.Error!.Message, Does.Contain("192.0.2.7"));
    }

    [TestCase(null, 30)]
    [TestCase("Retry-After: 120", 120)]
    public async Task One_that_failed_is_left_in_peace_for_a_while(string? header, int seconds)
    {
        _first.Answer = request => WirePeer.ResponseTo(request, "503 Service Unavailable", header is null ? [] : [header]);
        await _stack.SendAsync(Options());
        _first.Answer = request => WirePeer.ResponseTo(request, "200 OK");

        _clock.Advance(TimeSpan.FromSeconds(seconds - 1));
        await _stack.SendAsync(Options());
        Assert.That(_first.Messages, Has.Count.EqualTo(1));

        _clock.Advance(TimeSpan.FromSeconds(1));
        await _stack.SendAsync(Options());
        Assert.That(_first.Messages, Has.Count.EqualTo(2));
        Assert.That(_second.Messages, Has.Count.EqualTo(2));
    }

    [Test]
    [Description("SIP-49, SIP-50")]
    public async Task Without_a_lookup_of_the_applications_own_the_DNS_is_asked()
    {
        await using var dns = new FakeDnsServer();
        dns.Serve(new Dictionary<string, string[]>
        {
            ["_sip._udp.example.com 33"] = ["_sip._udp.example.com 60 SRV 2 0 5060 second.example.com", "_sip._udp.example.com 60 SRV 1 0 5060 first.example.com"],
            ["first.example.com 1"] = ["first.example.com 60 A 192.0.2.1"],
            ["second.example.com 1"] = ["second.example.com 60 A 192.0.2.2"],
        });
        await using var stack = await SipStack.StartAsync(new SipStackOptions
        {
            Transports = [new MemoryTransport(_network, SipEndPoint.Parse("udp:192.0.2.8:5060"))],
            TimeProvider = _clock,
            Identifiers = new CountingIdentifiers(),
            Dns = new DnsOptions { Servers = [dns.Address] },
        });
        _first.Answer = request => WirePeer.ResponseTo(request, "503 Service Unavailable");

        var result = await stack.SendAsync(Options());

        Assert.That(result.StatusCode, Is.EqualTo(200));
        Assert.That(_first.Messages, Has.Count.EqualTo(1));
        Assert.That(dns.Questions.Take(2), Is.EqualTo(["udp example.com 35", "udp _sip._udp.example.com 33"]));
    }

    [Test]
    public async Task A_lookup_that_finds_nobody_is_a_failed_transport()
    {
        _targets = [];

        var result = await _stack.SendAsync(Options());

        Assert.That(result.Outcome, Is.EqualTo(SipTransactionOutcome.TransportFailed));
        Assert.That(result.Error!.Message, Does.Contain("sip:example.com"));
    }

    [Test]
    public async Task Cancelling_tries_no_other()
    {
        using var cancel = new CancellationTokenSource();
        var sending = _stack.SendAsync(Options(), cancel.Token).AsTask();
        await cancel.CancelAsync();

        Assert.That(async () => await sending, Throws.InstanceOf<OperationCanceledException>());
        Assert.That(_second.Messages, Is.Empty);
    }

    [Test]
    public async Task Stopping_the_stack_tries_no_other()
    {
        var sending = _stack.SendAsync(Options()).AsTask();

        await _stack.DisposeAsync();

        Assert.That((await sending).Outcome, Is.EqualTo(SipTransactionOutcome.TransportFailed));
        Assert.That(_second.Messages, Is.Empty);
        Assert.That(_clock.ActiveTimers, Is.Zero);
    }

    private static SipTarget[] Targets(params string[] endPoints) => [.. endPoints.Select(endPoint => new SipTarget(SipEndPoint.Parse(endPoint), "example.com"))];

    private static string Branch(string request)
    {
        var start = request.IndexOf("branch=", StringComparison.Ordinal) + "branch=".Length;
        return request[start..request.IndexOfAny([';', '\r'], start)];
    }

    private static SipRequest Options()
    {
        using var request = new SipRequestBuilder(SipMethod.Options, SipUri.Parse("sip:example.com"));
        request.Add("Max-Forwards", "70");
        request.Add("From", "<sip:psa@example.com>;tag=1");
        request.Add("To", "<sip:example.com>");
        request.Add("Call-ID", "c1");
        request.Add("CSeq", "1 OPTIONS");
        return request.Build();
    }
}
