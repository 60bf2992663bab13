using System.Text.RegularExpressions;
using SipPush.Sip;
using SipPush.Tests.Support;

namespace SipPush.Tests.Sip;

public sealed partial class RegistrationTests
{
    private const string Instance = "urn:uuid:f81d4fae-7dec-11d0-a765-00a0c91e6bf6";

    private readonly ManualTimeProvider _clock = new();
    private readonly RegistrationOptions _options = new()
    {
        Expires = TimeSpan.FromSeconds(7200),
        ContactParameters = ["+g.oma.pusheventapp=\"mms.ua,wml.ua\""],
    };

    private MemoryNetwork _network = null!;
    private WirePeer _core = null!;
    private SipStack _stack = null!;

    [SetUp]
    public async Task Start()
    {
        _network = new MemoryNetwork(_clock);
        _core = await WirePeer.StartAsync(_network, "udp:192.0.2.9:5060");
        _core.Answer = request => Granted(request, 3600);
        _stack = await SipStack.StartAsync(new SipStackOptions
        {
            Transports = [new MemoryTransport(_network, SipEndPoint.Parse("udp:192.0.2.4:5060"))],
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
    public async Task The_request_is_that_of_the_sample_flow_and_the_grant_is_read_whole()
    {
        await using var registration = await User().RegisterAsync(_options);

        // PUSH-01, PUSH-02, SIP-61; B.1 steps 1 and 2.
        Assert.That(Blank(_core.Messages[0]), Is.EqualTo(
            """
            REGISTER sip:domain.com SIP/2.0
            Via: SIP/2.0/UDP 192.0.2.4:5060;branch=…;rport
            Route: <sip:192.0.2.9;lr>
            Max-Forwards: 70
            From: "Bob" <sip:user@domain.com>;tag=…
            To: <sip:user@domain.com>
            Call-ID: …
            Supported: gruu, path
            Expires: 7200
            Contact: <sip:user@192.0.2.4:5060>;+sip.instance="<urn:uuid:f81d4fae-7dec-11d0-a765-00a0c91e6bf6>";+g.oma.pusheventapp="mms.ua,wml.ua"
            CSeq: 1 REGISTER
            Content-Length: 0


            """.ReplaceLineEndings("\r\n")));

        var binding = registration.Binding!;
        Assert.That(binding.PublicGruu!.ToString(), Is.EqualTo("sip:user@domain.com;gr=urn:uuid:f81d4fae-7dec-11d0-a765-00a0c91e6bf6"));
        Assert.That(binding.TemporaryGruu!.ToString(), Is.EqualTo("sip:tgruu.7hs==jd7vnzga5w7fajsc7-ajd6fabz0f8g5@domain.com;gr"));
        // SIP-56: the Contact's parameter, not the Expires header of 7200.
        Assert.That(binding.Lifetime, Is.EqualTo(TimeSpan.FromSeconds(3600)));
        Assert.That(binding.ServiceRoute.Select(uri => uri.ToString()), Is.EqualTo(["sip:scscf.domain.com;lr"]));
        Assert.That(binding.AssociatedUris.Select(uri => uri.ToString()), Is.EqualTo(["sip:user@domain.com", "tel:+15550100"]));
    }

    [Test]
    public async Task A_refresh_is_sent_32_seconds_before_the_end_with_the_same_CallId_and_the_next_CSeq()
    {
        await using var registration = await User().RegisterAsync(_options);

        _clock.Advance(TimeSpan.FromSeconds(3567));
        Assert.That(_core.Messages, Has.Count.EqualTo(1));

        // SIP-54
        _clock.Advance(TimeSpan.FromSeconds(2));
        await Until(2);
        Assert.That(Line(_core.Messages[1], "Call-ID"), Is.EqualTo(Line(_core.Messages[0], "Call-ID")));
        Assert.That(Line(_core.Messages[1], "CSeq"), Is.EqualTo("CSeq: 2 REGISTER"));
    }

    [TestCase(3600, 3568)]
    [TestCase(64, 32)]
    [TestCase(63, 31.5)]
    [TestCase(10, 5)]
    public void The_wait_before_a_refresh_leaves_room_for_its_transaction(double lifetime, double wait) =>
        Assert.That(RegistrationSchedule.RefreshAfter(TimeSpan.FromSeconds(lifetime), SipTimers.Rfc3261), Is.EqualTo(TimeSpan.FromSeconds(wait)));

    // RFC 5626 §4.5: between 30 and 60 s after the first failure, up to 240 s after the third, 15 to 30 min in the end.
    [TestCase(1, 0.0, 30)]
    [TestCase(1, 0.99999, 60)]
    [TestCase(3, 0.99999, 240)]
    [TestCase(20, 0.0, 900)]
    [TestCase(20, 0.99999, 1800)]
    public void The_wait_after_a_failure_doubles_within_bounds_and_with_jitter(int failures, double fraction, double wait) =>
        Assert.That(RegistrationSchedule.RetryAfter(failures, _options, null, fraction).TotalSeconds, Is.EqualTo(wait).Within(0.01));

    [Test]
    public void A_wait_that_the_registrar_named_is_kept() =>
        Assert.That(RegistrationSchedule.RetryAfter(1, _options, TimeSpan.FromSeconds(120), 0.5), Is.EqualTo(TimeSpan.FromSeconds(120)));

    [Test]
    public async Task A_lifetime_that_is_too_short_is_asked_for_again_once()
    {
        _core.Answer = request => request.Contains("Expires: 60\r\n", StringComparison.Ordinal)
            ? WirePeer.ResponseTo(request, "423 Interval Too Brief", "Min-Expires: 600")
            : Granted(request, 600);

        await using var registration = await User().RegisterAsync(_options with { Expires = TimeSpan.FromSeconds(60) });

        // SIP-55
        Assert.That(_core.Messages.Select(text => Line(text, "Expires")), Is.EqualTo(["Expires: 60", "Expires: 600"]));
        Assert.That(registration.Binding!.Lifetime, Is.EqualTo(TimeSpan.FromSeconds(600)));
    }

    [Test]
    public async Task A_challenge_is_answered_and_the_next_request_carries_credentials_unasked()
    {
        _core.Answer = request => request.Contains("Authorization: Digest", StringComparison.Ordinal)
            ? Granted(request, 3600)
            : WirePeer.ResponseTo(request, "401 Unauthorized", "WWW-Authenticate: Digest realm=\"domain.com\", nonce=\"84a4cc6f3082121f32b42a2187831a9e\", qop=\"auth\", algorithm=SHA-256");

        await using (await User(password: "zanzibar").RegisterAsync(_options))
        {
            // SIP-76: same Call-ID and From tag, next CSeq, new branch.
            Assert.That(Line(_core.Messages[1], "Call-ID"), Is.EqualTo(Line(_core.Messages[0], "Call-ID")));
            Assert.That(Line(_core.Messages[1], "From"), Is.EqualTo(Line(_core.Messages[0], "From")));
            Assert.That(Line(_core.Messages[1], "CSeq"), Is.EqualTo("CSeq: 2 REGISTER"));
            Assert.That(Line(_core.Messages[1], "Via"), Is.Not.EqualTo(Line(_core.Messages[0], "Via")));
            Assert.That(Line(_core.Messages[1], "Authorization"), Does.Contain("nc=00000001").And.Contain("uri=\"sip:domain.com\""));
        }

        // SIP-77
        Assert.That(Line(_core.Last, "Authorization"), Does.Contain("nc=00000002"));
        Assert.That(_core.Messages, Has.Count.EqualTo(3));
    }

    [Test]
    public void Wrong_credentials_end_the_attempt()
    {
        _core.Answer = request => WirePeer.ResponseTo(request, "401 Unauthorized", "WWW-Authenticate: Digest realm=\"domain.com\", nonce=\"1\", qop=\"auth\"");

        // SIP-75
        var refused = Assert.ThrowsAsync<SipRegistrationException>(async () => await User(password: "wrong").RegisterAsync(_options));
        Assert.That(refused!.Response!.StatusCode, Is.EqualTo(401));
        Assert.That(_core.Messages, Has.Count.EqualTo(2));
    }

    [Test]
    public async Task Disposal_removes_the_own_contact_only()
    {
        var registration = await User().RegisterAsync(_options);
        await registration.DisposeAsync();

        // SIP-57
        Assert.That(Line(_core.Last, "Expires"), Is.EqualTo("Expires: 0"));
        Assert.That(Line(_core.Last, "Contact"), Does.StartWith("Contact: <sip:user@192.0.2.4:5060>"));
        Assert.That(registration.Completion.IsCompletedSuccessfully, Is.True);
        Assert.That(registration.Binding, Is.Null);
    }

    [Test]
    public async Task A_core_that_is_gone_is_asked_again_and_the_next_proxy_is_tried()
    {
        await using var second = await WirePeer.StartAsync(_network, "udp:192.0.2.10:5060");
        second.Answer = request => Granted(request, 3600);
        _core.Answer = _ => null;

        var registering = User(proxies: ["sip:192.0.2.9;lr", "sip:192.0.2.10;lr"]).RegisterAsync(_options).AsTask();
        _clock.Advance(TimeSpan.FromSeconds(33));

        await using var registration = await registering.WaitAsync(TimeSpan.FromSeconds(10));
        Assert.That(Line(second.Last, "Route"), Is.EqualTo("Route: <sip:192.0.2.10;lr>"));
    }

    [Test]
    public async Task A_server_in_trouble_is_asked_again_when_it_said()
    {
        _core.Answer = request => WirePeer.ResponseTo(request, "503 Service Unavailable", "Retry-After: 100 (lunch)");
        var registering = User().RegisterAsync(_options).AsTask();
        await Until(1);
        _core.Answer = request => Granted(request, 3600);

        await Settled();
        _clock.Advance(TimeSpan.FromSeconds(99));
        Assert.That(_core.Messages, Has.Count.EqualTo(1));

        _clock.Advance(TimeSpan.FromSeconds(2));
        await using var registration = await registering.WaitAsync(TimeSpan.FromSeconds(10));
        Assert.That(_core.Messages, Has.Count.EqualTo(2));
    }

    [Test]
    public async Task A_refresh_that_is_refused_for_good_ends_the_registration()
    {
        await using var registration = await User().RegisterAsync(_options);
        _core.Answer = request => WirePeer.ResponseTo(request, "403 Forbidden");

        await Settled();
        _clock.Advance(TimeSpan.FromSeconds(3569));

        Assert.That(async () => await registration.Completion.WaitAsync(TimeSpan.FromSeconds(10)), Throws.TypeOf<SipRegistrationException>());
        Assert.That(registration.Binding, Is.Null);
    }

    [Test]
    public async Task A_lifetime_of_more_than_a_century_is_waited_for_in_steps()
    {
        _core.Answer = request => Granted(request, int.MaxValue);
        await using var registration = await User().RegisterAsync(_options);

        for (var day = 0; day < 60; day++)
        {
            await Settled();
            _clock.Advance(TimeSpan.FromDays(1));
        }

        Assert.That(registration.Binding, Is.Not.Null);
        Assert.That(registration.Completion.IsCompleted, Is.False);
        Assert.That(_core.Messages, Has.Count.EqualTo(1));
    }

    [Test]
    public async Task A_refresh_that_cannot_be_sent_at_all_ends_the_registration_with_the_cause()
    {
        await using var registration = await User(proxies: ["sip:192.0.2.9;lr", "sip:192.0.2.10;transport=tcp;lr"]).RegisterAsync(_options);
        _core.Answer = request => WirePeer.ResponseTo(request, "503 Service Unavailable");

        await Settled();
        _clock.Advance(TimeSpan.FromSeconds(3569));

        Assert.That(async () => await registration.Completion.WaitAsync(TimeSpan.FromSeconds(10)), Throws.InvalidOperationException.With.Message.Contains("Tcp"));
        Assert.That(registration.Binding, Is.Null);
    }

    [Test]
    public async Task Later_requests_take_the_service_route()
    {
        var user = User();
        await using var registration = await user.RegisterAsync(_options);
        _core.Answer = request => WirePeer.ResponseTo(request, "200 OK");

        using var request = user.CreateRequest(SipMethod.Options, SipUri.Parse("sip:alice@domain.com"));
        await user.SendAsync(request);

        // SIP-59
        Assert.That(_core.Last, Does.Contain("\r\nRoute: <sip:192.0.2.9;lr>\r\nRoute: <sip:scscf.domain.com;lr>\r\n"));
    }

    [Test]
    public async Task Several_identities_register_on_one_stack()
    {
        await using var bob = await User().RegisterAsync(_options);
        await using var carol = await User(aor: "sip:carol@domain.com").RegisterAsync(_options);

        Assert.That(_core.Messages.Select(text => Line(text, "To")), Is.EqualTo(["To: <sip:user@domain.com>", "To: <sip:carol@domain.com>"]));
        Assert.That(Line(_core.Last, "Contact"), Does.StartWith("Contact: <sip:carol@192.0.2.4:5060>"));
    }

    [Test]
    public async Task A_SIPS_address_is_registered_by_SIPS_throughout()
    {
        await using var core = await WirePeer.StartAsync(_network, "tls:192.0.2.9:5061");
        core.Answer = request => Granted(request, 3600);
        await using var stack = await SipStack.StartAsync(new SipStackOptions
        {
            Transports = [new MemoryTransport(_network, SipEndPoint.Parse("tls:192.0.2.5:5061")), new MemoryTransport(_network, SipEndPoint.Parse("udp:192.0.2.5:5060"))],
            TimeProvider = _clock,
            Identifiers = new CountingIdentifiers(),
        });
        var user = stack.CreateUserAgent(new SipUserAgentOptions
        {
            AddressOfRecord = SipUri.Parse("sips:user@domain.com"),
            OutboundProxies = [SipUri.Parse("sips:192.0.2.9;lr")],
        });

        await using var registration = await user.RegisterAsync(new RegistrationOptions());

        Assert.That(core.Last, Does.StartWith("REGISTER sips:domain.com SIP/2.0\r\n"));
        Assert.That(Line(core.Last, "Contact"), Is.EqualTo("Contact: <sips:user@192.0.2.5:5061>"));
        Assert.That(_core.Messages, Is.Empty);
    }

    private SipUserAgent User(string aor = "sip:user@domain.com", string? password = null, string[]? proxies = null) => _stack.CreateUserAgent(new SipUserAgentOptions
    {
        AddressOfRecord = SipUri.Parse(aor),
        DisplayName = "Bob",
        InstanceId = Instance,
        OutboundProxies = [.. (proxies ?? ["sip:192.0.2.9;lr"]).Select(SipUri.Parse)],
        Credentials = password is null ? [] : [new SipCredential("bob", password)],
    });

    private static string Granted(string request, int expires)
    {
        if (Line(request, "Expires") == "Expires: 0")
        {
            return WirePeer.ResponseTo(request, "200 OK");
        }

        var contact = Line(request, "Contact");
        return WirePeer.ResponseTo(
            request,
            "200 OK",
            contact + ";pub-gruu=\"sip:user@domain.com;gr=urn:uuid:f81d4fae-7dec-11d0-a765-00a0c91e6bf6\";temp-gruu=\"sip:tgruu.7hs==jd7vnzga5w7fajsc7-ajd6fabz0f8g5@domain.com;gr\";expires=" + expires,
            "Expires: 7200",
            "Service-Route: <sip:scscf.domain.com;lr>",
            "P-Associated-URI: <sip:user@domain.com>, <tel:+15550100>");
    }

    private async Task Until(int messages) =>
        Assert.That(await Interop.Poll.UntilAsync(() => _core.Messages.Count >= messages, TimeSpan.FromSeconds(10)), Is.True);

    // The registration goes back to waiting on its own thread; only then may the clock move.
    private async Task Settled() =>
        Assert.That(await Interop.Poll.UntilAsync(() => _clock.ActiveTimers > 0 && _stack.Layer.Count().Clients == 0, TimeSpan.FromSeconds(10)), Is.True);

    private static string Line(string message, string name) =>
        message.Split("\r\n").First(line => line.StartsWith(name + ":", StringComparison.Ordinal));

    private static string Blank(string message) => CallId().Replace(Tag().Replace(Branch().Replace(message, "branch=…"), "tag=…"), "Call-ID: …");

    [GeneratedRegex("branch=z9hG4bK[0-9a-f]{32}")]
    private static partial Regex Branch();

    [GeneratedRegex("tag=[0-9a-f]{16}")]
    private static partial Regex Tag();

    [GeneratedRegex("Call-ID: [0-9a-f]{32}")]
    private static partial Regex CallId();
}
