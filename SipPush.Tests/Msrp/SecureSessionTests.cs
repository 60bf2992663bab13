using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using SipPush.Msrp;
using SipPush.Tests.Interop;
using SipPush.Tests.Support;

namespace SipPush.Tests.Msrp;

/// <summary>Sessions over real sockets with TLS: who is let in, by fingerprint (RFC 8122) or by name, in both roles.</summary>
public sealed class SecureSessionTests
{
    private static readonly TestAuthority Authority = TestAuthority.CreateRoot();
#pragma warning disable NUnit1032 // They serve all tests of the process.
    private static readonly X509Certificate2 Alice = Authority.Issue("ip:127.0.0.1");
    private static readonly X509Certificate2 Bob = TestAuthority.CreateRoot("Bob").Issue("dns:bob.example.com");
#pragma warning restore NUnit1032

    [TestCase("127.0.0.1")]
    [TestCase("::1")]
    [Description("MSRP-46")]
    public async Task Both_ends_know_each_other_by_fingerprint(string address)
    {
        await using var alice = Start(Alice, address, asks: true);
        await using var bob = Start(Bob, address);

        var (here, there) = await ConnectAsync(alice, bob, Print(Alice), Print(Bob));

        var sent = await there.SendAsync(OutgoingMsrpMessage.FromMemory("text/plain", "Good evening"u8.ToArray()) with { SuccessReport = true });
        Assert.That(sent.Outcome, Is.EqualTo(MsrpSendOutcome.Reported));
        Assert.That(await MsrpWire.ReadNextAsync(here), Is.EqualTo("Good evening"));
        await EndAsync(alice, bob);
    }

    [Test]
    [Description("MSRP-46")]
    public async Task A_listener_with_another_fingerprint_is_left()
    {
        await using var alice = Start(Alice, "127.0.0.1", asks: true);
        await using var bob = Start(Bob, "127.0.0.1");
        await using var here = alice.CreateSession(secure: true);
        await using var there = bob.CreateSession(secure: true);

        Assert.That(
            async () => await there.StartAsync(new MsrpRemote { Path = here.LocalPath, Role = MsrpRole.Active, Fingerprints = [Print(Bob)] }),
            Throws.InstanceOf<MsrpException>().With.Message.Contains("fingerprint"));
        await EndAsync(alice, bob);
    }

    [Test]
    [Description("MSRP-46, Edge 47")]
    public async Task A_caller_with_another_fingerprint_gets_no_session()
    {
        await using var alice = Start(Alice, "127.0.0.1", asks: true);
        await using var bob = Start(Bob, "127.0.0.1");
        await using var here = alice.CreateSession(secure: true);
        await using var there = bob.CreateSession(secure: true);
        var waiting = here.StartAsync(new MsrpRemote { Path = there.LocalPath, Role = MsrpRole.Passive, Fingerprints = [Print(Alice)] }).AsTask();

        var refused = Assert.ThrowsAsync<MsrpException>(
            async () => await there.StartAsync(new MsrpRemote { Path = here.LocalPath, Role = MsrpRole.Active, Fingerprints = [Print(Alice)] }));

        Assert.That(refused.StatusCode, Is.EqualTo(MsrpStatus.Forbidden));
        Assert.That(await Poll.UntilAsync(() => alice.Counts.Connections == 0, MsrpWire.Patience), Is.True, "the connection is torn down");
        Assert.That(waiting.IsCompleted, Is.False);
        await here.DisposeAsync();
        Assert.That(async () => await waiting, Throws.InstanceOf<MsrpException>());
        await EndAsync(alice, bob);
    }

    [Test]
    [Description("MSRP-46")]
    public async Task Fingerprints_that_cannot_be_used_let_nobody_in()
    {
        await using var alice = Start(Alice, "127.0.0.1", asks: true);
        await using var bob = Start(Bob, "127.0.0.1");
        await using var here = alice.CreateSession(secure: true);
        await using var there = bob.CreateSession(secure: true);

        Assert.That(
            async () => await there.StartAsync(new MsrpRemote { Path = here.LocalPath, Role = MsrpRole.Active, Fingerprints = [] }),
            Throws.InstanceOf<MsrpException>());
        await EndAsync(alice, bob);
    }

    [Test]
    [Description("MSRP-46")]
    public async Task Without_fingerprints_the_name_counts()
    {
        await using var alice = Start(Alice, "127.0.0.1");
        await using var bob = MsrpEndpoint.Start(new MsrpEndpointOptions { Tls = new MsrpTlsOptions { TrustedRoots = Authority.Roots } });

        var (here, there) = await ConnectAsync(alice, bob, null, null);

        Assert.That((await here.SendAsync(OutgoingMsrpMessage.FromMemory("text/plain", "Hello"u8.ToArray()))).Outcome, Is.EqualTo(MsrpSendOutcome.Acknowledged));
        Assert.That(await MsrpWire.ReadNextAsync(there), Is.EqualTo("Hello"));
        await EndAsync(alice, bob);
    }

    [Test]
    [Description("MSRP-42, MSRP-43")]
    public async Task Sessions_to_one_place_share_a_connection_where_that_is_asked_for()
    {
        await using var alice = Start(Alice, "127.0.0.1");
        await using var bob = MsrpEndpoint.Start(new MsrpEndpointOptions { ReuseConnections = true, Tls = new MsrpTlsOptions { TrustedRoots = Authority.Roots } });

        var (_, first) = await ConnectAsync(alice, bob, null, null);
        var (here, second) = await ConnectAsync(alice, bob, null, null);
        Assert.That((alice.Counts.Connections, bob.Counts.Connections, bob.Counts.Sessions), Is.EqualTo((1, 1, 2)));

        await first.CloseAsync();

        Assert.That((await second.SendAsync(OutgoingMsrpMessage.FromMemory("text/plain", "Still here"u8.ToArray()))).Outcome, Is.EqualTo(MsrpSendOutcome.Acknowledged));
        Assert.That(await MsrpWire.ReadNextAsync(here), Is.EqualTo("Still here"));
        await EndAsync(alice, bob);
    }

    private static MsrpFingerprint Print(X509Certificate2 certificate) => MsrpFingerprint.Of(certificate, HashAlgorithmName.SHA256);

    private static MsrpEndpoint Start(X509Certificate2 certificate, string address, bool asks = false) => MsrpEndpoint.Start(new MsrpEndpointOptions
    {
        ListenSecure = new IPEndPoint(IPAddress.Parse(address), 0),
        Tls = new MsrpTlsOptions { Certificate = certificate, AsksForCertificates = asks, TrustedRoots = Authority.Roots },
    });

    // The second endpoint connects to the first.
    private static async Task<(MsrpSession Passive, MsrpSession Active)> ConnectAsync(MsrpEndpoint passive, MsrpEndpoint active, MsrpFingerprint? ofPassive, MsrpFingerprint? ofActive)
    {
        var here = passive.CreateSession(secure: true);
        var there = active.CreateSession(secure: true);
        var waiting = here.StartAsync(new MsrpRemote { Path = there.LocalPath, Role = MsrpRole.Passive, Fingerprints = ofActive is null ? null : [ofActive] });
        await there.StartAsync(new MsrpRemote { Path = here.LocalPath, Role = MsrpRole.Active, Fingerprints = ofPassive is null ? null : [ofPassive] });
        await waiting;
        return (here, there);
    }

    private static async Task EndAsync(params MsrpEndpoint[] endpoints)
    {
        foreach (var endpoint in endpoints)
        {
            await endpoint.DisposeAsync();
            Assert.That(await Poll.UntilAsync(() => endpoint.Counts == default, MsrpWire.Patience), Is.True, "nothing is left");
        }
    }
}
