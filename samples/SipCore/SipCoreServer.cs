using System.Net;
using System.Net.Sockets;
using SipPush.Sip;

namespace SipPush.Samples.SipCore;

/// <summary>
/// A small SIP core: registrar and proxy of one domain. User agents are on its open side, application servers on its trusted
/// one; each side has its own port, which tells them apart even on one machine.
/// </summary>
public sealed class SipCoreServer : IAsyncDisposable
{
    private readonly CoreDomain _domain;
    private readonly CoreSide _open = new(isTrusted: false);
    private readonly CoreSide _trusted = new(isTrusted: true);
    private readonly LocationTable _locations;
    private readonly ThirdPartyRegistrar _thirdParty;
    private readonly Registrar _registrar;
    private readonly Proxy _proxy;

    private SipCoreServer(CoreOptions options)
    {
        var gruus = new GruuBook();
        _domain = new CoreDomain(options, _open, _trusted);
        _locations = new LocationTable(options, (addressOfRecord, left) => _registrar!.Expired(addressOfRecord, left));
        _thirdParty = new ThirdPartyRegistrar(options, _domain, _trusted, Terminate);
        _registrar = new Registrar(options, _domain, _locations, _thirdParty, gruus);
        _proxy = new Proxy(options, _domain, _trusted, _locations, new TargetFinder(_domain, _locations, gruus));
    }

    /// <summary>Where user agents register and receive, with the real ports.</summary>
    public IReadOnlyList<SipEndPoint> Listen => _open.Stack.Local;

    /// <summary>Where application servers send and receive, with the real ports.</summary>
    public IReadOnlyList<SipEndPoint> Trusted => _trusted.Stack.Local;

    /// <summary>The stacks of both sides.</summary>
    internal IReadOnlyList<SipStack> Stacks => [_open.Stack, _trusted.Stack];

    /// <summary>Binds both sides and begins to serve.</summary>
    /// <exception cref="IOException">An address can't be bound.</exception>
    public static async ValueTask<SipCoreServer> StartAsync(CoreOptions options, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(options);
        var core = new SipCoreServer(options);
        try
        {
            core._trusted.Stack = await StartAsync(core, core._trusted, options, options.Trusted, options.TrustedTransports, cancellationToken);
            core._open.Stack = await StartAsync(core, core._open, options, options.Listen, options.ListenTransports, cancellationToken);
        }
        catch
        {
            await core.DisposeAsync();
            throw;
        }

        return core;
    }

    /// <summary>Stops serving. Nobody is de-registered: the addresses are gone with the process.</summary>
    public async ValueTask DisposeAsync()
    {
        await _thirdParty.DisposeAsync();
        if (_open.HasStarted)
        {
            await _open.Stack.DisposeAsync();
        }

        if (_trusted.HasStarted)
        {
            await _trusted.Stack.DisposeAsync();
        }

        _locations.Dispose();
        _registrar.Dispose();
    }

    private static async ValueTask<SipStack> StartAsync(
        SipCoreServer core, CoreSide side, CoreOptions options, IPEndPoint address, IReadOnlyList<SipTransport> transports, CancellationToken cancellationToken)
    {
        var stackOptions = new SipStackOptions
        {
            Transports = transports,
            Transport = options.Transport,
            TimeProvider = options.TimeProvider,
            Identifiers = options.Identifiers,
            LoggerFactory = options.LoggerFactory,
            Tap = options.Tap,
            OnRequest = (transaction, token) => core.HandleAsync(transaction, side, token),
            OnAck = (ack, flow, token) => core._proxy.HandleAckAsync(ack, flow, side, token),
            Timers = options.Timers,
        };

        if (transports.Count > 0)
        {
            return await SipStack.StartAsync(stackOptions, cancellationToken);
        }

        for (var attempt = 1; ; attempt++)
        {
            var chosen = address.Port == 0 ? FreePort(address.Address) : address;
            try
            {
                return await SipStack.StartAsync(
                    stackOptions with { Listen = [new SipEndPoint(SipProtocol.Udp, chosen), new SipEndPoint(SipProtocol.Tcp, chosen)] },
                    cancellationToken);
            }
            catch (IOException) when (address.Port == 0 && attempt < 10)
            {
                // Somebody has taken it since, or has it for UDP: another one.
            }
        }
    }

    // UDP and TCP are to have the same port, so that one number names the side.
    private static IPEndPoint FreePort(IPAddress address)
    {
        using var probe = new Socket(address.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
        probe.Bind(new IPEndPoint(address, 0));
        return (IPEndPoint)probe.LocalEndPoint!;
    }

    private ValueTask HandleAsync(SipServerTransaction transaction, CoreSide side, CancellationToken cancellationToken)
    {
        var request = transaction.Request;
        return request.Method == SipMethod.Register && request.RequestUri is { } uri && _domain.Owns(uri) && uri.User.IsEmpty
            ? _registrar.HandleAsync(transaction, side, cancellationToken)
            : _proxy.HandleAsync(transaction, side, cancellationToken);
    }

    private void Terminate(SipUri addressOfRecord)
    {
        _locations.TryUpdate(addressOfRecord, _ => []);
        _registrar.Expired(addressOfRecord, []);
    }
}
