using System.Runtime.CompilerServices;
using SipPush.Sip;

namespace SipPush.Tests.Agents;

/// <summary>A sender that is started again over a store that has outlived the one before.</summary>
public sealed class RegistrationRestartTests
{
    private static readonly SipUri Bob = SipUri.Parse("sip:user@domain.com");

    private readonly MemoryRegistrationStore _store = new(100);
    private AgentWire? _wire;

    private AgentWire Wire => _wire ?? throw new InvalidOperationException("No sender was started");

    [TearDown]
    public async Task Stop()
    {
        if (_wire is { } wire)
        {
            await wire.DisposeAsync();
        }
    }

    [Test]
    [Description("PUSH-05, PUSH-08")]
    public async Task Who_is_still_registered_is_known_at_once_and_pushed_to()
    {
        using var folder = new RegistrationFolder();
        await using (var store = await folder.OpenAsync())
        await using (await StartAsync(store))
        {
            await RegisterAsync(cseq: 1, expires: 3_600);
        }

        await Stop();
        await using (var store = await folder.OpenAsync())
        await using (var sender = await StartAsync(store, after: TimeSpan.FromMinutes(59)))
        {
            var registration = await sender.Registrations.WaitForAsync(Bob, "mms.ua");
            var sending = sender.SendAsync(Bob, PushContent.FromText("x")).AsTask();
            var message = await Wire.NextAsync();

            Assert.That(registration.Expires, Is.EqualTo(Wire.Clock.GetUtcNow().AddMinutes(1)));
            Assert.That(message, Does.StartWith("MESSAGE sip:user@domain.com;gr=urn:uuid:1 SIP/2.0\n"));
            Assert.That(sending.IsCompleted, Is.False);
        }
    }

    [Test]
    [Description("PUSH-05")]
    public async Task Who_has_lapsed_meanwhile_is_told_and_forgotten_and_who_lapses_later_is_too()
    {
        await KeepAsync(1, expires: 60);
        await KeepAsync(2, expires: 120);
        await using var sender = await StartAsync(_store, after: TimeSpan.FromSeconds(90));
        await using var changes = sender.Registrations.WatchAsync().GetAsyncEnumerator();
        var next = changes.MoveNextAsync();

        Assert.That(await sender.Registrations.FindAsync(RegistrationFolder.User(1).Aor), Is.Null);
        Wire.Clock.Advance(TimeSpan.FromSeconds(5));
        Assert.That((await next, changes.Current.Kind, changes.Current.Registration.CallId), Is.EqualTo((true, RegistrationChangeKind.Expired, "1@scscf")));
        Assert.That(_store.Count, Is.EqualTo(1));

        next = changes.MoveNextAsync();
        Wire.Clock.Advance(TimeSpan.FromSeconds(24.9));
        Assert.That(next.IsCompleted, Is.False);
        Wire.Clock.Advance(TimeSpan.FromSeconds(.1));
        Assert.That((await next, changes.Current.Kind, changes.Current.Registration.CallId), Is.EqualTo((true, RegistrationChangeKind.Expired, "2@scscf")));
        Assert.That(_store.Count, Is.Zero);
    }

    [Test]
    [Description("PUSH-05")]
    public async Task What_is_older_changes_nothing_after_a_restart_either()
    {
        await using (await StartAsync(_store))
        {
            await RegisterAsync(cseq: 5, expires: 60);
        }

        await Stop();
        await using var sender = await StartAsync(_store);

        Assert.That(await RegisterAsync(cseq: 4, expires: 0), Does.StartWith("SIP/2.0 500 "));
        Assert.That(await sender.Registrations.FindAsync(Bob), Is.Not.Null);
    }

    [Test]
    public async Task A_clock_that_was_set_back_makes_nobody_stay_for_longer_than_was_granted()
    {
        await KeepAsync(1, expires: 60, registered: TimeSpan.FromDays(1_000));
        await using var sender = await StartAsync(_store);
        Assert.That(await sender.Registrations.FindAsync(RegistrationFolder.User(1).Aor), Is.Not.Null);

        Wire.Clock.Advance(TimeSpan.FromSeconds(64));
        Assert.That(await sender.Registrations.FindAsync(RegistrationFolder.User(1).Aor), Is.Not.Null);
        Wire.Clock.Advance(TimeSpan.FromSeconds(1));
        Assert.That((await sender.Registrations.FindAsync(RegistrationFolder.User(1).Aor), _store.Count), Is.EqualTo(((PushRegistration?)null, 0)));
    }

    [Test]
    public async Task A_store_that_cannot_be_listed_is_asked_again()
    {
        await KeepAsync(1, expires: 60);
        await using var sender = await StartAsync(new MoodyStore(_store), after: TimeSpan.FromSeconds(10));

        Wire.Clock.Advance(TimeSpan.FromSeconds(49));
        Assert.That(_store.Count, Is.EqualTo(1));
        await Task.Run(async () =>
        {
            // What goes on after the delay does so on a thread of its own.
            for (var i = 0; i < 100_000 && _store.Count > 0; i++)
            {
                Wire.Clock.Advance(TimeSpan.FromSeconds(1));
                await Task.Yield();
            }
        });
        Assert.That(_store.Count, Is.Zero);
    }

    private async Task<PushSenderAgent> StartAsync(RegistrationStore store, TimeSpan after = default)
    {
        _wire = await AgentWire.StartAsync("sip:psa@domain.com");
        Wire.Clock.Advance(after);
        return new PushSenderAgent(Wire.UserAgent, new PushSenderOptions { Store = store });
    }

    private async Task KeepAsync(int number, int expires, TimeSpan registered = default)
    {
        var at = new Support.ManualTimeProvider().GetUtcNow() + registered;
        await _store.SetAsync(RegistrationFolder.User(number) with { RegisteredAt = at, Expires = at.AddSeconds(expires) }, default);
    }

    private Task<string> RegisterAsync(int cseq, int expires) => Wire.AskAsync($"""
        REGISTER sip:psa.domain.com SIP/2.0
        Via: SIP/2.0/UDP 192.0.2.1:5060;branch=z9hG4bK{cseq}
        Max-Forwards: 70
        From: <sip:scscf.domain.com>;tag=4fa3
        To: <sip:user@domain.com>
        Call-ID: 1@scscf
        CSeq: {cseq} REGISTER
        Expires: {expires}
        Content-Type: message/sip
        Content-Length: <CL>

        SIP/2.0 200 OK
        Via: SIP/2.0/UDP 192.0.2.4;branch=z9hG4bK1
        From: <sip:user@domain.com>;tag=1
        To: <sip:user@domain.com>;tag=2
        Call-ID: ue
        CSeq: 1 REGISTER
        Contact: <sip:user@192.0.2.4>;pub-gruu="sip:user@domain.com;gr=urn:uuid:1";+sip.instance="<urn:uuid:1>";+g.oma.pusheventapp="mms.ua";expires=60
        Content-Length: 0


        """);

    /// <summary>Fails the first time it is listed.</summary>
    private sealed class MoodyStore(MemoryRegistrationStore store) : RegistrationStore
    {
        private int _listed;

        public override ValueTask<PushRegistration?> FindAsync(SipUri aor, CancellationToken cancellationToken) => store.FindAsync(aor, cancellationToken);

        public override ValueTask<bool> SetAsync(PushRegistration registration, CancellationToken cancellationToken) => store.SetAsync(registration, cancellationToken);

        public override ValueTask RemoveAsync(SipUri aor, CancellationToken cancellationToken) => store.RemoveAsync(aor, cancellationToken);

        public override async IAsyncEnumerable<PushRegistration> ListAsync([EnumeratorCancellation] CancellationToken cancellationToken)
        {
            if (_listed++ == 0)
            {
                throw new TimeoutException("The database does not answer");
            }

            await foreach (var registration in store.ListAsync(cancellationToken))
            {
                yield return registration;
            }
        }
    }
}
