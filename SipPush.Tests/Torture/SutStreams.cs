using System.Net;
using System.Net.Sockets;
using SipPush.Sip;

namespace SipPush.Tests.Torture;

/// <summary>
/// TCP of the system under test without sockets: its own connections, framer and loops, on streams whose far end is a test. A cut at
/// every position takes thousands of connections, and a socket can't promise that what is sent in two pieces is read in two. With TLS
/// the handshakes and the octets are real, too.
/// </summary>
internal sealed class SutStreams : SipTransport
{
    private readonly SipTransportOptions _options;
    private readonly ConnectionPool _pool;
    private readonly Lock _gate = new();
    private readonly List<SutConnection> _connections = [];

    // A connection shuts it down at its end, which fails without harm: no socket is behind the streams.
    private readonly Socket _noSocket = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);

    // Looks after the connections as the pool of the real transport does, while there are any.
    private static readonly TimeSpan SweepInterval = TimeSpan.FromSeconds(5);

    private readonly ITimer _sweeper;
    private readonly SutTls? _tls;
    private readonly SemaphoreSlim _connecting = new(1);
    private SipTransportReceiver? _receiver;
    private int _nextPort = 40_000;

    public SutStreams(SipEndPoint local, SipTransportOptions options, SutTls? tls = null)
    {
        Local = local;
        _options = options;
        _tls = tls;
        _pool = new ConnectionPool(this, local, options);
        _sweeper = options.TimeProvider.CreateTimer(_ => Sweep(), null, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
    }

    public override SipEndPoint Local { get; }

    /// <summary>Whether a peer there refuses connections.</summary>
    public Func<IPAddress, bool> IsRefused { get; set; } = _ => false;

    /// <summary>How many connections the system under test has made.</summary>
    public int Made { get; private set; }

    /// <summary>Those that the system under test has made itself.</summary>
    public Action<SutConnection>? Connected { get; set; }

    /// <summary>Connections that have not ended.</summary>
    public int OpenCount
    {
        get
        {
            lock (_gate)
            {
                return _connections.Count(connection => !connection.Flow.Completion.IsCompleted);
            }
        }
    }

    public override ValueTask StartAsync(SipTransportReceiver receiver, CancellationToken cancellationToken)
    {
        _receiver = receiver;
        return ValueTask.CompletedTask;
    }

    /// <summary>A connection that a peer at that address makes.</summary>
    public SutConnection Accept(IPAddress peer) => Add(new IPEndPoint(peer, Interlocked.Increment(ref _nextPort)), new ScriptedStream());

    /// <summary>As <see cref="Accept"/>, with the handshake where there is one.</summary>
    public async Task<SutConnection> AcceptAsync(IPAddress peer)
    {
        if (_tls is null)
        {
            return Accept(peer);
        }

        var wire = new ScriptedStream();
        var (own, far) = await SutTls.AcceptAsync(wire);
        return Add(new IPEndPoint(peer, Interlocked.Increment(ref _nextPort)), wire, own, far);
    }

    public override ValueTask<SipFlow> ConnectAsync(SipEndPoint remote, CancellationToken cancellationToken) =>
        ConnectAsync(remote, domain: null, cancellationToken);

    // As the pool of the real transports has it: one connection for an address, and on TLS for the domain that it was made for.
    public override async ValueTask<SipFlow> ConnectAsync(SipEndPoint remote, string? domain, CancellationToken cancellationToken)
    {
        domain = _tls is null ? null : domain ?? remote.Address.Address.ToString();
        await _connecting.WaitAsync(cancellationToken);
        try
        {
            lock (_gate)
            {
                if (_connections.Find(connection => connection.Flow.Remote == remote && connection.Flow.Domain == domain && connection.Flow.IsOpen) is { } open)
                {
                    return open.Flow;
                }
            }

            if (IsRefused(remote.Address.Address))
            {
                throw new IOException($"{remote} can't be reached");
            }

            var wire = new ScriptedStream();
            var (own, far) = _tls is null ? default : await _tls.ConnectAsync(wire, domain!);
            var made = Add(remote.Address, wire, own, far, domain);
            Made++;
            Connected?.Invoke(made);
            return made.Flow;
        }
        finally
        {
            _connecting.Release();
        }
    }

    public override ValueTask SendAsync(SipFlow flow, ReadOnlyMemory<byte> message, CancellationToken cancellationToken) =>
        ((TcpConnection)flow).SendAsync(message, cancellationToken);

    public override ValueTask CloseAsync(SipFlow flow)
    {
        ((TcpConnection)flow).Close(reason: null);
        return ValueTask.CompletedTask;
    }

    public override async ValueTask DisposeAsync()
    {
        SutConnection[] open;
        lock (_gate)
        {
            open = [.. _connections];
        }

        foreach (var connection in open)
        {
            connection.End();
            connection.Flow.CloseSoon();
            await connection.Flow.Completion;
        }

        await _sweeper.DisposeAsync();
        _noSocket.Dispose();
        _connecting.Dispose();
    }

    private SutConnection Add(IPEndPoint remote, ScriptedStream wire, Stream? secured = null, PeerTls? peer = null, string? domain = null)
    {
        var flow = new TcpConnection(this, _pool, _receiver!, _options, _noSocket, secured ?? wire, Local, new SipEndPoint(Local.Protocol, remote)) { Domain = domain };
        var connection = new SutConnection(wire, flow, peer);
        lock (_gate)
        {
            _connections.RemoveAll(old => old.Flow.Completion.IsCompleted);
            _connections.Add(connection);
        }

        _sweeper.Change(SweepInterval, Timeout.InfiniteTimeSpan);
        flow.Start();
        return connection;
    }

    private void Sweep()
    {
        SutConnection[] open;
        lock (_gate)
        {
            open = [.. _connections.Where(connection => !connection.Flow.Completion.IsCompleted)];
        }

        foreach (var connection in open)
        {
            connection.Flow.CloseIfOverdue(_options.TimeProvider.GetTimestamp());
        }

        if (open.Length > 0)
        {
            _sweeper.Change(SweepInterval, Timeout.InfiniteTimeSpan);
        }
    }
}
