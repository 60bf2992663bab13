using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using Microsoft.Extensions.Logging;
using SipPush.Diagnostics;

namespace SipPush.Sip;

/// <summary>The listener of a transport on TCP or TLS and all its connections, found again by their remote end.</summary>
/// <param name="transport">Whose connections they are.</param>
/// <param name="listen">Where to listen.</param>
/// <param name="options">Limits and clock.</param>
/// <param name="tls">Null on TCP.</param>
internal sealed class ConnectionPool(
    SipTransport transport, SipEndPoint listen, SipTransportOptions options, TlsHandshakes? tls = null) : IAsyncDisposable
{
    private const int Probes = 3;
    private static readonly TimeSpan ProbeInterval = TimeSpan.FromSeconds(15);
    private static readonly TimeSpan AcceptPause = TimeSpan.FromMilliseconds(100);

    /// <summary>One timer looks after all connections, so what it closes may live this much longer than its limit.</summary>
    private static readonly TimeSpan SweepInterval = TimeSpan.FromSeconds(5);

    private readonly Lock _gate = new();
    private readonly CancellationTokenSource _stopping = new();
    private readonly HashSet<TcpConnection> _connections = [];
    private readonly ConcurrentDictionary<ConnectionKey, TcpConnection> _byKey = new();
    private readonly Dictionary<ConnectionKey, Task<Attempt>> _attempts = [];
    private readonly Dictionary<Socket, (IPAddress From, Task Task)> _handshakes = [];
    private readonly Dictionary<IPAddress, int> _accepted = [];
    private readonly ILogger _log = options.LoggerFactory.CreateLogger(SipPushTelemetry.SipCategory);
    private Socket? _listener;
    private ITimer? _sweeper;
    private SipTransportReceiver? _receiver;
    private Task _accepting = Task.CompletedTask;
    private Task? _disposal;

    public SipEndPoint Local { get; private set; } = listen;

    public int Count
    {
        get
        {
            lock (_gate)
            {
                return _connections.Count;
            }
        }
    }

    public void Start(SipTransportReceiver receiver)
    {
        lock (_gate)
        {
            ObjectDisposedException.ThrowIf(_disposal is not null, transport);

            if (_receiver is not null)
            {
                throw new InvalidOperationException("The transport has been started already");
            }

            _listener = Listen(Local);
            Local = Local with { Address = (IPEndPoint)_listener.LocalEndPoint! };
            _receiver = receiver;
            _accepting = Task.Run(AcceptLoopAsync);
            _sweeper = options.TimeProvider.CreateTimer(_ => Sweep(), null, SweepInterval, Timeout.InfiniteTimeSpan);
        }
    }

    /// <param name="remote">Address and port.</param>
    /// <param name="domain">Whom the far end must prove to be; null on TCP.</param>
    /// <param name="cancellationToken">Ends the wait, not the attempt: others may wait for it too.</param>
    public ValueTask<SipFlow> ConnectAsync(IPEndPoint remote, string? domain, CancellationToken cancellationToken)
    {
        var key = new ConnectionKey(remote, domain);
        return Find(key) is { } open
            ? ValueTask.FromResult<SipFlow>(open)
            : ShareAttemptAsync(key, cancellationToken);
    }

    /// <summary>The connection that a flow of this transport is.</summary>
    public TcpConnection Own(SipFlow flow) =>
        flow is TcpConnection connection && connection.Transport == transport
            ? connection
            : throw new ArgumentException("The flow belongs to another transport", nameof(flow));

    public ValueTask CloseAsync(SipFlow flow)
    {
        var connection = Own(flow);
        connection.Close(reason: null);
        return new ValueTask(connection.Completion);
    }

    /// <summary>Called by a connection when it has ended, before that is reported.</summary>
    public void Remove(TcpConnection connection)
    {
        foreach (var key in Keys(connection))
        {
            _byKey.TryRemove(KeyValuePair.Create(key, connection));
        }

        lock (_gate)
        {
            _connections.Remove(connection);

            if (connection.IsAccepted)
            {
                Leave(connection.Remote.Address.Address);
            }
        }
    }

    public ValueTask DisposeAsync()
    {
        lock (_gate)
        {
            _disposal ??= Task.Run(StopAsync);
            return new ValueTask(_disposal);
        }
    }

    private async Task StopAsync()
    {
        await _stopping.CancelAsync().ConfigureAwait(false);
        _listener?.Dispose();
        await _accepting.ConfigureAwait(false);

        if (_sweeper is not null)
        {
            await _sweeper.DisposeAsync().ConfigureAwait(false);
        }

        Task[] ending;
        lock (_gate)
        {
            ending = [.. _attempts.Values, .. _handshakes.Values.Select(handshake => handshake.Task)];
        }
        await Task.WhenAll(ending).ConfigureAwait(false);

        // From here on nothing is added: no place is given once the disposal has begun.
        TcpConnection[] connections;
        lock (_gate)
        {
            connections = [.. _connections];
        }

        foreach (var connection in connections)
        {
            connection.CloseSoon();
        }
        await Task.WhenAll(connections.Select(connection => connection.Completion)).ConfigureAwait(false);
        _stopping.Dispose();
    }

    private TcpConnection? Find(ConnectionKey key) =>
        _byKey.TryGetValue(key, out var connection) && connection.IsOpen ? connection : null;

    private async ValueTask<SipFlow> ShareAttemptAsync(ConnectionKey key, CancellationToken cancellationToken)
    {
        Task<Attempt>? attempt;
        var remote = key.Remote;
        lock (_gate)
        {
            if (_disposal is not null)
            {
                throw new IOException($"{remote} can't be reached: the transport has been closed");
            }

            if (_receiver is null)
            {
                throw new InvalidOperationException("The transport has not been started");
            }

            if (Find(key) is { } open)
            {
                return open;
            }

            if (!_attempts.TryGetValue(key, out attempt))
            {
                // An attempt keeps the place that its connection takes: strangers can have this side answer to any port of theirs.
                if (!HasRoom)
                {
                    throw new IOException($"{remote} can't be reached: the limit of connections is reached");
                }

                _attempts.Add(key, attempt = AttemptAsync(key));
            }
        }

        var (connection, failure) = await attempt.WaitAsync(cancellationToken).ConfigureAwait(false);
        return connection ?? throw new IOException($"{remote} can't be reached: {failure?.Message}", failure);
    }

    private async Task<Attempt> AttemptAsync(ConnectionKey key)
    {
        // It removes itself from the table, so it must not end before it has been put there.
        await Task.CompletedTask.ConfigureAwait(ConfigureAwaitOptions.ForceYielding);
        var remote = key.Remote;
        Socket? socket = null;
        TlsPeer peer = default;

        try
        {
            using var timeout = new CancellationTokenSource(options.Limits.ConnectTimeout, options.TimeProvider);
            using var either = CancellationTokenSource.CreateLinkedTokenSource(timeout.Token, _stopping.Token);
            socket = new Socket(remote.AddressFamily, SocketType.Stream, ProtocolType.Tcp);

            if (!Local.Address.Address.Equals(IPAddress.Any) && !Local.Address.Address.Equals(IPAddress.IPv6Any))
            {
                socket.Bind(new IPEndPoint(Local.Address.Address, 0));
            }

            await socket.ConnectAsync(remote, either.Token).ConfigureAwait(false);
            peer = tls is null ? default : await HandshakeAsync(tls, socket, key).ConfigureAwait(false);

            lock (_gate)
            {
                if (_disposal is not null)
                {
                    throw new IOException("the transport has been closed");
                }

                var connection = Open(socket, peer, remote, key.Domain, accepted: false);
                socket = null;
                return new Attempt(connection, null);
            }
        }
        catch (OperationCanceledException)
        {
            return new Attempt(null, new TimeoutException(_stopping.IsCancellationRequested
                ? "the transport has been closed"
                : $"no answer within {options.Limits.ConnectTimeout}"));
        }
        catch (Exception failure) when (failure is SocketException or IOException or ArgumentException)
        {
            return new Attempt(null, failure);
        }
        finally
        {
            if (socket is not null)
            {
                peer.Stream?.Dispose();
                socket.Dispose();
            }

            lock (_gate)
            {
                _attempts.Remove(key);
            }
        }
    }

    private async Task<TlsPeer> HandshakeAsync(TlsHandshakes handshakes, Socket socket, ConnectionKey key)
    {
        try
        {
            return await handshakes.ConnectAsync(socket, key.Domain!, _stopping.Token).ConfigureAwait(false);
        }
        catch (IOException failure) when (!_stopping.IsCancellationRequested)
        {
            SipLog.ServerNotVerified(_log, key.Remote, key.Domain!, failure.Message);
            throw;
        }
    }

    private async Task AcceptLoopAsync()
    {
        while (!_stopping.IsCancellationRequested)
        {
            Socket? socket = null;

            try
            {
                socket = await _listener!.AcceptAsync(_stopping.Token).ConfigureAwait(false);

                if (Accept(socket, (IPEndPoint)socket.RemoteEndPoint!))
                {
                    socket = null;
                }
                else
                {
                    SipMetrics.ConnectionsRefused.Add(1);
                }
            }
            catch (Exception) when (_stopping.IsCancellationRequested)
            {
                return;
            }
            catch (Exception failure) when (failure is IOException or SocketException
            {
                SocketErrorCode: SocketError.ConnectionReset or SocketError.ConnectionAborted or SocketError.NotConnected
            })
            {
                // That one left before it was accepted.
            }
            catch (SocketException)
            {
                // Out of descriptors, mostly: they come back as connections end.
                await Task.Delay(AcceptPause, options.TimeProvider, _stopping.Token)
                    .ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
            finally
            {
                socket?.Dispose();
            }
        }
    }

    /// <summary>Takes the socket over; false over a limit, when it stays the caller's.</summary>
    private bool Accept(Socket socket, IPEndPoint remote)
    {
        lock (_gate)
        {
            var from = _accepted.GetValueOrDefault(remote.Address);

            if (!HasRoom || from >= options.Limits.ConnectionsPerAddress)
            {
                return false;
            }

            if (_handshakes.Count >= tls?.Limit)
            {
                SipLog.TooManyHandshakes(_log, tls.Limit, remote);
                return false;
            }

            if (_handshakes.Values.Count(handshake => handshake.From.Equals(remote.Address)) >= tls?.LimitPerAddress)
            {
                SipLog.TooManyHandshakes(_log, tls.LimitPerAddress, remote);
                return false;
            }

            if (tls is null)
            {
                Open(socket, default, remote, domain: null, accepted: true);
            }
            else
            {
                // On its own, so that one that dawdles does not hold up those behind it.
                _handshakes.Add(socket, (remote.Address, SecureAsync(tls, socket, remote)));
            }

            _accepted[remote.Address] = from + 1;
            return true;
        }
    }

    private async Task SecureAsync(TlsHandshakes handshakes, Socket socket, IPEndPoint remote)
    {
        // It removes itself from the table, so it must not end before it has been put there.
        await Task.CompletedTask.ConfigureAwait(ConfigureAwaitOptions.ForceYielding);
        TlsPeer peer = default;

        try
        {
            peer = await handshakes.AcceptAsync(socket, _stopping.Token).ConfigureAwait(false);
        }
        catch (IOException failure)
        {
            if (!_stopping.IsCancellationRequested)
            {
                SipLog.HandshakeFailed(_log, remote, failure.Message);
            }
        }

        try
        {
            lock (_gate)
            {
                _handshakes.Remove(socket);

                if (peer.Stream is not null && _disposal is null)
                {
                    Open(socket, peer, remote, domain: null, accepted: true);
                    return;
                }
            }
        }
        catch (SocketException)
        {
            // It left in between.
        }

        peer.Stream?.Dispose();
        socket.Dispose();
        lock (_gate)
        {
            Leave(remote.Address);
        }
    }

    /// <summary>Under the gate.</summary>
    private bool HasRoom => _disposal is null && _connections.Count + _handshakes.Count + _attempts.Count < options.Limits.Connections;

    /// <summary>Under the gate. Takes the socket over and starts to read from it.</summary>
    private TcpConnection Open(Socket socket, TlsPeer peer, IPEndPoint remote, string? domain, bool accepted)
    {
        // The stream comes first: it takes no socket that an option has failed on.
        var stream = peer.Stream ?? (Stream)new NetworkStream(socket, ownsSocket: true);
        socket.NoDelay = true;
        Probe(socket);
        var connection = new TcpConnection(
            transport, this, _receiver!, options, socket, stream,
            new SipEndPoint(Local.Protocol, (IPEndPoint)socket.LocalEndPoint!), new SipEndPoint(Local.Protocol, remote))
        {
            Domain = domain,
            IsAccepted = accepted,
            PeerIdentities = peer.Identities ?? [],
        };
        _connections.Add(connection);

        foreach (var key in Keys(connection))
        {
            _byKey[key] = connection;
        }
        connection.Start();
        return connection;
    }

    /// <summary>
    /// What requests find the connection by. On TLS that is the domain it was opened for; one that was accepted serves for the domains of
    /// the client's certificate, and for none without a certificate (RFC 5923 §9.2).
    /// </summary>
    private IEnumerable<ConnectionKey> Keys(TcpConnection connection) =>
        tls is not null && connection.IsAccepted
            ? connection.PeerIdentities.Select(identity => new ConnectionKey(connection.Remote.Address, identity))
            : [new ConnectionKey(connection.Remote.Address, connection.Domain)];

    /// <summary>Under the gate.</summary>
    private void Leave(IPAddress remote)
    {
        if (--_accepted[remote] == 0)
        {
            _accepted.Remove(remote);
        }
    }

    private void Probe(Socket socket)
    {
        try
        {
            socket.SetSocketOption(SocketOptionLevel.Tcp, SocketOptionName.TcpKeepAliveTime, (int)options.Limits.ProbeAfter.TotalSeconds);
            socket.SetSocketOption(SocketOptionLevel.Tcp, SocketOptionName.TcpKeepAliveInterval, (int)ProbeInterval.TotalSeconds);
            socket.SetSocketOption(SocketOptionLevel.Tcp, SocketOptionName.TcpKeepAliveRetryCount, Probes);
            socket.SetSocketOption(SocketOptionLevel.Socket, SocketOptionName.KeepAlive, true);
        }
        catch (SocketException)
        {
            // A system without: the limit of idleness is what is left.
        }
    }

    private void Sweep()
    {
        TcpConnection[] connections;
        lock (_gate)
        {
            connections = [.. _connections];
        }

        var now = options.TimeProvider.GetTimestamp();
        foreach (var connection in connections)
        {
            connection.CloseIfOverdue(now);
        }

        if (!_stopping.IsCancellationRequested)
        {
            _sweeper!.Change(SweepInterval, Timeout.InfiniteTimeSpan);
        }
    }

    private static Socket Listen(SipEndPoint local)
    {
        var socket = new Socket(local.Address.AddressFamily, SocketType.Stream, ProtocolType.Tcp);

        try
        {
            socket.Bind(local.Address);
            socket.Listen(backlog: 1024);
            return socket;
        }
        catch (SocketException failure)
        {
            socket.Dispose();
            throw new IOException($"{local} can't be bound: {failure.Message}", failure);
        }
    }

    /// <summary>How an attempt to connect ended: one or the other. Several callers may be waiting for it.</summary>
    private readonly record struct Attempt(TcpConnection? Connection, Exception? Failure);
}
