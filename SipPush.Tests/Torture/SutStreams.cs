using System.Net;
using System.Net.Sockets;
using SipPush.Sip;

namespace SipPush.Tests.Torture;

/// <summary>
/// TCP of the system under test without sockets: its own connections, framer and loops, on streams whose far end is a test. A cut at
/// every position takes thousands of connections, and a socket can't promise that what is sent in two pieces is read in two.
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
    private SipTransportReceiver? _receiver;
    private int _nextPort = 40_000;

    public SutStreams(SipEndPoint local, SipTransportOptions options)
    {
        Local = local;
        _options = options;
        _pool = new ConnectionPool(this, local, options);
        _sweeper = options.TimeProvider.CreateTimer(_ => Sweep(), null, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
    }

    public override SipEndPoint Local { get; }

    /// <summary>True where the peer refuses connections.</summary>
    public bool IsRefused { get; set; }

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
    public SutConnection Accept(IPAddress peer) => Add(new IPEndPoint(peer, Interlocked.Increment(ref _nextPort)));

    public override ValueTask<SipFlow> ConnectAsync(SipEndPoint remote, CancellationToken cancellationToken)
    {
        lock (_gate)
        {
            if (_connections.Find(connection => connection.Flow.Remote == remote && connection.Flow.IsOpen) is { } open)
            {
                return new(open.Flow);
            }
        }

        if (IsRefused)
        {
            return ValueTask.FromException<SipFlow>(new IOException($"{remote} can't be reached"));
        }

        var made = Add(remote.Address);
        Connected?.Invoke(made);
        return new(made.Flow);
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
            connection.Stream.End();
            connection.Flow.CloseSoon();
            await connection.Flow.Completion;
        }

        await _sweeper.DisposeAsync();
        _noSocket.Dispose();
    }

    private SutConnection Add(IPEndPoint remote)
    {
        var stream = new ScriptedStream();
        var flow = new TcpConnection(this, _pool, _receiver!, _options, _noSocket, stream, Local, new SipEndPoint(Local.Protocol, remote));
        var connection = new SutConnection(stream, flow);
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
