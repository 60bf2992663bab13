namespace SipPush.Sip;

/// <summary>A flow of a <see cref="MemoryTransport"/>; on a TCP-like one it has a peer flow at the far end.</summary>
internal sealed class MemoryFlow(MemoryTransport transport, SipEndPoint local, SipEndPoint remote)
    : SipFlow(transport, local, remote)
{
    private KeepAlive? _keepAlive;
    private int _closed;

    /// <summary>The other end of the connection; null on a UDP-like flow.</summary>
    public MemoryFlow? Peer { get; set; }

    public MemoryTransport Owner { get; } = transport;

    internal override KeepAlive? KeepAlive =>
        Peer is null ? null : Volatile.Read(ref _keepAlive) ?? Interlocked.CompareExchange(ref _keepAlive, Owner.CreateKeepAlive(this), null) ?? _keepAlive;

    public override bool IsOpen => Volatile.Read(ref _closed) == 0;

    public void StopKeepAlive() => Volatile.Read(ref _keepAlive)?.Dispose();

    /// <summary>True for the first caller.</summary>
    public bool TryClose() => Interlocked.Exchange(ref _closed, 1) == 0;
}
