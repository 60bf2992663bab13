using System.Collections.Concurrent;

namespace SipPush.Sip;

/// <summary>
/// A transport on a <see cref="MemoryNetwork"/>: for tests, and for trying the library without a socket. With
/// <see cref="SipProtocol.Udp"/> it behaves like UDP (what has nowhere to go is lost); with the others it has connections that are
/// refused, used again, kept alive by pings and closed. Messages keep their boundaries, so nothing is ever unframeable.
/// </summary>
/// <param name="network">The network it is a part of.</param>
/// <param name="listen">Its end point; port 0 asks for a free one.</param>
public sealed class MemoryTransport(MemoryNetwork network, SipEndPoint listen) : SipTransport
{
    private static readonly byte[] Ping = [.. "\r\n\r\n"u8];
    private static readonly byte[] Pong = [.. "\r\n"u8];

    private readonly ConcurrentDictionary<SipEndPoint, MemoryFlow> _flows = new();
    private SipEndPoint _local = listen;
    private SipTransportReceiver? _receiver;
    private int _disposed;

    /// <inheritdoc/>
    public override SipEndPoint Local => _local;

    /// <inheritdoc/>
    public override ValueTask StartAsync(SipTransportReceiver receiver, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(receiver);
        ObjectDisposedException.ThrowIf(_disposed != 0, this);

        if (_receiver is not null)
        {
            throw new InvalidOperationException("The transport has been started already");
        }

        _local = network.Bind(this, _local);
        _receiver = receiver;
        return ValueTask.CompletedTask;
    }

    /// <inheritdoc/>
    public override ValueTask<SipFlow> ConnectAsync(SipEndPoint remote, CancellationToken cancellationToken)
    {
        if (remote.Protocol != _local.Protocol)
        {
            throw new ArgumentException($"{remote} is not {_local.Protocol.ViaName()}", nameof(remote));
        }

        if (_receiver is null)
        {
            throw new InvalidOperationException("The transport has not been started");
        }

        if (_disposed != 0)
        {
            return ValueTask.FromException<SipFlow>(new IOException($"{remote} can't be reached: the transport has been closed"));
        }

        if (!remote.Protocol.IsReliable())
        {
            return ValueTask.FromResult<SipFlow>(DatagramFlow(remote));
        }

        if (_flows.TryGetValue(remote, out var open) && open.IsOpen)
        {
            return ValueTask.FromResult<SipFlow>(open);
        }

        return network.Find(remote) is { } listener
            ? ValueTask.FromResult<SipFlow>(Connect(listener, remote))
            : ValueTask.FromException<SipFlow>(new IOException($"{remote} can't be reached: nobody listens there"));
    }

    /// <inheritdoc/>
    public override ValueTask SendAsync(SipFlow flow, ReadOnlyMemory<byte> message, CancellationToken cancellationToken)
    {
        var memory = Own(flow);

        if (_disposed != 0 || !memory.IsOpen)
        {
            return ValueTask.FromException(new IOException($"The flow to {flow.Remote} has been closed"));
        }

        var packet = new MemoryPacket(flow.Local, flow.Remote, message.ToArray());
        network.Send(packet, memory.Peer is { } peer ? arrived => Arrive(peer, arrived) : ArriveDatagram);
        return ValueTask.CompletedTask;
    }

    /// <inheritdoc/>
    public override ValueTask CloseAsync(SipFlow flow)
    {
        Close(Own(flow), reason: null);
        return ValueTask.CompletedTask;
    }

    /// <inheritdoc/>
    public override async ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref _disposed, 1) != 0 || _receiver is null)
        {
            return;
        }

        network.Unbind(_local);

        foreach (var flow in _flows.Values)
        {
            await CloseAsync(flow).ConfigureAwait(false);
        }
    }

    internal KeepAlive CreateKeepAlive(MemoryFlow flow)
    {
        var timeout = new SipTransportLimits().PongTimeout;
        return new KeepAlive(
            network.TimeProvider,
            timeout,
            ping: () => TrySend(flow, Ping),
            fail: () => Close(flow, new IOException($"{flow.Remote} has not answered a ping within {timeout}")));
    }

    private void Close(MemoryFlow flow, Exception? reason)
    {
        if (flow.Peer is { } peer && flow.TryClose())
        {
            network.Raise(() => Ended(flow, reason));

            network.Raise(() =>
            {
                if (peer.TryClose())
                {
                    Ended(peer, reason: null);
                }
            });
        }
    }

    private bool TrySend(MemoryFlow flow, byte[] octets)
    {
        if (flow.IsOpen && flow.Peer is { } peer)
        {
            network.Send(new MemoryPacket(flow.Local, flow.Remote, octets), arrived => Arrive(peer, arrived));
        }
        return flow.IsOpen;
    }

    private MemoryFlow Connect(MemoryTransport listener, SipEndPoint remote)
    {
        var local = network.FreeEndPoint(near: _local);
        var near = new MemoryFlow(this, local, remote);
        var far = new MemoryFlow(listener, remote, local);
        (near.Peer, far.Peer) = (far, near);
        _flows[remote] = near;
        listener._flows[local] = far;
        return near;
    }

    private MemoryFlow DatagramFlow(SipEndPoint remote) =>
        _flows.GetOrAdd(remote, static (remote, self) => new MemoryFlow(self, self._local, remote), this);

    private void ArriveDatagram(MemoryPacket packet)
    {
        if (network.Find(packet.To) is { } destination)
        {
            destination._receiver?.Received(destination.DatagramFlow(packet.From), packet.Message.Span);
        }
    }

    private static void Arrive(MemoryFlow flow, MemoryPacket packet)
    {
        if (!flow.IsOpen)
        {
            return;
        }

        if (packet.Message.Span.SequenceEqual(Ping))
        {
            flow.Owner.TrySend(flow, Pong);
        }
        else if (packet.Message.Span.SequenceEqual(Pong))
        {
            flow.KeepAlive?.OnPong();
        }
        else
        {
            flow.Owner._receiver?.Received(flow, packet.Message.Span);
        }
    }

    private static void Ended(MemoryFlow flow, Exception? reason)
    {
        flow.StopKeepAlive();
        flow.Owner._flows.TryRemove(KeyValuePair.Create(flow.Remote, flow));
        flow.Owner._receiver?.Closed(flow, reason);
    }

    private MemoryFlow Own(SipFlow flow) =>
        flow is MemoryFlow memory && memory.Owner == this
            ? memory
            : throw new ArgumentException("The flow belongs to another transport", nameof(flow));
}
