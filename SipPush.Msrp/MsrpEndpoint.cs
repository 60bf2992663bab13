using System.Collections.Concurrent;
using System.IO.Pipelines;
using System.Net;
using System.Net.WebSockets;
using System.Runtime.CompilerServices;
using Microsoft.Extensions.Logging;
using SipPush.Msrp.Connections;
using SipPush.Msrp.Diagnostics;
using SipPush.Msrp.Framing;
using SipPush.Msrp.Transport;

namespace SipPush.Msrp;

/// <summary>
/// An MSRP endpoint (RFC 4975): its listeners, its connections, and the sessions on them. All sessions are served on one port a scheme. It needs no SIP: whoever uses it exchanges
/// the paths.
/// </summary>
public sealed class MsrpEndpoint : IAsyncDisposable
{
    private static readonly MsrpSessionOptions DefaultOptions = new();

    private readonly ConcurrentDictionary<string, MsrpSession> _sessions = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<MsrpConnection, bool> _connections = [];
    private readonly HashSet<StrongBox<Task>> _tasks = [];
    private readonly List<MsrpSocketListener> _listeners = [];
    private readonly MsrpDialer _dialer;
    private readonly long _origin;
    private readonly CancellationTokenSource _ending = new();
    private int _partial;
    private int _disposed;

    private MsrpEndpoint(MsrpEndpointOptions options)
    {
        Options = options;
        Logger = options.LoggerFactory.CreateLogger(MsrpTelemetry.Category);
        _dialer = new MsrpDialer(options.Tls, options.TransportLimits, options.TimeProvider, Logger, options.Resolve);
        _origin = options.TimeProvider.GetTimestamp();
        FrameStates = new MsrpFrameStates(new MsrpFrameLimits(options.Limits.Head, options.Limits.Headers, options.Limits.NonSendBody));
    }

    /// <summary>How the endpoint was set up.</summary>
    public MsrpEndpointOptions Options { get; }

    /// <summary>Where it listens for <c>msrp</c>, with the port that it was given; null when it does not.</summary>
    public IPEndPoint? LocalEndPoint { get; private set; }

    /// <summary>Where it listens for <c>msrps</c>, with the port that it was given; null when it does not.</summary>
    public IPEndPoint? SecureLocalEndPoint { get; private set; }

    /// <summary>What it holds at the moment.</summary>
    public MsrpEndpointCounts Counts
    {
        get
        {
            lock (_tasks)
            {
                return new(_connections.Count, _sessions.Count, Volatile.Read(ref _partial), _tasks.Count);
            }
        }
    }

    internal ILogger Logger { get; }

    internal MsrpFrameStates FrameStates { get; }

    /// <summary>Ends what would otherwise wait for the application.</summary>
    internal CancellationToken Ending => _ending.Token;

    /// <summary>Time since the endpoint began, in ticks of <see cref="TimeSpan"/>.</summary>
    internal long Now => Options.TimeProvider.GetElapsedTime(_origin).Ticks;

    /// <summary>How long a request may be unanswered (RFC 4975 §7.1.1).</summary>
    internal static long TransactionTimeout => TimeSpan.FromSeconds(30).Ticks;

    /// <summary>Begins to listen where the options say.</summary>
    /// <exception cref="IOException">An address can't be listened at.</exception>
    public static MsrpEndpoint Start(MsrpEndpointOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        var endpoint = new MsrpEndpoint(options);
        try
        {
            endpoint.LocalEndPoint = endpoint.Listen(options.Listen, null);
            endpoint.SecureLocalEndPoint = endpoint.Listen(options.ListenSecure, options.Tls ?? new MsrpTlsOptions());
        }
        catch
        {
            // Nobody gets the endpoint, so nobody else would close what listens already. It has no connection yet, or hardly any.
            endpoint.DisposeAsync().AsTask().GetAwaiter().GetResult();
            throw;
        }

        if (endpoint._listeners.Count > 0)
        {
            MsrpLog.Listening(endpoint.Logger, string.Join(", ", endpoint._listeners.Select(listener => listener.LocalEndPoint)));
        }

        return endpoint;
    }

    /// <summary>
    /// Creates a session with a URI of its own. It exists from now on: a SEND that names it waits for <see cref="MsrpSession.StartAsync"/>, though not for ever.
    /// </summary>
    /// <param name="options">How it sends and what it takes; null for the defaults.</param>
    /// <param name="secure">Whether its URI is <c>msrps</c>.</param>
    /// <param name="host">The host that its URI names where the endpoint listens at every address and has no <see cref="MsrpEndpointOptions.AdvertisedHost"/>; null for <c>localhost</c>.</param>
    /// <exception cref="ObjectDisposedException">The endpoint has ended.</exception>
    public MsrpSession CreateSession(MsrpSessionOptions? options = null, bool secure = false, string? host = null)
    {
        ObjectDisposedException.ThrowIf(_disposed != 0, this);
        return CreateSession(new MsrpPath(NewUri(secure, host)), options);
    }

    /// <summary>Creates a session with that path: relays first, its own URI, which names a session, last.</summary>
    /// <exception cref="ArgumentException">The last URI names no session, or one that exists.</exception>
    public MsrpSession CreateSession(MsrpPath localPath, MsrpSessionOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(localPath);
        return CreateSession(localPath, options, null);
    }

    /// <summary>Creates the session that a lease is for. What it sends and receives goes over the connection to the relay, whichever end is active.</summary>
    /// <exception cref="ArgumentException">Another endpoint has got the lease.</exception>
    /// <exception cref="InvalidOperationException">The lease has had its session, or has ended.</exception>
    public MsrpSession CreateSession(MsrpRelayLease lease, MsrpSessionOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(lease);
        return lease.Connection.Endpoint == this ? lease.CreateSession(options) : throw new ArgumentException("The lease is another endpoint's", nameof(lease));
    }

    /// <summary>Has relays of this end authorize a session, and gives the path through them (RFC 4976 §5.1). The lease is renewed until it is disposed.</summary>
    /// <exception cref="MsrpException">The first relay can't be reached, or one of them refuses: 401 when the credentials are wrong.</exception>
    /// <exception cref="ArgumentException">A relay is not <c>msrps</c>, and that has not been allowed.</exception>
    public async ValueTask<MsrpRelayLease> AuthorizeAsync(MsrpRelayOptions options, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(options);
        ObjectDisposedException.ThrowIf(_disposed != 0, this);
        options.Check();
        return await AuthorizeAsync(await ConnectAsync(options, cancellationToken).ConfigureAwait(false), options, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Serves a connection that came by another way than the listeners of this endpoint; it owns the pipe from now on. Returns when the connection has ended.</summary>
    public Task ServeAsync(IDuplexPipe pipe)
    {
        ArgumentNullException.ThrowIfNull(pipe);
        ObjectDisposedException.ThrowIf(_disposed != 0, this);
        return ServeAsync(new MsrpLink(pipe));
    }

    /// <summary>Serves a WebSocket on which the far end speaks MSRP (RFC 7977); the endpoint owns it from now on. Returns when it has ended.</summary>
    /// <param name="socket">Open, with the subprotocol <see cref="MsrpWebSocket.SubProtocol"/>.</param>
    /// <param name="isSecure">Whether it is <c>wss</c>.</param>
    public Task ServeAsync(WebSocket socket, bool isSecure)
    {
        ArgumentNullException.ThrowIfNull(socket);
        ObjectDisposedException.ThrowIf(_disposed != 0, this);
        return ServeAsync(new MsrpLink(new WebSocketPipe(socket), isSecure: isSecure));
    }

    /// <summary>Ends all sessions and connections, and stops to listen. Returns when nothing is left: a far end that does not read is waited for up to
    /// <see cref="MsrpLimits.WriteTimeout"/>.</summary>
    public async ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref _disposed, 1) != 0)
        {
            return;
        }

        foreach (var session in _sessions.Values)
        {
            await session.DisposeAsync().ConfigureAwait(false);
        }

        foreach (var connection in _connections.Keys)
        {
            connection.Close();
        }

        await Task.WhenAll(_connections.Keys.Select(connection => connection.Completion)).ConfigureAwait(false);
        foreach (var listener in _listeners)
        {
            await listener.DisposeAsync().ConfigureAwait(false);
        }

        await _ending.CancelAsync().ConfigureAwait(false);
        Task[] tasks;
        lock (_tasks)
        {
            tasks = [.. _tasks.Select(entry => entry.Value!)];
        }

        await Task.WhenAll(tasks).ConfigureAwait(false);
        _ending.Dispose();
    }

    /// <summary>Has relays authorize a session over a link to the first of them that is there already, and belongs to the endpoint from now on.</summary>
    internal Task<MsrpRelayLease> AuthorizeAsync(MsrpLink link, MsrpRelayOptions options, CancellationToken cancellationToken) =>
        AuthorizeAsync(Begin(link, options.Relays[0]), options, cancellationToken);

    internal MsrpSession CreateSession(MsrpPath localPath, MsrpSessionOptions? options, MsrpRelayLease? lease)
    {
        ObjectDisposedException.ThrowIf(_disposed != 0, this);
        var session = new MsrpSession(this, localPath, options ?? DefaultOptions, lease);
        if (localPath.Last.SessionId is not { } id || !_sessions.TryAdd(id, session))
        {
            throw new ArgumentException("The last URI of the path names no session, or one that exists", nameof(localPath));
        }

        MsrpMetrics.Sessions.Add(1);
        return session;
    }

    /// <summary>How long it is until then, or a day when it is longer: a timer takes no more than some weeks.</summary>
    internal TimeSpan Until(long time) => TimeSpan.FromTicks(Math.Clamp(time - Now, 0, TimeSpan.TicksPerDay));

    internal ITimer CreateTimer(TimerCallback callback, object state) =>
        Options.TimeProvider.CreateTimer(callback, state, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);

    /// <summary>Work that goes on by itself; disposal waits for it.</summary>
    internal void Run(Func<Task> work)
    {
        lock (_tasks)
        {
            var entry = new StrongBox<Task>();
            entry.Value = RunAsync(entry);
            _tasks.Add(entry);
        }

        async Task RunAsync(StrongBox<Task> entry)
        {
            await Task.CompletedTask.ConfigureAwait(ConfigureAwaitOptions.ForceYielding);
            await work().ConfigureAwait(false);
            lock (_tasks)
            {
                _tasks.Remove(entry);
            }
        }
    }

    internal bool TryBeginPartial()
    {
        if (Interlocked.Increment(ref _partial) > Options.Limits.PartialMessages)
        {
            Interlocked.Decrement(ref _partial);
            return false;
        }

        MsrpMetrics.PartialMessages.Add(1);
        return true;
    }

    internal void EndPartial()
    {
        Interlocked.Decrement(ref _partial);
        MsrpMetrics.PartialMessages.Add(-1);
    }

    /// <summary>The session that a To-Path is for, or null: it has to be its URI, and nothing else (RFC 4975 §7.3).</summary>
    internal MsrpSession? FindSession(ReadOnlySpan<byte> toPath)
    {
        if (!MsrpUri.TryParse(toPath, out var uri) || uri.SessionId is not { } id || !_sessions.TryGetValue(id, out var session))
        {
            return null;
        }

        return session.Options.MatchSessionIdOnly || session.LocalUri.Equals(uri) ? session : null;
    }

    internal void Forget(MsrpSession session)
    {
        if (_sessions.TryRemove(new KeyValuePair<string, MsrpSession>(session.LocalUri.SessionId!, session)))
        {
            MsrpMetrics.Sessions.Add(-1);
        }
    }

    /// <summary>A connection for a session that connects.</summary>
    internal async ValueTask<MsrpConnection> ConnectAsync(MsrpRemote remote, CancellationToken cancellationToken)
    {
        var target = remote.Path.First;
        if (remote.ConnectTo is null && OpenTo(target).FirstOrDefault(open => IsExpected(remote, open)) is { } usable)
        {
            return usable;
        }

        var identity = IdentityOf(remote);
        MsrpLink link;
        try
        {
            link = remote.ConnectTo is { } other
                ? await _dialer.ConnectAsync(other.Host, other.Port, target.IsSecure, identity, cancellationToken).ConfigureAwait(false)
                : !target.IsSecure && Options.Connect is { } connect
                ? new MsrpLink(await connect(target, cancellationToken).ConfigureAwait(false))
                : await _dialer.ConnectAsync(target, identity, cancellationToken).ConfigureAwait(false);
        }
        catch (IOException failure)
        {
            throw new MsrpException(failure.Message, 0, failure);
        }

        return Begin(link, target);
    }

    /// <summary>Whether the far end of a connection is the one that a session description announced (RFC 8122).</summary>
    internal static bool IsExpected(MsrpRemote remote, MsrpConnection connection) =>
        IdentityOf(remote).Accepts(connection.Link, connection.Dialed?.Host);

    internal void HasEnded(MsrpConnection connection)
    {
        if (_connections.TryRemove(connection, out _))
        {
            MsrpMetrics.Connections.Add(-1);
        }
    }

    internal static string ToPathOf(MsrpSession session, MsrpRemote remote)
    {
        // Through the relays of this end, in the order in which they are passed, to the path of the far end (RFC 4976 §5.1).
        var relays = session.LocalPath.Uris.SkipLast(1).Reverse();
        return string.Join(' ', relays.Concat(remote.Path.Uris));
    }

    private async Task<MsrpRelayLease> AuthorizeAsync(MsrpConnection connection, MsrpRelayOptions options, CancellationToken cancellationToken)
    {
        MsrpRelayLease lease;
        try
        {
            lease = new MsrpRelayLease(this, connection, options.ConnectAsync is null ? NewUri(connection.Link.IsSecure) : NewWebSocketUri(connection.Link.IsSecure), options);
        }
        catch
        {
            // The application's own function has thrown, and nobody else knows of the connection.
            connection.CloseIfUnused();
            throw;
        }

        await lease.BeginAsync(cancellationToken).ConfigureAwait(false);
        return lease;
    }

    /// <summary>A connection to the first relay (RFC 4976 §8).</summary>
    private async ValueTask<MsrpConnection> ConnectAsync(MsrpRelayOptions options, CancellationToken cancellationToken)
    {
        var relay = options.Relays[0];
        if (options.ConnectAsync is { } connect)
        {
            return Begin(await OpenAsync(connect, relay, cancellationToken).ConfigureAwait(false), relay);
        }

        if (OpenTo(relay).FirstOrDefault() is { } usable)
        {
            return usable;
        }

        IReadOnlyList<DnsEndPoint> servers = relay.Port is null && options.Locate is { } locate && !IPAddress.TryParse(relay.Host, out _)
            ? await locate(relay.Host, cancellationToken).ConfigureAwait(false)
            : [];
        if (servers.Count == 0)
        {
            servers = [new DnsEndPoint(relay.Host, relay.Port ?? MsrpDialer.DefaultPort)];
        }

        IOException? failure = null;
        foreach (var server in servers)
        {
            try
            {
                // The certificate is for the relay as it is called, not for the server that was found to be it (§9.2).
                var link = await _dialer.ConnectAsync(server.Host, server.Port, relay.IsSecure, MsrpPeerIdentity.ByName, cancellationToken, relay.Host).ConfigureAwait(false);
                return Begin(link, relay);
            }
            catch (IOException reason)
            {
                failure = reason;
            }
        }

        throw new MsrpException(failure!.Message, 0, failure);
    }

    /// <summary>The connections that are open to where a URI says and may be shared.</summary>
    private IEnumerable<MsrpConnection> OpenTo(MsrpUri target) => Options.ReuseConnections
        ? _connections.Keys.Where(open => open.IsOpen && open.Dialed is { } dialed && dialed.IsSecure == target.IsSecure && dialed.Port == target.Port
            && dialed.Host.Equals(target.Host, StringComparison.OrdinalIgnoreCase))
        : [];

    private static async ValueTask<MsrpLink> OpenAsync(Func<MsrpUri, CancellationToken, ValueTask<WebSocket>> connect, MsrpUri relay, CancellationToken cancellationToken)
    {
        WebSocket socket;
        try
        {
            socket = await connect(relay, cancellationToken).ConfigureAwait(false);
        }
        catch (WebSocketException failure)
        {
            throw new MsrpException(failure.Message, 0, failure);
        }

        if (socket.SubProtocol != MsrpWebSocket.SubProtocol)
        {
            socket.Dispose();
            throw new MsrpException($"The WebSocket of {relay} is not for MSRP");
        }

        return new MsrpLink(new WebSocketPipe(socket), isSecure: relay.IsSecure);
    }

    // Nobody can connect to it, and its host says so (RFC 7977 §8.1).
    private MsrpUri NewWebSocketUri(bool secure) =>
        MsrpUri.Parse($"{(secure ? "msrps" : "msrp")}://{Options.Identifiers.NewSessionId()}.invalid:{MsrpDialer.DefaultPort}/{Options.Identifiers.NewSessionId()};ws");

    private MsrpUri NewUri(bool secure, string? host = null)
    {
        var local = secure ? SecureLocalEndPoint : LocalEndPoint;

        // One that only connects has no port to name; 9, discard, says so (RFC 6135 §4.2.2).
        var isAny = local is not null && (local.Address.Equals(IPAddress.Any) || local.Address.Equals(IPAddress.IPv6Any));
        var shown = Options.AdvertisedHost ?? (isAny ? host : local?.Address.ToString()) ?? "localhost";
        return new MsrpUri(secure, shown, Options.AdvertisedPort ?? local?.Port ?? 9, Options.Identifiers.NewSessionId());
    }

    private static MsrpPeerIdentity IdentityOf(MsrpRemote remote) =>
        remote.Fingerprints is { } announced ? new MsrpPeerIdentity(announced) : MsrpPeerIdentity.ByName;

    private IPEndPoint? Listen(IPEndPoint? local, MsrpTlsOptions? tls)
    {
        if (local is null)
        {
            return null;
        }

        var listener = MsrpSocketListener.Start(local, tls, Options.TransportLimits, Options.TimeProvider, Logger, ServeAsync);
        _listeners.Add(listener);
        return listener.LocalEndPoint;
    }

    private Task ServeAsync(MsrpLink link) => Begin(link, null).Completion;

    private MsrpConnection Begin(MsrpLink link, MsrpUri? dialed)
    {
        var connection = new MsrpConnection(this, link, dialed);
        _connections.TryAdd(connection, true);
        MsrpMetrics.Connections.Add(1);
        connection.Start();
        if (_disposed != 0)
        {
            connection.Close();
        }

        return connection;
    }
}
