using System.Buffers;
using System.IO.Pipelines;
using System.Security.Cryptography;

namespace SipPush.Benchmarks.Load;

/// <summary>A body of any length that costs nothing to make: the same random octets again and again, from where they lie.</summary>
internal sealed class LoadBody(long length, IncrementalHash? hash) : PipeReader
{
    /// <summary>What a body consists of.</summary>
    public static readonly byte[] Block = CreateBlock();

    private long _position;
    private ReadOnlySequence<byte> _octets;

    public override ValueTask<ReadResult> ReadAsync(CancellationToken cancellationToken = default)
    {
        TryRead(out var result);
        return new ValueTask<ReadResult>(result);
    }

    public override bool TryRead(out ReadResult result)
    {
        var at = (int)(_position % Block.Length);
        var left = length - _position;
        _octets = new ReadOnlySequence<byte>(Block, at, (int)Math.Min(left, Block.Length - at));
        result = new ReadResult(_octets, isCanceled: false, isCompleted: _octets.Length == left);
        return true;
    }

    public override void AdvanceTo(SequencePosition consumed) => AdvanceTo(consumed, consumed);

    public override void AdvanceTo(SequencePosition consumed, SequencePosition examined)
    {
        var taken = _octets.Slice(0, consumed);
        hash?.AppendData(taken.FirstSpan);
        _position += taken.Length;
    }

    public override void CancelPendingRead()
    {
    }

    public override void Complete(Exception? exception = null)
    {
    }

    private static byte[] CreateBlock()
    {
        var block = new byte[1 << 20];
        new Random(4975).NextBytes(block);
        return block;
    }
}
