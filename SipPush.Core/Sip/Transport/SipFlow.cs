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

    /// <summary>Both ends, for logs.</summary>
    public override string ToString() => $"{Local} -> {Remote.Address}";
}
