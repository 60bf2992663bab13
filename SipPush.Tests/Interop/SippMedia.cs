using System.Globalization;
using System.Net;
using SipPush.Msrp;

namespace SipPush.Tests.Interop;

/// <summary>The MSRP end of a session whose SIP is sipp's, in which it has no part.</summary>
internal sealed class SippMedia : IAsyncDisposable
{
    public SippMedia() => Session = Endpoint.CreateSession();

    public MsrpEndpoint Endpoint { get; } = MsrpEndpoint.Start(new MsrpEndpointOptions { Listen = new IPEndPoint(IPAddress.Loopback, 0) });

    public MsrpSession Session { get; }

    public int Port => Endpoint.LocalEndPoint!.Port;

    /// <summary>What sipp is to say of it.</summary>
    public SippOptions OptionsFor(string setup, bool tcp = false) => new()
    {
        Tcp = tcp,
        Keys = new Dictionary<string, string>
        {
            ["path"] = Session.LocalUri.ToString(),
            ["msrp_port"] = Port.ToString(CultureInfo.InvariantCulture),
            ["setup"] = setup,
        },
    };

    /// <summary>Takes the role that sipp has said.</summary>
    /// <param name="path">The path of the other end.</param>
    /// <param name="isActive">Whether it connects.</param>
    /// <param name="cancellationToken">Gives it up.</param>
    public Task StartAsync(string path, bool isActive, CancellationToken cancellationToken) =>
        Session.StartAsync(new MsrpRemote { Path = MsrpPath.Parse(path), Role = isActive ? MsrpRole.Active : MsrpRole.Passive }, cancellationToken).AsTask();

    /// <summary>Has a session opened to sipp, and takes its role in it.</summary>
    /// <param name="alice">Opens it.</param>
    /// <param name="options">Have sipp's address as their target.</param>
    /// <param name="isActive">Whether this end connects.</param>
    /// <param name="called">What is to happen when the INVITE has gone; null for nothing.</param>
    public async Task<PushSession> OpenAsync(SessionParty alice, PushOptions options, bool isActive = false, Func<Task>? called = null)
    {
        var opening = alice.Sender!.OpenSessionAsync(AgentPair.Bob, options, alice.Token).AsTask();
        await alice.UntilAsync("INVITE ");
        if (called is not null)
        {
            await called();
        }

        var starting = StartAsync(alice.Line("INVITE", "a=path:"), isActive, alice.Token);
        var session = await opening;
        await starting;
        return session;
    }

    /// <summary>The next message.</summary>
    public async Task<IncomingMsrpMessage> TakeAsync(CancellationToken cancellationToken)
    {
        await foreach (var message in Session.ReceiveAllAsync(cancellationToken))
        {
            return message;
        }

        throw new InvalidOperationException($"The session has ended: {Session.Failure}");
    }

    public async ValueTask DisposeAsync()
    {
        await Session.DisposeAsync();
        await Endpoint.DisposeAsync();
    }
}
