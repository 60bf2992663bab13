using System.Text;

namespace SipPush.Sip;

/// <summary>
/// Where octets came from and where answers to them go: an open connection, or on UDP the pair of a local socket and a
/// remote address (RFC 5626 §3.1 calls both a flow). A transport derives from it to keep what it needs to send.
/// </summary>
/// <param name="transport">The transport that made the flow and sends on it.</param>
/// <param name="local">The end on this side.</param>
/// <param name="remote">The end on the far side.</param>
public class SipFlow(SipTransport transport, SipEndPoint local, SipEndPoint remote)
{
    private byte[]? _remoteHost;
    private TaskCompletionSource<Exception?>? _ended;

    /// <summary>The transport that sends on this flow.</summary>
    public SipTransport Transport { get; } = transport;

    /// <summary>The end on this side.</summary>
    public SipEndPoint Local { get; } = local;

    /// <summary>The end on the far side.</summary>
    public SipEndPoint Remote { get; } = remote;

    /// <summary>The protocol of both ends.</summary>
    public SipProtocol Protocol => Remote.Protocol;

    /// <summary>False once the connection has been lost or closed; always true on UDP.</summary>
    public virtual bool IsOpen => true;

    /// <summary>What keeps the connection alive; null where nothing is to be pinged: on UDP, which would want STUN (RFC 5626 §4.4.2),
    /// and on a channel that somebody else owns.</summary>
    internal virtual KeepAlive? KeepAlive => null;

    /// <summary>Ends, never failing, when the transport has reported the connection closed; the result is the reason.</summary>
    internal Task<Exception?> Ended => End().Task;

    /// <summary>
    /// The SIP domains of the peer's verified certificate (RFC 5922 §7.1): a client's where it was asked for one, a server's. Empty where
    /// there was no certificate.
    /// </summary>
    public IReadOnlyList<string> PeerIdentities { get; init; } = [];

    /// <summary>The remote address as a Via's <c>received</c> has it: IPv6 without brackets here, an IPv4-mapped one as IPv4.</summary>
    internal ReadOnlySpan<byte> RemoteHost => _remoteHost ??= Encoding.ASCII.GetBytes(
        (Remote.Address.Address.IsIPv4MappedToIPv6 ? Remote.Address.Address.MapToIPv4() : Remote.Address.Address).ToString());

    /// <summary>What the stack calls itself in the Via of requests on this flow; null until the first.</summary>
    internal string? SentBy { get; set; }

    /// <summary>The transport has reported the connection closed.</summary>
    internal void SetEnded(Exception? reason) => End().TrySetResult(reason);

    /// <summary>Both ends, for logs.</summary>
    public override string ToString() => $"{Local} -> {Remote.Address}";

    private TaskCompletionSource<Exception?> End()
    {
        if (Volatile.Read(ref _ended) is { } ended)
        {
            return ended;
        }

        ended = new TaskCompletionSource<Exception?>(TaskCreationOptions.RunContinuationsAsynchronously);
        return Interlocked.CompareExchange(ref _ended, ended, null) ?? ended;
    }
}
