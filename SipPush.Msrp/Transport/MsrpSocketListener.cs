using System.Net;
using System.Net.Sockets;
using Microsoft.Extensions.Logging;
using SipPush.Msrp.Diagnostics;

namespace SipPush.Msrp.Transport;

/// <summary>Accepts connections on TCP or TLS and hands each to the same function. A connection over a limit is closed at once.</summary>
internal sealed class MsrpSocketListener : IAsyncDisposable
{
    private const int Backlog = 4096;

    // When descriptors have run out, they come back as connections end.
    private static readonly TimeSpan AcceptPause = TimeSpan.FromMilliseconds(100);

    private readonly Socket _socket;
    private readonly TlsHandshakes? _tls;
    private readonly MsrpTransportLimits _limits;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly Func<MsrpLink, Task> _serve;
    private readonly CancellationTokenSource _stopping = new();
    private readonly Lock _gate = new();
    private readonly Task _accepting;

    // All below is guarded by the gate.
    private readonly HashSet<Accepted> _accepted = [];
    private readonly Dictionary<IPAddress, Share> _shares = [];
    private int _handshakes;
    private long _refused;
    private Task? _disposal;

    private MsrpSocketListener(
        Socket socket, TlsHandshakes? tls, MsrpTransportLimits limits, TimeProvider time, ILogger logger, Func<MsrpLink, Task> serve)
    {
        _socket = socket;
        _tls = tls;
        _limits = limits;
        _time = time;
        _logger = logger;
        _serve = serve;
        LocalEndPoint = (IPEndPoint)socket.LocalEndPoint!;
        _accepting = Task.Run(AcceptLoopAsync);
    }

    /// <summary>Where it listens, with the port that was given to it.</summary>
    public IPEndPoint LocalEndPoint { get; }

    /// <summary>Connections open at the moment, those within a handshake among them.</summary>
    public int ConnectionCount
    {
        get
        {
            lock (_gate)
            {
                return _accepted.Count;
            }
        }
    }

    /// <summary>Handshakes under way.</summary>
    public int HandshakeCount
    {
        get
        {
            lock (_gate)
            {
                return _handshakes;
            }
        }
    }

    /// <summary>Connections closed so far because a limit was reached.</summary>
    public long RefusedCount
    {
        get
        {
            lock (_gate)
            {
                return _refused;
            }
        }
    }

    /// <summary>
    /// Begins to listen: on TCP, or on TLS with options that have a certificate. Port 0 stands for any, <see cref="IPAddress.IPv6Any"/> for IPv4 as well.
    /// The function is called for each connection when it is ready, with a link that it owns. When its task ends the link is disposed, if it was not
    /// yet, and forgotten. It must not wait for the disposal of the listener, which waits for it.
    /// </summary>
    /// <exception cref="IOException">The address can't be bound.</exception>
    /// <exception cref="ArgumentException">TLS without a certificate.</exception>
    public static MsrpSocketListener Start(
        IPEndPoint local, MsrpTlsOptions? tls, MsrpTransportLimits limits, TimeProvider time, ILogger logger, Func<MsrpLink, Task> serve)
    {
        if (tls is { Certificate: null })
        {
            throw new ArgumentException($"Listening on {local} with TLS takes a certificate", nameof(tls));
        }

        var handshakes = tls is null ? null : new TlsHandshakes(tls, time);
        return new MsrpSocketListener(Listen(local), handshakes, limits, time, logger, serve);
    }

    /// <summary>Stops to listen, breaks what is open, and waits until all of it has been served. Who wants connections to end in order, ends them first.</summary>
    public ValueTask DisposeAsync()
    {
        lock (_gate)
        {
            _disposal ??= Task.Run(EndAsync);
            return new ValueTask(_disposal);
        }
    }

    private static Socket Listen(IPEndPoint local)
    {
        var socket = new Socket(local.AddressFamily, SocketType.Stream, ProtocolType.Tcp);

        try
        {
            if (local.Address.Equals(IPAddress.IPv6Any))
            {
                socket.DualMode = true;
            }

            socket.Bind(local);
            socket.Listen(Backlog);
            return socket;
        }
        catch (SocketException failure)
        {
            socket.Dispose();
            throw new IOException($"{local} can't be bound: {failure.Message}", failure);
        }
    }

    private async Task EndAsync()
    {
        await _stopping.CancelAsync().ConfigureAwait(false);
        _socket.Dispose();
        await _accepting.ConfigureAwait(false);

        // Nothing is added any more.
        Accepted[] accepted;
        lock (_gate)
        {
            accepted = [.. _accepted];
        }

        foreach (var connection in accepted)
        {
            Volatile.Read(ref connection.Link)?.Abort();
        }

        await Task.WhenAll(accepted.Select(connection => connection.Completion)).ConfigureAwait(false);
        _stopping.Dispose();
    }

    private async Task AcceptLoopAsync()
    {
        while (!_stopping.IsCancellationRequested)
        {
            try
            {
                Accept(await _socket.AcceptAsync(_stopping.Token).ConfigureAwait(false));
            }
            catch (Exception failure) when (failure is OperationCanceledException or ObjectDisposedException)
            {
                return;
            }
            catch (SocketException failure) when (failure.SocketErrorCode
                is SocketError.ConnectionReset or SocketError.ConnectionAborted or SocketError.NotConnected)
            {
                // That one left before it was accepted.
            }
            catch (SocketException)
            {
                await Task.Delay(AcceptPause, _time, _stopping.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
        }
    }

    private void Accept(Socket socket)
    {
        Accepted? connection = null;

        try
        {
            var remote = (IPEndPoint)socket.RemoteEndPoint!;
            ConnectedSocket.Prepare(socket, _limits);
            connection = TryEnter(remote);

            if (connection is not null)
            {
                connection.Completion = RunAsync(connection, socket);
            }
        }
        catch (SocketException)
        {
            // That one left as soon as it was accepted.
        }
        finally
        {
            if (connection is null)
            {
                socket.Close(timeout: 0);
            }
        }
    }

    private Accepted? TryEnter(IPEndPoint remote)
    {
        var origin = ConnectedSocket.Origin(remote.Address);

        lock (_gate)
        {
            var share = _shares.GetValueOrDefault(origin);

            if (_accepted.Count >= _limits.Connections || share.Connections >= _limits.ConnectionsPerAddress)
            {
                _refused++;
                MsrpMetrics.ConnectionsRefused.Add(1);
                MsrpTransportLog.TooManyConnections(_logger, remote, _accepted.Count >= _limits.Connections ? _limits.Connections : _limits.ConnectionsPerAddress);
                return null;
            }

            if (_tls is not null && (_handshakes >= _limits.Handshakes || share.Handshakes >= _limits.HandshakesPerAddress))
            {
                _refused++;
                MsrpMetrics.ConnectionsRefused.Add(1);
                MsrpTransportLog.TooManyHandshakes(_logger, remote, _handshakes >= _limits.Handshakes ? _limits.Handshakes : _limits.HandshakesPerAddress);
                return null;
            }

            var handshakes = _tls is null ? 0 : 1;
            var connection = new Accepted(remote, origin);
            _accepted.Add(connection);
            _handshakes += handshakes;
            _shares[origin] = new Share(share.Connections + 1, share.Handshakes + handshakes);
            return connection;
        }
    }

    private async Task RunAsync(Accepted connection, Socket socket)
    {
        // What a handshake and the first reads cost is not the accepting loop's to pay.
        await Task.CompletedTask.ConfigureAwait(ConfigureAwaitOptions.ForceYielding);

        // One connection's fault is not to end another.
#pragma warning disable CA1031
        try
        {
            if (await OpenAsync(connection, socket).ConfigureAwait(false) is { } link)
            {
                await using var _ = link.ConfigureAwait(false);
                await _serve(link).ConfigureAwait(false);
            }
        }
        catch (Exception fault)
        {
            if (!_stopping.IsCancellationRequested)
            {
                MsrpTransportLog.ServingFailed(_logger, connection.Remote, fault);
            }
        }
#pragma warning restore CA1031

        lock (_gate)
        {
            _accepted.Remove(connection);
            var share = _shares[connection.Origin];

            if (share.Connections == 1)
            {
                _shares.Remove(connection.Origin);
            }
            else
            {
                _shares[connection.Origin] = share with { Connections = share.Connections - 1 };
            }
        }
    }

    private async ValueTask<MsrpLink?> OpenAsync(Accepted connection, Socket socket)
    {
        try
        {
            var link = _tls is null
                ? new MsrpLink(socket, new NetworkStream(socket, ownsSocket: true))
                : await _tls.AcceptAsync(socket, _stopping.Token).ConfigureAwait(false);
            Volatile.Write(ref connection.Link, link);

            if (_stopping.IsCancellationRequested)
            {
                // Whoever stops may have looked for the link before it was there.
                link.Abort();
            }
            return link;
        }
        catch (Exception failure) when (failure is IOException or SocketException or OperationCanceledException)
        {
            socket.Dispose();

            if (!_stopping.IsCancellationRequested)
            {
                MsrpTransportLog.HandshakeFailed(_logger, connection.Remote, failure.Message);
            }
            return null;
        }
        finally
        {
            if (_tls is not null)
            {
                lock (_gate)
                {
                    _handshakes--;
                    var share = _shares[connection.Origin];
                    _shares[connection.Origin] = share with { Handshakes = share.Handshakes - 1 };
                }
            }
        }
    }

    private readonly record struct Share(int Connections, int Handshakes);

    private sealed class Accepted(IPEndPoint remote, IPAddress origin)
    {
        public MsrpLink? Link;

        public IPEndPoint Remote => remote;

        public IPAddress Origin => origin;

        public Task Completion { get; set; } = Task.CompletedTask;
    }
}
