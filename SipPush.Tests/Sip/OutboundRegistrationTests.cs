using System.Text;
using SipPush.Sip;
using SipPush.Tests.Interop;
using SipPush.Tests.Support;

namespace SipPush.Tests.Sip;

/// <summary>Registration by RFC 5626: over a TCP connection to a core that answers pings as long as it is told to.</summary>
public sealed class OutboundRegistrationTests
{
    private const string Instance = "urn:uuid:f81d4fae-7dec-11d0-a765-00a0c91e6bf6";
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    private readonly ManualTimeProvider _clock = new();
    private readonly List<double> _pings = [];
    private bool _pongs = true;
    private string[] _grant = ["Require: outbound", "Supported: path, outbound", "Flow-Timer: 100"];
    private MemoryNetwork _network = null!;
    private WirePeer _core = null!;
    private SipStack _stack = null!;

    [SetUp]
    public async Task Start()
    {
        _network = new MemoryNetwork(_clock) { Fate = Pass };
        _core = await WirePeer.StartAsync(_network, "tcp:192.0.2.9:5060");
        _core.Answer = Grant;
        _stack = await SipStack.StartAsync(new SipStackOptions
        {
            Transports = [new MemoryTransport(_network, SipEndPoint.Parse("tcp:192.0.2.4:5060")), new MemoryTransport(_network, SipEndPoint.Parse("udp:192.0.2.4:5060"))],
            TimeProvider = _clock,
            Identifiers = new CountingIdentifiers(),
        });
    }

    [TearDown]
    public async Task Stop()
    {
        await _stack.DisposeAsync();
        await _core.DisposeAsync();
    }

    [Test]
    public async Task Over_a_connection_the_contact_has_a_reg_id_and_outbound_is_supported()
    {
        await using var registration = await User().RegisterAsync(new RegistrationOptions());

        Assert.That(Line(_core.Last, "Contact"), Is.EqualTo($"Contact: <sip:user@192.0.2.4:5060;transport=tcp>;reg-id=1;+sip.instance=\"<{Instance}>\""));
        Assert.That(Line(_core.Last, "Supported"), Is.EqualTo("Supported: gruu, path, outbound"));
    }

    [Test]
    public async Task A_registrar_that_is_found_by_name_is_told_what_the_stack_listens_on()
    {
        await using var stack = await SipStack.StartAsync(new SipStackOptions
        {
            Transports = [new MemoryTransport(_network, SipEndPoint.Parse("tcp:192.0.2.5:5060"))],
            LocateAsync = (uri, _) => new ValueTask<IReadOnlyList<SipTarget>>([new SipTarget(SipEndPoint.Parse("tcp:192.0.2.9:5060"), uri.Host.ToString())]),
            TimeProvider = _clock,
            Identifiers = new CountingIdentifiers(),
        });
        var user = stack.CreateUserAgent(new SipUserAgentOptions { AddressOfRecord = SipUri.Parse("sip:user@domain.com"), InstanceId = Instance });

        await using var registration = await user.RegisterAsync(new RegistrationOptions());

        Assert.That(Line(_core.Last, "Contact"), Is.EqualTo($"Contact: <sip:user@192.0.2.5:5060;transport=tcp>;reg-id=1;+sip.instance=\"<{Instance}>\""));
    }

    [TestCase("no instance id")]
    [TestCase("UDP")]
    [TestCase("not wanted")]
    public async Task Otherwise_there_is_neither(string why)
    {
        await using var udp = await WirePeer.StartAsync(_network, "udp:192.0.2.9:5060");
        udp.Answer = Grant;
        var user = why == "UDP" ? User(proxy: "sip:192.0.2.9;lr") : User(instance: why == "no instance id" ? null : Instance);

        await using var registration = await user.RegisterAsync(new RegistrationOptions { Outbound = why != "not wanted" });

        var request = udp.Messages.Concat(_core.Messages).Single();
        Assert.That(request, Does.Not.Contain("reg-id"));
        Assert.That(Line(request, "Supported"), Is.EqualTo("Supported: gruu, path"));
    }

    [TestCase(100, 80, 100)]
    [TestCase(null, 95, 120)]
    [TestCase(0, 95, 120)]
    [Description("SIP-53")]
    public async Task The_connection_is_pinged_as_often_as_the_registrar_says(int? flowTimer, double least, double most)
    {
        _grant = flowTimer is null ? ["Require: outbound"] : ["Require: outbound", $"Flow-Timer: {flowTimer}"];
        await using var registration = await User().RegisterAsync(new RegistrationOptions());

        _clock.Advance(TimeSpan.FromSeconds(3000));

        var waits = _pings.Prepend(0).Zip(_pings, (last, next) => next - last).ToList();
        Assert.That(waits, Has.Count.GreaterThan(20));
        Assert.That(waits, Is.All.InRange(least, most));
        Assert.That(waits.Distinct().Count(), Is.GreaterThan(20));
        Assert.That(_core.Messages, Has.Count.EqualTo(1));
    }

    [TestCase("Supported: path", null, null, null)]
    [TestCase("Flow-Timer: 100", null, null, null)]
    [TestCase("Supported: path", 50, 40, 50)]
    [TestCase("Require: outbound\r\nFlow-Timer: 100", 50, 40, 50)]
    [TestCase("Require: outbound\r\nFlow-Timer: 100", 840, 80, 100)]
    [TestCase("Require: outbound", 840, 672, 840)]
    [Description("SIP-53")]
    public async Task Without_a_grant_only_the_application_has_it_pinged(string grant, int? option, double? least, double? most)
    {
        _grant = [grant];
        await using var registration = await User().RegisterAsync(new RegistrationOptions { KeepAlive = option is { } seconds ? TimeSpan.FromSeconds(seconds) : null });

        _clock.Advance(TimeSpan.FromSeconds(3000));

        Assert.That(_pings, least is null ? Is.Empty : Is.Not.Empty);
        Assert.That(_pings.Prepend(0).Zip(_pings, (last, next) => next - last), Is.All.InRange(least ?? 0, most ?? 0));
    }

    [Test]
    [Description("SIP-52")]
    public async Task A_connection_that_no_longer_answers_is_replaced_at_once()
    {
        await using var registration = await User().RegisterAsync(new RegistrationOptions());
        _clock.Advance(TimeSpan.FromSeconds(150));
        var before = registration.Binding;

        _pongs = false;
        _clock.Advance(TimeSpan.FromSeconds(_pings[^1] + 100 + 10) - _clock.Elapsed);
        await UntilAsync(() => _core.Messages.Count == 2);

        Assert.That(_clock.Elapsed.TotalSeconds, Is.EqualTo(_pings[^2] + 110).Within(0.01));
        Assert.That(Line(_core.Messages[1], "Contact"), Is.EqualTo(Line(_core.Messages[0], "Contact")));
        Assert.That(Line(_core.Messages[1], "Call-ID"), Is.EqualTo(Line(_core.Messages[0], "Call-ID")));
        Assert.That(Line(_core.Messages[1], "CSeq"), Is.EqualTo("CSeq: 2 REGISTER"));
        Assert.That(_core.Connections, Is.EqualTo(2));
        await UntilAsync(() => registration.Binding != before);
    }

    [Test]
    [Description("SIP-52")]
    public async Task What_was_under_way_on_it_fails_with_it()
    {
        _grant = ["Require: outbound", "Flow-Timer: 10"];
        var user = User();
        await using var registration = await user.RegisterAsync(new RegistrationOptions());
        _core.Answer = request => request.StartsWith("REGISTER", StringComparison.Ordinal) ? Grant(request) : null;
        _pongs = false;

        using var options = user.CreateRequest(SipMethod.Options, SipUri.Parse("sip:alice@domain.com"));
        var asking = user.SendAsync(options).AsTask();
        _clock.Advance(TimeSpan.FromSeconds(20));

        var result = await asking.WaitAsync(Patience);
        Assert.That(result.Outcome, Is.EqualTo(SipTransactionOutcome.TransportFailed));
        Assert.That(result.Error!.Message, Does.Contain("has not answered a ping"));
    }

    [Test]
    public async Task A_connection_that_the_core_closes_is_replaced_at_once()
    {
        await using var registration = await User().RegisterAsync(new RegistrationOptions());
        _clock.Advance(TimeSpan.FromSeconds(150));

        await _core.CloseAsync();
        await UntilAsync(() => _core.Messages.Count == 2);

        Assert.That(_clock.Elapsed, Is.EqualTo(TimeSpan.FromSeconds(150)));
        Assert.That(_core.Connections, Is.EqualTo(2));
    }

    [Test]
    public async Task A_connection_that_goes_under_a_refresh_is_replaced_at_once_too()
    {
        await using var registration = await User().RegisterAsync(new RegistrationOptions());
        _core.Answer = _ => null;
        _clock.Advance(TimeSpan.FromSeconds(3569));
        await UntilAsync(() => _core.Messages.Count == 2);

        _core.Answer = Grant;
        await _core.CloseAsync();
        await UntilAsync(() => _core.Messages.Count == 3);

        Assert.That(_clock.Elapsed, Is.EqualTo(TimeSpan.FromSeconds(3569)));
        Assert.That(_core.Connections, Is.EqualTo(2));
    }

    [Test]
    public async Task One_that_never_answered_a_ping_is_replaced_after_the_wait_of_a_failed_attempt()
    {
        await using var registration = await User().RegisterAsync(new RegistrationOptions());
        Assert.That(_pings, Is.Empty);

        await _core.CloseAsync();
        await UntilAsync(() =>
        {
            _clock.Advance(TimeSpan.FromSeconds(2));
            return _core.Messages.Count == 2;
        });

        Assert.That(_clock.Elapsed, Is.GreaterThanOrEqualTo(TimeSpan.FromSeconds(30)));
    }

    [Test]
    public async Task A_connection_without_a_grant_may_go_as_it_came()
    {
        _grant = ["Supported: path"];
        await using var registration = await User().RegisterAsync(new RegistrationOptions());

        await _core.CloseAsync();
        _clock.Advance(TimeSpan.FromSeconds(3000));

        Assert.That(_core.Messages, Has.Count.EqualTo(1));
        Assert.That(registration.Binding, Is.Not.Null);
    }

    [Test]
    public async Task A_core_that_has_gone_with_its_connection_is_asked_again_with_growing_waits()
    {
        await using var registration = await User().RegisterAsync(new RegistrationOptions());
        _clock.Advance(TimeSpan.FromSeconds(150));

        await _core.DisposeAsync();
        await UntilAsync(() =>
        {
            _clock.Advance(TimeSpan.FromSeconds(10));
            return _clock.Elapsed > TimeSpan.FromSeconds(400);
        });
        _core = await WirePeer.StartAsync(_network, "tcp:192.0.2.9:5060");
        _core.Answer = Grant;

        await UntilAsync(() =>
        {
            _clock.Advance(TimeSpan.FromSeconds(10));
            return _core.Messages.Count == 1;
        });
        Assert.That(int.Parse(Line(_core.Last, "CSeq").Split(' ')[1]), Is.InRange(4, 7));
    }

    [Test]
    public async Task A_first_hop_without_support_is_registered_through_without_a_reg_id()
    {
        _core.Answer = request => request.Contains("reg-id", StringComparison.Ordinal)
            ? WirePeer.ResponseTo(request, "439 First Hop Lacks Outbound Support")
            : Grant(request);

        await using var registration = await User().RegisterAsync(new RegistrationOptions());
        _clock.Advance(TimeSpan.FromSeconds(3570));
        await UntilAsync(() => _core.Messages.Count == 3);

        Assert.That(_core.Messages.Select(text => Line(text, "Supported")), Is.EqualTo(["Supported: gruu, path, outbound", "Supported: gruu, path", "Supported: gruu, path"]));
        Assert.That(_core.Messages.Count(text => text.Contains("reg-id", StringComparison.Ordinal)), Is.EqualTo(1));
        Assert.That(_pings, Is.Empty);
    }

    [Test]
    public async Task A_lifetime_that_is_too_short_and_a_first_hop_without_support_come_in_either_order()
    {
        _core.Answer = request => request.Contains("Expires: 60\r\n", StringComparison.Ordinal) ? WirePeer.ResponseTo(request, "423 Interval Too Brief", "Min-Expires: 600")
            : request.Contains("reg-id", StringComparison.Ordinal) ? WirePeer.ResponseTo(request, "439 First Hop Lacks Outbound Support")
            : Grant(request);

        await using var registration = await User().RegisterAsync(new RegistrationOptions { Expires = TimeSpan.FromSeconds(60) });

        Assert.That(_core.Messages, Has.Count.EqualTo(3));
        Assert.That(Line(_core.Last, "Expires"), Is.EqualTo("Expires: 600"));
    }

    [Test]
    public async Task Disposal_names_the_same_reg_id_and_ends_the_pings()
    {
        var registration = await User().RegisterAsync(new RegistrationOptions());
        _clock.Advance(TimeSpan.FromSeconds(150));
        _pings.Clear();

        await registration.DisposeAsync();
        _clock.Advance(TimeSpan.FromSeconds(3000));

        Assert.That(Line(_core.Last, "Expires"), Is.EqualTo("Expires: 0"));
        Assert.That(Line(_core.Last, "Contact"), Does.Contain(";reg-id=1;"));
        Assert.That(_pings, Is.Empty);
    }

    [Test]
    public async Task Identities_on_one_connection_share_its_pings()
    {
        var bob = await User().RegisterAsync(new RegistrationOptions());
        await using var carol = await User(aor: "sip:carol@domain.com").RegisterAsync(new RegistrationOptions());

        _clock.Advance(TimeSpan.FromSeconds(1000));
        Assert.That(_core.Connections, Is.EqualTo(1));
        Assert.That(_pings, Has.Count.InRange(10, 13));

        await bob.DisposeAsync();
        _pings.Clear();
        _clock.Advance(TimeSpan.FromSeconds(1000));
        Assert.That(_pings, Has.Count.InRange(9, 13));
    }

    [Test]
    public async Task The_binding_is_that_of_the_flow_and_not_one_left_over()
    {
        _grant = [$"Contact: <sip:old@192.0.2.4:5060>;+sip.instance=\"<{Instance}>\";expires=77", "Require: outbound"];

        await using var registration = await User().RegisterAsync(new RegistrationOptions());

        Assert.That(registration.Binding!.Lifetime, Is.EqualTo(TimeSpan.FromSeconds(3600)));
        Assert.That(registration.Binding.Contact!.User.ToString(), Is.EqualTo("user"));
    }

    private SipUserAgent User(string aor = "sip:user@domain.com", string? instance = Instance, string proxy = "sip:192.0.2.9;transport=tcp;lr") => _stack.CreateUserAgent(new SipUserAgentOptions
    {
        AddressOfRecord = SipUri.Parse(aor),
        InstanceId = instance,
        OutboundProxies = [SipUri.Parse(proxy)],
    });

    private string Grant(string request) => Line(request, "Expires") == "Expires: 0"
        ? WirePeer.ResponseTo(request, "200 OK")
        : WirePeer.ResponseTo(request, "200 OK", [.. _grant, Line(request, "Contact") + ";expires=3600"]);

    private MemoryFate Pass(MemoryPacket packet)
    {
        var text = Encoding.ASCII.GetString(packet.Message.Span);
        if (text == "\r\n\r\n")
        {
            _pings.Add(_clock.Elapsed.TotalSeconds);
        }

        return text == "\r\n" && !_pongs ? MemoryFate.Drop : MemoryFate.Deliver;
    }

    private static async Task UntilAsync(Func<bool> condition) => Assert.That(await Poll.UntilAsync(condition, Patience), Is.True);

    private static string Line(string message, string name) =>
        message.Split("\r\n").First(line => line.StartsWith(name + ":", StringComparison.Ordinal));
}
