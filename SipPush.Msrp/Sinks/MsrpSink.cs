namespace SipPush.Msrp;

/// <summary>Where the body of one message goes when it need not be read in order: each octet is written at its offset as it arrives, and where
/// chunks overlap the last received win (RFC 4975 §7.3.1). Its methods are called one at a time. What they throw fails the message.</summary>
public abstract class MsrpSink : IAsyncDisposable
{
    /// <summary>Writes octets at an offset, counted from 0, in the order in which they arrive; they may overlap earlier ones, or lie beyond the end that
    /// the message turns out to have.</summary>
    /// <param name="offset">Offset of the first octet within the message.</param>
    /// <param name="octets">Valid until the task has ended.</param>
    /// <param name="cancellationToken">Ends the wait; the message has failed then.</param>
    public abstract ValueTask WriteAsync(long offset, ReadOnlyMemory<byte> octets, CancellationToken cancellationToken = default);

    /// <summary>All octets from 0 to <paramref name="length"/> have been written; what was written beyond is not part of the message.</summary>
    /// <exception cref="InvalidDataException">The content is not what was announced.</exception>
    public abstract ValueTask CompleteAsync(long length, CancellationToken cancellationToken = default);

    /// <summary>The message was not received as a whole.</summary>
    /// <param name="reason">Why.</param>
    public abstract ValueTask AbortAsync(Exception reason);

    /// <summary>Without <see cref="CompleteAsync"/> before, leaves nothing behind, unless that is what the sink is for.</summary>
    public abstract ValueTask DisposeAsync();
}
