using System.Buffers;

namespace SipPush.Sip;

/// <summary>
/// The octets that wait to be written to one connection, gathered into one buffer so that one write takes them all. Not safe
/// for several threads by itself: the connection calls it under its lock.
/// </summary>
/// <param name="limit">Octets waiting or being written at most; a message is always taken when there are none.</param>
internal struct SendQueue(int limit)
{
    private const int SmallestBuffer = 4 * 1024;
    private const int LargestFirstBuffer = 64 * 1024;

    private byte[]? _waiting;
    private int _writing;
    private int _firstBuffer = SmallestBuffer;

    /// <summary>Octets not yet handed to a write.</summary>
    public int Waiting { get; private set; }

    /// <summary>Copies the octets in; false when there is no room for them.</summary>
    public bool TryAdd(ReadOnlySpan<byte> octets)
    {
        var queued = Waiting + _writing;

        if (queued > 0 && (long)queued + octets.Length > limit)
        {
            return false;
        }

        var needed = Waiting + octets.Length;

        if (_waiting is null)
        {
            _waiting = ArrayPool<byte>.Shared.Rent(Math.Max(needed, _firstBuffer));
        }
        else if (_waiting.Length < needed)
        {
            var larger = ArrayPool<byte>.Shared.Rent(Math.Max(needed, 2 * _waiting.Length));
            _waiting.AsSpan(0, Waiting).CopyTo(larger);
            ArrayPool<byte>.Shared.Return(_waiting);
            _waiting = larger;
        }

        octets.CopyTo(_waiting.AsSpan(Waiting));
        Waiting = needed;
        return true;
    }

    /// <summary>Hands over all that waits; the array is the caller's until <see cref="Written"/>.</summary>
    public ArraySegment<byte> Take()
    {
        var taken = _waiting is null ? [] : new ArraySegment<byte>(_waiting, 0, Waiting);
        _writing = Waiting;
        _firstBuffer = Math.Clamp(Waiting, SmallestBuffer, LargestFirstBuffer);
        _waiting = null;
        Waiting = 0;
        return taken;
    }

    /// <summary>What <see cref="Take"/> handed over has been written, or never will be.</summary>
    public void Written(ArraySegment<byte> taken)
    {
        _writing = 0;

        if (taken.Count > 0)
        {
            ArrayPool<byte>.Shared.Return(taken.Array!);
        }
    }

    /// <summary>Gives up what waits.</summary>
    public void Drop()
    {
        if (_waiting is not null)
        {
            ArrayPool<byte>.Shared.Return(_waiting);
        }
        _waiting = null;
        Waiting = 0;
    }
}
