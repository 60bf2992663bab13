using System.Buffers;
using System.IO.Pipelines;
using System.Runtime.CompilerServices;

namespace SipPush.Msrp.Transport;

/// <summary>What a connection is written to. All of a flush lies in one rented array, and so takes one call of the system; between flushes there is none.</summary>
internal sealed class LinkWriter(Stream stream) : PipeWriter
{
    private const int SmallestArray = 128 * 1024;

    private byte[] _array = [];
    private int _length;

    public override bool CanGetUnflushedBytes => true;

    public override long UnflushedBytes => _length;

    public override void Advance(int bytes) => _length += bytes;

    public override Memory<byte> GetMemory(int sizeHint = 0)
    {
        var needed = _length + Math.Max(sizeHint, 1);
        if (needed > _array.Length)
        {
            var larger = ArrayPool<byte>.Shared.Rent(Math.Max(needed, Math.Max(SmallestArray, 2 * _array.Length)));
            _array.AsSpan(0, _length).CopyTo(larger);
            Return();
            _array = larger;
        }

        return _array.AsMemory(_length);
    }

    public override Span<byte> GetSpan(int sizeHint = 0) => GetMemory(sizeHint).Span;

    public override ValueTask<FlushResult> FlushAsync(CancellationToken cancellationToken = default)
    {
        // The streams below hold nothing back, so they need no flush of their own.
        var write = stream.WriteAsync(_array.AsMemory(0, _length), cancellationToken);
        if (!write.IsCompletedSuccessfully)
        {
            return FlushAsync(write);
        }

        write.GetAwaiter().GetResult();
        Clear();
        return default;
    }

    public override void CancelPendingFlush() => throw new NotSupportedException();

    /// <summary>Drops what was not flushed.</summary>
    public override void Complete(Exception? exception = null) => Clear();

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    private async ValueTask<FlushResult> FlushAsync(ValueTask write)
    {
        try
        {
            await write.ConfigureAwait(false);
            return default;
        }
        finally
        {
            Clear();
        }
    }

    private void Clear()
    {
        _length = 0;
        Return();
        _array = [];
    }

    private void Return()
    {
        if (_array.Length > 0)
        {
            ArrayPool<byte>.Shared.Return(_array);
        }
    }
}
