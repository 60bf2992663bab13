using System.Buffers;
using SipPush.Msrp.Diagnostics;

namespace SipPush.Msrp.Connections;

/// <summary>Octets that wait to be written: grows by rented arrays, and gives the array back when it is emptied. One user at a time.</summary>
internal sealed class RentedBuffer : IBufferWriter<byte>
{
    private const int SmallestArray = 1024;

    private byte[] _array = [];

    public int Length { get; private set; }

    public ReadOnlySpan<byte> Written => _array.AsSpan(0, Length);

    public ReadOnlyMemory<byte> WrittenMemory => _array.AsMemory(0, Length);

    public void Advance(int count) => Length += count;

    public Memory<byte> GetMemory(int sizeHint = 0)
    {
        Reserve(Math.Max(sizeHint, 1));
        return _array.AsMemory(Length);
    }

    public Span<byte> GetSpan(int sizeHint = 0)
    {
        Reserve(Math.Max(sizeHint, 1));
        return _array.AsSpan(Length);
    }

    /// <summary>Forgets what was written and returns the array.</summary>
    public void Clear()
    {
        Length = 0;
        if (_array.Length > 0)
        {
            ArrayPool<byte>.Shared.Return(_array);
            MsrpMetrics.HasReturned();
            _array = [];
        }
    }

    private void Reserve(int more)
    {
        if (_array.Length - Length >= more)
        {
            return;
        }

        var larger = ArrayPool<byte>.Shared.Rent(Math.Max(SmallestArray, Math.Max(Length + more, 2 * _array.Length)));
        Written.CopyTo(larger);
        if (_array.Length > 0)
        {
            ArrayPool<byte>.Shared.Return(_array);
        }
        else
        {
            MsrpMetrics.HasRented();
        }

        _array = larger;
    }
}
