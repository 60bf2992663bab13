using System.Buffers;

namespace SipPush.Tests.Support;

/// <summary>Octets as a pipe may hand them out: in several segments.</summary>
internal static class Segments
{
    /// <summary>Segments of that many octets, the last with what is left.</summary>
    public static ReadOnlySequence<byte> Of(ReadOnlyMemory<byte> octets, int size)
    {
        var first = new Segment(octets[..Math.Min(size, octets.Length)], 0);
        var last = first;
        for (var at = first.Memory.Length; at < octets.Length; at += size)
        {
            last = last.Append(octets.Slice(at, Math.Min(size, octets.Length - at)));
        }

        return new ReadOnlySequence<byte>(first, 0, last, last.Memory.Length);
    }

    private sealed class Segment : ReadOnlySequenceSegment<byte>
    {
        public Segment(ReadOnlyMemory<byte> memory, long runningIndex)
        {
            Memory = memory;
            RunningIndex = runningIndex;
        }

        public Segment Append(ReadOnlyMemory<byte> memory)
        {
            var next = new Segment(memory, RunningIndex + Memory.Length);
            Next = next;
            return next;
        }
    }
}
