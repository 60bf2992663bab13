using System.IO.Pipelines;
using SipPush.Msrp;
using SipPush.Tests.Support;

namespace SipPush.Tests.Interop;

/// <summary>MSRP through Kamailio's relay, over TCP and over TLS.</summary>
[TestFixture(false), TestFixture(true), Category("Interop"), Parallelizable]
public sealed class KamailioRelayTests(bool isSecure)
{
    private const int Megabyte = 1 << 20;

    private readonly TestAuthority _authority = TestAuthority.CreateRoot();

    [Test]
    [Description("MSRP-48, MSRP-49")]
    public async Task A_megabyte_goes_both_ways_between_two_that_are_behind_the_relay()
    {
        await using var relay = await StartAsync();
        await using var alice = await RelayParty.BehindAsync(relay, _authority, "alice");
        await using var bob = await RelayParty.BehindAsync(relay, _authority, "bob");
        await RelayParty.ConnectAsync(alice, bob);

        await Task.WhenAll(alice.SendAsync(bob, Megabyte), bob.SendAsync(alice, Megabyte));

        Assert.That(alice.Lease!.UsePath.Uris, Has.Count.EqualTo(1));
        Assert.That(alice.Session.LocalPath.ToString(), Is.EqualTo($"{alice.Lease.UsePath} {alice.Session.LocalUri}"));
    }

    [Test]
    public async Task A_megabyte_goes_both_ways_between_one_behind_the_relay_and_one_that_is_not()
    {
        await using var relay = await StartAsync();
        await using var alice = await RelayParty.BehindAsync(relay, _authority, "alice");
        await using var bob = RelayParty.Direct(relay, _authority);
        await RelayParty.ConnectAsync(alice, bob);

        await Task.WhenAll(alice.SendAsync(bob, Megabyte), bob.SendAsync(alice, Megabyte));

        Assert.That(bob.Endpoint.Counts.Connections, Is.EqualTo(1));
    }

    [Test]
    public async Task Several_sessions_share_the_relay()
    {
        await using var relay = await StartAsync();
        await Task.WhenAll(Enumerable.Range(1, 4).Select(async number =>
        {
            await using var one = await RelayParty.BehindAsync(relay, _authority, $"one{number}");
            await using var other = await RelayParty.BehindAsync(relay, _authority, $"other{number}");
            await RelayParty.ConnectAsync(one, other);
            await one.SendAsync(other, (64 * 1024) + number);
            await other.SendAsync(one, number);
        }));

        Assert.That(relay.Log.Where(line => line.Contains("ERROR", StringComparison.Ordinal)), Is.Empty);
    }

    [Test]
    [Description("MSRP-48")]
    public async Task A_wrong_password_is_refused()
    {
        await using var relay = await StartAsync();
        await using var endpoint = MsrpEndpoint.Start(new MsrpEndpointOptions { Tls = new MsrpTlsOptions { TrustedRoots = _authority.Roots } });

        var failure = Assert.ThrowsAsync<MsrpException>(async () => await endpoint.AuthorizeAsync(relay.OptionsFor("alice", "wrong")));

        Assert.That(failure!.StatusCode, Is.EqualTo(401));
    }

    [Test]
    [Description("MSRP-50")]
    public async Task A_path_is_renewed_in_time_and_goes_on_being_used()
    {
        var changes = 0;
        await using var relay = await StartAsync(expires: 3);
        await using var alice = await RelayParty.BehindAsync(relay, _authority, "alice", options => options with { OnPathChanged = _ => Interlocked.Increment(ref changes) });
        await using var bob = RelayParty.Direct(relay, _authority);
        await RelayParty.ConnectAsync(alice, bob);
        var former = alice.Lease!.UsePath;

        // This relay gives another path each time.
        Assert.That(await Poll.UntilAsync(() => Volatile.Read(ref changes) >= 2, RelayParty.Patience), Is.True);
        await alice.SendAsync(bob, 100_000);

        Assert.That(alice.Lease.UsePath, Is.Not.EqualTo(former));
        Assert.That(alice.Lease.Completion.IsCompleted, Is.False);
    }

    [Test]
    public async Task A_relay_that_ends_takes_message_session_and_lease_along()
    {
        var relay = await StartAsync();
        try
        {
            await using var alice = await RelayParty.BehindAsync(relay, _authority, "alice");
            await using var bob = await RelayParty.BehindAsync(relay, _authority, "bob");
            await RelayParty.ConnectAsync(alice, bob);
            var body = new Pipe();
            var sending = alice.Session.SendAsync(OutgoingMsrpMessage.FromPipe("application/octet-stream", body.Reader)).AsTask();
            await body.Writer.WriteAsync(new byte[16 * 1024]);
            await using var messages = bob.Session.ReceiveAllAsync().GetAsyncEnumerator();
            Assert.That(await messages.MoveNextAsync().AsTask().WaitAsync(RelayParty.Patience), Is.True);

            await relay.DisposeAsync();

            Assert.That((await sending.WaitAsync(RelayParty.Patience)).Outcome, Is.EqualTo(MsrpSendOutcome.ConnectionLost));
            Assert.That(async () => await messages.Current.Completion.WaitAsync(RelayParty.Patience), Throws.InstanceOf<MsrpException>());
            await alice.Lease!.Completion.WaitAsync(RelayParty.Patience);
            Assert.That(await bob.Session.Completion.WaitAsync(RelayParty.Patience), Is.AnyOf(MsrpSessionEnd.ConnectionLost, MsrpSessionEnd.ClosedByPeer));
            await messages.Current.DisposeAsync();
        }
        finally
        {
            await relay.DisposeAsync();
        }
    }

    private Task<KamailioRelay> StartAsync(int expires = 3600) =>
        KamailioRelay.StartAsync(isSecure ? _authority.Issue($"dns:{KamailioRelay.Name}", "ip:127.0.0.1") : null, expires);
}
