using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;

namespace SipPush.Sip;

/// <summary>The listener of a transport on TCP and all its connections, found again by their remote end.</summary>
internal sealed class ConnectionPool(SipTransport transport, SipEndPoint listen, SipTransportOptions options) : IAsyncDisposable
{
    private static readonly TimeSpan AcceptPause = TimeSpan.FromMilliseconds(100);

    private readonly Lock _gate = new();
    private readonly CancellationTokenSource _stopping = new();
    private readonly HashSet<TcpConnection> _connections = [];
    private readonly ConcurrentDictionary<IPEndPoint, TcpConnection> _byRemote = new();
    private readonly Dictionary<IPEndPoint, Task<Attempt>> _attempts = [];
    private Socket? _listener;
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
        }
    }

    public ValueTask<SipFlow> ConnectAsync(IPEndPoint remote, CancellationToken cancellationToken) =>
        Find(remote) is { } open
            ? ValueTask.FromResult<SipFlow>(open)
            : ShareAttemptAsync(remote, cancellationToken);

    /// <summary>Called by a connection when it has ended, before that is reported.</summary>
    public void Remove(TcpConnection connection)
    {
        _byRemote.TryRemove(KeyValuePair.Create(connection.Remote.Address, connection));

        lock (_gate)
        {
            _connections.Remove(connection);
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

        Task[] ending;
        lock (_gate)
        {
            ending = [.. _attempts.Values];
        }
        await Task.WhenAll(ending).ConfigureAwait(false);

        // From here on nothing is added: Add refuses once the disposal has begun.
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

    private TcpConnection? Find(IPEndPoint remote) =>
        _byRemote.TryGetValue(remote, out var connection) && connection.IsOpen ? connection : null;

    private async ValueTask<SipFlow> ShareAttemptAsync(IPEndPoint remote, CancellationToken cancellationToken)
    {
        Task<Attempt>? attempt;
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

            if (Find(remote) is { } open)
            {
                return open;
            }

            if (!_attempts.TryGetValue(remote, out attempt))
            {
                _attempts.Add(remote, attempt = AttemptAsync(remote));
            }
        }

        var (connection, failure) = await attempt.WaitAsync(cancellationToken).ConfigureAwait(false);
        return connection ?? throw new IOException($"{remote} can't be reached: {failure?.Message}", failure);
    }

    private async Task<Attempt> AttemptAsync(IPEndPoint remote)
    {
        // It removes itself from the table, so it must not end before it has been put there.
        await Task.CompletedTask.ConfigureAwait(ConfigureAwaitOptions.ForceYielding);
        Socket? socket = null;

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
            var connection = Add(socket, remote) ?? throw new IOException("the limit of connections is reached");
            socket = null;
            return new Attempt(connection, null);
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
            socket?.Dispose();

            lock (_gate)
            {
                _attempts.Remove(remote);
            }
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

                if (Add(socket, (IPEndPoint)socket.RemoteEndPoint!) is not null)
                {
                    socket = null;
                }
            }
            catch (Exception) when (_stopping.IsCancellationRequested)
            {
                return;
            }
            catch (SocketException failure) when (failure.SocketErrorCode is
                SocketError.ConnectionReset or SocketError.ConnectionAborted or SocketError.NotConnected)
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

    /// <summary>Takes the socket over and starts to read from it; null over the limit, when it stays the caller's.</summary>
    private TcpConnection? Add(Socket socket, IPEndPoint remote)
    {
        socket.NoDelay = true;
        var local = new SipEndPoint(Local.Protocol, (IPEndPoint)socket.LocalEndPoint!);

        lock (_gate)
        {
            if (_disposal is not null || _connections.Count >= options.Limits.Connections)
            {
                return null;
            }

            var connection = new TcpConnection(
                transport, this, _receiver!, options, socket, new NetworkStream(socket, ownsSocket: true),
                local, new SipEndPoint(Local.Protocol, remote));
            _connections.Add(connection);
            _byRemote[remote] = connection;
            connection.Start();
            return connection;
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
