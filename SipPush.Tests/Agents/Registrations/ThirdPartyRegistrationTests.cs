using SipPush.Sip;

namespace SipPush.Tests.Agents;

public sealed class ThirdPartyRegistrationTests
{
    private static readonly SipUri Bob = SipUri.Parse("sip:user@domain.com");

    private AgentWire? _started;
    private int _requests;

    private AgentWire Wire => _started ?? throw new InvalidOperationException("No sender was started");

    [TearDown]
    public async Task Stop()
    {
        if (_started is { } wire)
        {
            await wire.DisposeAsync();
        }
    }

    [Test]
    [Description("PUSH-05")]
    public async Task A_registration_is_answered_with_contact_and_expires_and_kept()
    {
        await using var sender = await StartAsync();

        var answer = await Wire.AskAsync("""
            REGISTER sip:psa.domain.com SIP/2.0
            Via: SIP/2.0/UDP 192.0.2.1:5060;branch=z9hG4bKasd
            Max-Forwards: 70
            From: <sip:scscf.domain.com>;tag=4fa3
            To: <sip:user@domain.com>
            Contact: <sip:scscf.domain.com>;expires=3600
            Call-ID: 1@scscf
            CSeq: 1 REGISTER
            Expires: 7200
            Content-Length: 0


            """);

        Assert.That(answer, Is.EqualTo("""
            SIP/2.0 200 OK
            Via: SIP/2.0/UDP 192.0.2.1:5060;branch=z9hG4bKasd
            From: <sip:scscf.domain.com>;tag=4fa3
            To: <sip:user@domain.com>;tag=0000000000000001
            Call-ID: 1@scscf
            CSeq: 1 REGISTER
            Contact: <sip:scscf.domain.com>;expires=3600
            Expires: 3600
            Content-Length: 0


            """.ReplaceLineEndings("\n")));
        var kept = await sender.Registrations.FindAsync(SipUri.Parse("sip:user@DOMAIN.com;gr=1"));
        Assert.That((kept!.Aor, kept.Expires, kept.PublicGruu), Is.EqualTo((Bob, Wire.Clock.GetUtcNow().AddHours(1), (SipUri?)null)));
    }

    [Test]
    [Description("PUSH-06")]
    public async Task From_outside_the_trust_domain_it_is_403()
    {
        await using var sender = await StartAsync(trusted: false);

        Assert.That(await RegisterAsync("Expires: 60"), Does.StartWith("SIP/2.0 403 "));
        Assert.That(await sender.Registrations.FindAsync(Bob), Is.Null);
    }

    [TestCase("Expires: 0", 0)]
    [TestCase("Contact: <sip:s>;expires=0\nExpires: 60", 0)]
    [TestCase("Contact: <sip:s>;expires=30\nExpires: 60", 30)]
    [TestCase("Contact: <sip:s>\nExpires: 60\nEvent: registration\nPath: <sip:p;lr>\nP-Visited-Network-ID: x", 60)]
    [TestCase("Contact: sip:s", 3600)]
    [TestCase("Contact: *\nExpires: 0", 0)]
    [Description("PUSH-05")]
    public async Task The_lifetime_is_the_contacts_or_else_the_headers(string headers, int seconds)
    {
        await using var sender = await StartAsync();
        await RegisterAsync("Expires: 10");

        var answer = await RegisterAsync(headers);

        Assert.That(answer, Does.StartWith("SIP/2.0 200 ").And.Contain($"\nExpires: {seconds}\n"));
        var kept = await sender.Registrations.FindAsync(Bob);
        Assert.That(kept?.Expires, Is.EqualTo(seconds == 0 ? null : Wire.Clock.GetUtcNow().AddSeconds(seconds)));
    }

    [Test]
    [Description("PUSH-05")]
    public async Task Changes_are_told_and_a_lapse_is_one()
    {
        await using var sender = await StartAsync();
        await using var changes = sender.Registrations.WatchAsync().GetAsyncEnumerator();
        var next = changes.MoveNextAsync();

        await RegisterAsync("Expires: 60");
        await RegisterAsync("Expires: 60");
        Wire.Clock.Advance(TimeSpan.FromSeconds(30));
        await RegisterAsync("Expires: 60");
        Wire.Clock.Advance(TimeSpan.FromSeconds(59.9));
        var until = await sender.Registrations.FindAsync(Bob);
        Wire.Clock.Advance(TimeSpan.FromSeconds(.1));
        await RegisterAsync("Expires: 20");
        await RegisterAsync("Expires: 0");

        var kinds = new List<RegistrationChangeKind>();
        for (; kinds.Count < 6 && await next; next = changes.MoveNextAsync())
        {
            kinds.Add(changes.Current.Kind);
        }

        Assert.That(kinds, Is.EqualTo(new[]
        {
            RegistrationChangeKind.Registered, RegistrationChangeKind.Refreshed, RegistrationChangeKind.Refreshed,
            RegistrationChangeKind.Expired, RegistrationChangeKind.Registered, RegistrationChangeKind.Unregistered,
        }));
        Assert.That(until, Is.Not.Null);
        await sender.DisposeAsync();
        Assert.That(await next, Is.False);
    }

    [Test]
    public async Task A_slow_watcher_learns_how_much_it_missed()
    {
        await using var sender = await StartAsync(new PushSenderOptions { WatchQueueLength = 1 });
        await using var changes = sender.Registrations.WatchAsync().GetAsyncEnumerator();
        var first = changes.MoveNextAsync();
        await RegisterAsync("Expires: 60");
        await first;

        await RegisterAsync("Expires: 61");
        await RegisterAsync("Expires: 62");
        await RegisterAsync("Expires: 0");
        await changes.MoveNextAsync();

        Assert.That((changes.Current.Kind, changes.Current.Missed), Is.EqualTo((RegistrationChangeKind.Unregistered, 2L)));
    }

    [Test]
    [Description("PUSH-05")]
    public async Task What_is_older_changes_nothing()
    {
        await using var sender = await StartAsync();
        await RegisterAsync("Expires: 60", cseq: 5);

        Assert.That(await RegisterAsync("Expires: 0", cseq: 4), Does.StartWith("SIP/2.0 500 "));
        Assert.That(await sender.Registrations.FindAsync(Bob), Is.Not.Null);
    }

    [Test]
    public async Task Without_room_it_is_503_and_room_comes_back()
    {
        await using var sender = await StartAsync(new PushSenderOptions { MaximumRegistrations = 1 });
        await RegisterAsync("Expires: 60");

        Assert.That(await RegisterAsync("Expires: 60", user: "carol"), Does.StartWith("SIP/2.0 503 ").And.Contain("\nRetry-After: "));
        Wire.Clock.Advance(TimeSpan.FromMinutes(1));
        Assert.That(await RegisterAsync("Expires: 60", user: "carol"), Does.StartWith("SIP/2.0 200 "));
    }

    [Test]
    [Description("PUSH-07, PUSH-08")]
    public async Task From_the_users_own_200_it_learns_the_gruu_and_sends_there()
    {
        await using var sender = await StartAsync();
        var waiting = sender.Registrations.WaitForAsync(Bob, "mms.ua").AsTask();
        await RegisterAsync("Expires: 60", body: """
            SIP/2.0 200 OK
            Via: SIP/2.0/UDP 192.0.2.4;branch=z9hG4bK1
            From: <sip:user@domain.com>;tag=1
            To: <sip:user@domain.com>;tag=2
            Call-ID: ue
            CSeq: 1 REGISTER
            Contact: <sip:user@192.0.2.4>;pub-gruu="sip:user@domain.com;gr=urn:uuid:1";temp-gruu="sip:t@domain.com;gr";+sip.instance="<urn:uuid:1>";+g.3gpp.icsi-ref="urn%3Aurn-7%3A3gpp-service.ims.icsi.omapush";+g.oma.pusheventapp="mms.ua,wml.ua";expires=60
            Content-Length: 0


            """);

        var registration = await waiting;
        var sending = sender.SendAsync(Bob, PushContent.FromText("x")).AsTask();

        Assert.That(registration.Applications, Is.EqualTo(new PushApplicationId[] { "mms.ua", "wml.ua" }));
        Assert.That(registration.Icsis, Is.EqualTo(new[] { "urn:urn-7:3gpp-service.ims.icsi.omapush" }));
        Assert.That(await Wire.NextAsync(), Does.StartWith("MESSAGE sip:user@domain.com;gr=urn:uuid:1 SIP/2.0\n").And.Contain("\nTo: <sip:user@domain.com>\n"));
        Assert.That(sending.IsCompleted, Is.False);
    }

    [Test]
    [Description("PUSH-05")]
    public async Task When_a_registration_ends_what_waits_for_its_turn_is_not_sent([Values] bool lapses)
    {
        await using var sender = await StartAsync();
        await RegisterAsync("Expires: 10");
        var first = sender.SendAsync(Bob, PushContent.FromText("1")).AsTask();
        await Wire.NextAsync();
        var waiting = sender.SendAsync(SipUri.Parse("sip:user@domain.com;gr=urn:uuid:1"), PushContent.FromText("2")).AsTask();

        if (lapses)
        {
            Wire.Clock.Advance(TimeSpan.FromSeconds(10));
        }
        else
        {
            await Wire.SendAsync(RegisterText("Expires: 0"));
        }

        var result = await waiting;
        Assert.That((result.Outcome, result.IsDelivered, result.StatusCode), Is.EqualTo((PushOutcome.Unregistered, false, (int?)null)));
        Assert.That((first.IsCompleted, sender.Turns.Count), Is.EqualTo((false, 1)));

        // The one under way goes on (and is answered when it is repeated), and who comes after it waits for it.
        var later = sender.SendAsync(Bob, PushContent.FromText("3")).AsTask();
        Assert.That(later.IsCompleted, Is.False);
        Wire.Answer = request => request.Method == SipMethod.Message ? AgentWire.Response(request, 200) : null;
        Wire.Clock.Advance(TimeSpan.FromSeconds(5));
        Assert.That(((await first).Outcome, (await later).Outcome), Is.EqualTo((PushOutcome.Delivered, PushOutcome.Delivered)));
    }

    [Test]
    [Description("PUSH-07")]
    public async Task A_body_that_cannot_be_read_does_not_keep_it_from_being_accepted()
    {
        await using var sender = await StartAsync();

        Assert.That(await RegisterAsync("Expires: 60", body: "nonsense"), Does.StartWith("SIP/2.0 200 "));
        Assert.That((await sender.Registrations.FindAsync(Bob))!.Applications, Is.Empty);
    }

    [Test]
    public async Task Refreshes_do_not_add_up()
    {
        var clock = new Support.ManualTimeProvider();
        await using var deadlines = new RegistrationDeadlines(clock, (_, _) => ValueTask.CompletedTask);

        for (var i = 0; i < 10_000; i++)
        {
            deadlines.Set(Bob, clock.GetUtcNow().AddSeconds(i % 2 == 0 ? 20_000 - i : 60_000));
        }

        Assert.That((deadlines.QueueLength <= 66, clock.ActiveTimers), Is.EqualTo((true, 1)));
    }

    private async Task<PushSenderAgent> StartAsync(PushSenderOptions? options = null, bool trusted = true)
    {
        _requests = 0;
        _started = await AgentWire.StartAsync("sip:psa@domain.com", trusted);
        return new PushSenderAgent(Wire.UserAgent, options ?? new PushSenderOptions());
    }

    private Task<string> RegisterAsync(string headers, int cseq = 0, string user = "user", string body = "") =>
        Wire.AskAsync(RegisterText(headers, cseq, user, body));

    private string RegisterText(string headers, int cseq = 0, string user = "user", string body = "")
    {
        _requests++;
        body = body.ReplaceLineEndings("\n");
        return $"""
            REGISTER sip:psa.domain.com SIP/2.0
            Via: SIP/2.0/UDP 192.0.2.1:5060;branch=z9hG4bK{_requests}
            Max-Forwards: 70
            From: <sip:scscf.domain.com>;tag=4fa3
            To: <sip:{user}@domain.com>
            Call-ID: 1@scscf
            CSeq: {(cseq == 0 ? _requests : cseq)} REGISTER
            {headers}{(body.Length == 0 ? "" : "\nContent-Type: message/sip")}
            Content-Length: <CL>


            """ + body;
    }
}
