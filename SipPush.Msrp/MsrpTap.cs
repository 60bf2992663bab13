namespace SipPush.Msrp;

/// <summary>Sees the octets of every connection as they come and go, credentials included: for traces and captures. What it sees are pieces of a stream, cut anywhere.</summary>
/// <remarks>Called on the threads of the connections, several at once, but one after the other for each direction of a connection; it must be quick and must not throw.</remarks>
public abstract class MsrpTap
{
    /// <summary>Octets have come; <paramref name="octets"/> are borrowed until the call returns.</summary>
    public abstract void Received(MsrpFlow flow, ReadOnlySpan<byte> octets);

    /// <summary>Octets are about to go; <paramref name="octets"/> are borrowed until the call returns.</summary>
    public abstract void Sending(MsrpFlow flow, ReadOnlySpan<byte> octets);

    /// <summary>The connection has ended; nothing more comes of it.</summary>
    public virtual void Closed(MsrpFlow flow)
    {
    }
}
