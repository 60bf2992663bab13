using System.Buffers;

namespace SipPush.Msrp.Chunking;

/// <summary>Puts the chunks of one message in order for a reader that streams (RFC 4975 §7.3.1). Octets in order go to the output at
/// once; those before their turn are held in rented buffers, within limits; what was delivered stays as it was. Pure: no clock, lock or task.</summary>
internal sealed class Reassembler(ReassemblyLimits limits) : IDisposable
{
    /// <summary>Octets delivered.</summary>
    public long Delivered => throw new NotImplementedException(limits.ToString());

    /// <summary>Octets that came, those delivered and those held.</summary>
    public long Received => throw new NotImplementedException();

    /// <summary>Octets held that came before their turn.</summary>
    public int Held => throw new NotImplementedException();

    /// <summary>Length of the message, once the chunk with <c>$</c> has come.</summary>
    public long? Total => throw new NotImplementedException();

    /// <summary>Whether all has been delivered.</summary>
    public bool IsComplete => throw new NotImplementedException();

    /// <summary>A chunk begins at that offset (counted from 0). Only one chunk is open at a time.</summary>
    public void BeginChunk(long offset) => throw new NotImplementedException();

    /// <summary>More octets of the open chunk.</summary>
    public ReassemblyOutcome Append(ReadOnlySpan<byte> octets, IBufferWriter<byte> output) => throw new NotImplementedException();

    /// <summary>The open chunk has ended with <c>+</c> or <c>$</c>; its octets that closed a gap are followed in the output by those that were held.</summary>
    public void EndChunk(ContinuationFlag flag, IBufferWriter<byte> output) => throw new NotImplementedException();

    /// <summary>Returns what was rented.</summary>
    public void Dispose() => throw new NotImplementedException();
}
