using System.Buffers;
using System.IO.Pipelines;

namespace SipPush.Msrp.Chunking;

/// <summary>Writes slices into a pipe and tells it of them together: a pipe takes its lock, which the reader takes too, for each piece it is told of.</summary>
internal sealed class SegmentWriter(PipeWriter output) : IBufferWriter<byte>
{
    private Memory<byte> _memory;
    private int _used;

    public void Advance(int count) => _used += count;

    public Memory<byte> GetMemory(int sizeHint = 0)
    {
        if (_memory.Length - _used < Math.Max(sizeHint, 1))
        {
            Commit();
            _memory = output.GetMemory(sizeHint);
        }

        return _memory[_used..];
    }

    public Span<byte> GetSpan(int sizeHint = 0) => GetMemory(sizeHint).Span;

    /// <summary>Tells the pipe. To be called before it is flushed or completed.</summary>
    public void Commit()
    {
        if (_used > 0)
        {
            output.Advance(_used);
            _used = 0;
        }

        _memory = default;
    }
}
