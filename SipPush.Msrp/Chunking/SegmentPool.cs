using System.Buffers;

namespace SipPush.Msrp.Chunking;

/// <summary>Where the pipe of one message gets its segments: the first ones are small, so that a small message costs little, later ones up to 64 KiB, so that a large message
/// takes few of them. What a peer merely announces makes none larger.</summary>
internal sealed class SegmentPool : MemoryPool<byte>
{
    public const int Smallest = 4096;

    private const int Largest = 64 * 1024;

    private int _rented;

    public override int MaxBufferSize => int.MaxValue;

    public override IMemoryOwner<byte> Rent(int minBufferSize = -1)
    {
        var size = Math.Max(minBufferSize, Math.Clamp(_rented, Smallest, Largest));
        _rented = Math.Min(_rented + size, Largest);
        return new Segment(ArrayPool<byte>.Shared.Rent(size));
    }

    protected override void Dispose(bool disposing)
    {
    }

    private sealed class Segment(byte[] array) : IMemoryOwner<byte>
    {
        private byte[]? _array = array;

        public Memory<byte> Memory => _array;

        public void Dispose()
        {
            if (Interlocked.Exchange(ref _array, null) is { } returned)
            {
                ArrayPool<byte>.Shared.Return(returned);
            }
        }
    }
}
