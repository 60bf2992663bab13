using System.Net;
using System.Security.Cryptography;
using SipPush.Msrp;
using SipPush.Tests.Support;

namespace SipPush.Tests.Interop;

/// <summary>One end of a session through a <see cref="KamailioRelay"/>: behind it, or reached by it.</summary>
internal sealed class RelayParty : IAsyncDisposable
{
    public static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private static readonly MsrpSessionOptions Options = new() { ChunkSize = KamailioRelay.ChunkSize };

    private RelayParty(MsrpEndpoint endpoint, MsrpRelayLease? lease, MsrpSession session)
    {
        Endpoint = endpoint;
        Lease = lease;
        Session = session;
    }

    public MsrpEndpoint Endpoint { get; }

    /// <summary>The path through the relay; null for one that has none.</summary>
    public MsrpRelayLease? Lease { get; }

    public MsrpSession Session { get; }

    /// <summary>One that has authenticated to the relay and listens nowhere.</summary>
    public static async Task<RelayParty> BehindAsync(KamailioRelay relay, TestAuthority authority, string user, Func<MsrpRelayOptions, MsrpRelayOptions>? change = null)
    {
        var endpoint = MsrpEndpoint.Start(new MsrpEndpointOptions { Tls = TlsOf(authority) });
        try
        {
            var options = relay.OptionsFor(user);
            var lease = await endpoint.AuthorizeAsync(change?.Invoke(options) ?? options).AsTask().WaitAsync(Patience);
            return new RelayParty(endpoint, lease, endpoint.CreateSession(lease, Options));
        }
        catch
        {
            await endpoint.DisposeAsync();
            throw;
        }
    }

    /// <summary>One that listens, and knows nothing of relays.</summary>
    public static RelayParty Direct(KamailioRelay relay, TestAuthority authority)
    {
        var local = new IPEndPoint(IPAddress.Loopback, 0);
        var endpoint = MsrpEndpoint.Start(new MsrpEndpointOptions { Listen = relay.IsSecure ? null : local, ListenSecure = relay.IsSecure ? local : null, Tls = TlsOf(authority) });
        return new RelayParty(endpoint, null, endpoint.CreateSession(Options, relay.IsSecure));
    }

    /// <summary>Connects both: the first is the active one.</summary>
    public static async Task ConnectAsync(RelayParty active, RelayParty passive)
    {
        var waiting = passive.Session.StartAsync(new MsrpRemote { Path = active.Session.LocalPath, Role = MsrpRole.Passive }).AsTask();
        await active.Session.StartAsync(new MsrpRemote { Path = passive.Session.LocalPath, Role = MsrpRole.Active }).AsTask().WaitAsync(Patience);
        await waiting.WaitAsync(Patience);
    }

    /// <summary>Sends that many octets to the other one; what was sent has to come, and be reported.</summary>
    public async Task SendAsync(RelayParty other, int length)
    {
        var body = new byte[length];
        new Random(length).NextBytes(body);
        var receiving = other.HashNextAsync();

        var result = await Session.SendAsync(OutgoingMsrpMessage.FromMemory("application/octet-stream", body) with { SuccessReport = true }).AsTask().WaitAsync(Patience);

        Assert.That((result.Outcome, result.Progress.Reported), Is.EqualTo((MsrpSendOutcome.Reported, (long)length)));
        Assert.That(await receiving.WaitAsync(Patience), Is.EqualTo(Convert.ToHexStringLower(SHA256.HashData(body))));
    }

    /// <summary>SHA-256 of the next message.</summary>
    public async Task<string> HashNextAsync()
    {
        await foreach (var message in Session.ReceiveAllAsync())
        {
            await using (message)
            {
                return Convert.ToHexStringLower(await SHA256.HashDataAsync(message.AsStream()));
            }
        }

        throw new InvalidOperationException($"The session has ended: {Session.Failure}");
    }

    public async ValueTask DisposeAsync()
    {
        await Session.DisposeAsync();
        if (Lease is not null)
        {
            await Lease.DisposeAsync();
        }

        await Endpoint.DisposeAsync();
    }

    private static MsrpTlsOptions TlsOf(TestAuthority authority) => new() { Certificate = authority.Issue("ip:127.0.0.1"), TrustedRoots = authority.Roots };
}
