using System.Buffers;

namespace SipPush.Sip;

/// <summary>
/// The octets of one connection that have come and not been consumed, contiguous. It starts small, doubles while reads fill it, and
/// goes back when what came was little, so that an idle connection holds little.
/// </summary>
internal sealed class ReceiveBuffer : IDisposable
{
    private const int Smallest = 4 * 1024;

    // Beyond this a buffer grows only for a message that needs it.
    private const int LargestForReading = 64 * 1024;

    private byte[] _octets = ArrayPool<byte>.Shared.Rent(Smallest);
    private int _start;
    private int _end;
    private bool _filled;

    public ReadOnlySpan<byte> Unconsumed => _octets.AsSpan(_start, _end - _start);

    /// <summary>Octets of memory held.</summary>
    public int Capacity => _octets.Length;

    /// <summary>Where the next octets go; never empty.</summary>
    public Memory<byte> Space()
    {
        if (_start > 0 && _octets.Length - _end < _octets.Length / 4)
        {
            Move(_octets.Length);
        }

        if (_end == _octets.Length || (_filled && _octets.Length < LargestForReading))
        {
            Move(2 * _octets.Length);
        }
        return _octets.AsMemory(_end);
    }

    public void Received(int count)
    {
        _end += count;
        _filled = _end == _octets.Length;
    }

    public void Consume(int count) => _start += count;

    /// <summary>To be called when all messages of a read of <paramref name="count"/> octets have been consumed.</summary>
    public void Settle(int count)
    {
        if (_start < _end)
        {
            return;
        }

        _start = _end = 0;
        var enough = Math.Max(Smallest, Math.Min(2 * count, LargestForReading));

        if (_octets.Length >= 2 * enough && !_filled)
        {
            Move(enough);
        }
    }

    public void Dispose()
    {
        ArrayPool<byte>.Shared.Return(_octets);
        _octets = [];
        _start = _end = 0;
    }

    private void Move(int capacity)
    {
        var octets = _octets;
        var length = _end - _start;

        if (capacity != octets.Length)
        {
            octets = ArrayPool<byte>.Shared.Rent(capacity);
        }
        _octets.AsSpan(_start, length).CopyTo(octets);

        if (octets != _octets)
        {
            ArrayPool<byte>.Shared.Return(_octets);
            _octets = octets;
        }
        (_start, _end) = (0, length);
    }
}
