using SipPush.Msrp;
using SipPush.Msrp.Transport;
using SipPush.Sip;
using SipPush.Tests.Support;

namespace SipPush.Tests.Msrp.Relays;

/// <summary>An endpoint in memory that asks a relay, which the test plays in literal text, for a path. Its own URI is <see cref="Own"/>, its credentials are Alice's, with the password "secret".</summary>
internal sealed class RelayWire : IAsyncDisposable
{
    public const string Own = "msrps://localhost:9/session1;tcp";
    public const string Relay = "msrps://relay.example.com;tcp";
    public const string Granted = "msrps://relay.example.com:9000/jui787s2f;tcp";
    public const string Bob = "msrps://bob.example.net:8145/foo;tcp";

    public RelayWire(Func<MsrpRelayOptions, MsrpRelayOptions>? change = null)
    {
        var options = new MsrpRelayOptions
        {
            Relays = [MsrpUri.Parse(Relay)],
            Authenticate = _ => new MsrpDigestAuthentication([new SipCredential("Alice", "secret")], new CountingIdentifiers()),
        };
        Task<MsrpRelayLease>? asking = null;
        Peer = new MsrpWirePeer(pipe =>
        {
            asking = Wire.Endpoint.AuthorizeAsync(new MsrpLink(pipe, isSecure: true), change?.Invoke(options) ?? options, CancellationToken.None);
            return Task.CompletedTask;
        });
        Asking = asking!;
    }

    public MsrpWire Wire { get; } = new();

    /// <summary>The relay.</summary>
    public MsrpWirePeer Peer { get; }

    /// <summary>The request for a path.</summary>
    public Task<MsrpRelayLease> Asking { get; }

    public static MsrpRemote RemoteBob(MsrpRole role, string path = Bob) => new() { Path = MsrpPath.Parse(path), Role = role };

    /// <summary>The lease, now that everything has been answered.</summary>
    public Task<MsrpRelayLease> LeaseAsync() => Asking.WaitAsync(MsrpWire.Patience);

    /// <summary>What the request has failed with.</summary>
    public MsrpException Failure() => Assert.ThrowsAsync<MsrpException>(LeaseAsync)!;

    /// <summary>The next that comes is an AUTH with these further headers.</summary>
    public Task ExpectAuthAsync(int number, params string[] headers) => Peer.ExpectAsync($"""
        MSRP t{number:D15} AUTH
        To-Path: {Relay}
        From-Path: {Own}
        {Lines(headers)}-------t{number:D15}$
        """);

    /// <summary>Answers that AUTH.</summary>
    public Task AnswerAsync(int number, string status, params string[] headers) => Peer.SendAsync($"""
        MSRP t{number:D15} {status}
        To-Path: {Own}
        From-Path: {Relay}
        {Lines(headers)}-------t{number:D15}$
        """);

    /// <summary>A lease that was given without a challenge, for 900 s unless these headers say otherwise.</summary>
    public async Task<MsrpRelayLease> GrantAsync(params string[] headers)
    {
        await ExpectAuthAsync(1);
        await AnswerAsync(1, "200 OK", headers is [] ? [$"Use-Path: {Granted}", "Expires: 900"] : headers);
        return await LeaseAsync();
    }

    public async ValueTask DisposeAsync()
    {
        Peer.StopWaiting();
        await Wire.DisposeAsync();
    }

    private static string Lines(string[] headers) => string.Concat(headers.Select(header => header + "\n"));
}
