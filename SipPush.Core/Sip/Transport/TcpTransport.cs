namespace SipPush.Sip;

/// <summary>
/// SIP over TCP: listens, connects, and uses a connection again for everything to the same remote address and port,
/// whichever side opened it.
/// </summary>
/// <remarks>
/// A connection delivers its messages one after the other. What is sent while it delivers what one receive brought is written
/// together when that is done. An outgoing connection comes from the address listened on, if that is a specific one.
/// </remarks>
public sealed class TcpTransport : SipTransport
{
    private readonly ConnectionPool _connections;

    /// <param name="listen">A TCP end point.</param>
    /// <param name="options">Defaults when null.</param>
    public TcpTransport(SipEndPoint listen, SipTransportOptions? options = null)
    {
        if (listen.Protocol != SipProtocol.Tcp)
        {
            throw new ArgumentException($"{listen} is not TCP", nameof(listen));
        }

        _connections = new ConnectionPool(this, listen, options ?? new SipTransportOptions());
    }

    /// <inheritdoc/>
    public override SipEndPoint Local => _connections.Local;

    /// <summary>Connections open at the moment, in both directions.</summary>
    public int ConnectionCount => _connections.Count;

    /// <inheritdoc/>
    public override ValueTask StartAsync(SipTransportReceiver receiver, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(receiver);
        _connections.Start(receiver);
        return ValueTask.CompletedTask;
    }

    /// <inheritdoc/>
    public override ValueTask<SipFlow> ConnectAsync(SipEndPoint remote, CancellationToken cancellationToken) =>
        remote.Protocol == SipProtocol.Tcp
            ? _connections.ConnectAsync(remote.Address, domain: null, cancellationToken)
            : throw new ArgumentException($"{remote} is not TCP", nameof(remote));

    /// <inheritdoc/>
    public override ValueTask SendAsync(SipFlow flow, ReadOnlyMemory<byte> message, CancellationToken cancellationToken) =>
        _connections.Own(flow).SendAsync(message, cancellationToken);

    /// <inheritdoc/>
    public override ValueTask CloseAsync(SipFlow flow) => _connections.CloseAsync(flow);

    /// <inheritdoc/>
    public override ValueTask DisposeAsync() => _connections.DisposeAsync();
}
