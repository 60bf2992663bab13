using System.Runtime.InteropServices;

namespace SipPush.Sip.Transactions;

/// <summary>
/// Records one after the other in large byte arrays, removed in the order in which they were added. To the collector it is a few
/// objects without references, however many records there are.
/// </summary>
/// <remarks>
/// A record is named by a <c>uint</c>: one more than its place in the log in units of eight octets, so that zero names none. Places
/// are counted on over all segments and start again at zero after 32 GiB, of which at most half may be alive.
/// </remarks>
internal sealed class RecordLog
{
    /// <summary>The largest, and usual, size of a segment: what the places of one segment can name.</summary>
    public const int LargestSegment = 256 * 1024;

    /// <summary>What a log can hold without its places becoming ambiguous.</summary>
    public const long LargestLog = (long)LargestSegment * MaxSegments / 2;

    private const int Unit = 8;
    private const int UnitsPerSegment = LargestSegment / Unit;
    private const int MaxSegments = 1 << 17;
    private const int MaxSpares = 4;

    private readonly int _segmentSize;
    private readonly Stack<byte[]> _spares = new(MaxSpares);

    // A ring by segment number; its length is a power of two, so numbers may start again at zero.
    private Segment[] _segments = new Segment[4];
    private int _head;
    private int _headOffset;
    private int _segmentCount;

    /// <param name="segmentSize">Octets in a segment, at most <see cref="LargestSegment"/>. A record that is larger than that gets a
    /// segment of its own.</param>
    public RecordLog(int segmentSize)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(segmentSize, RecordHeader.Size);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(segmentSize, LargestSegment);
        _segmentSize = segmentSize;
    }

    public int Count { get; private set; }

    /// <summary>Octets the records take, headers and padding included.</summary>
    public long Bytes { get; private set; }

    /// <summary>The record that was added first; only where there is one.</summary>
    public uint Oldest => NameOf(_head, _headOffset);

    /// <summary>How many octets a record with a body of that many takes.</summary>
    public static long SizeOf(long bodyLength) => (RecordHeader.Size + bodyLength + (Unit - 1)) & ~(long)(Unit - 1);

    /// <summary>Adds a record whose header and body are left as they happen to be.</summary>
    /// <param name="bodyLength">The sum of the three lengths that the caller writes into the header.</param>
    public uint Append(int bodyLength)
    {
        var size = (int)SizeOf(bodyLength);

        if (_segmentCount == 0 || At(LastSegment).Used + size > At(LastSegment).Octets!.Length)
        {
            AddSegment(size);
        }

        ref var segment = ref At(LastSegment);
        var record = NameOf(LastSegment, segment.Used);
        segment.Used += size;
        Count++;
        Bytes += size;
        return record;
    }

    /// <summary>The record's header. It stays where it is until the record is removed.</summary>
    public ref RecordHeader Header(uint record) =>
        ref MemoryMarshal.AsRef<RecordHeader>(Locate(record)[..RecordHeader.Size]);

    /// <summary>The record's octets after the header, and whatever the segment holds behind them.</summary>
    public Span<byte> Body(uint record) => Locate(record)[RecordHeader.Size..];

    /// <summary>Removes the record that was added first; only where there is one.</summary>
    public void RemoveOldest()
    {
        ref readonly var header = ref Header(Oldest);
        var size = (int)SizeOf((long)header.KeyLength + header.MergeKeyLength + header.ResponseLength);
        Count--;
        Bytes -= size;
        _headOffset += size;
        ref var segment = ref At(_head);

        if (_headOffset < segment.Used)
        {
            return;
        }

        if (segment.Octets!.Length == _segmentSize && _spares.Count < MaxSpares)
        {
            _spares.Push(segment.Octets);
        }
        segment = default;
        _head = (_head + 1) & (MaxSegments - 1);
        _headOffset = 0;
        _segmentCount--;
    }

    private int LastSegment => (_head + _segmentCount - 1) & (MaxSegments - 1);

    private static uint NameOf(int segment, int offset) => (((uint)segment * UnitsPerSegment) + (uint)(offset / Unit)) + 1;

    private Span<byte> Locate(uint record)
    {
        var (segment, unit) = Math.DivRem(record - 1, UnitsPerSegment);
        return At((int)segment).Octets.AsSpan((int)unit * Unit);
    }

    private ref Segment At(int segment) => ref _segments[segment & (_segments.Length - 1)];

    private void AddSegment(int size)
    {
        if (_segmentCount == _segments.Length)
        {
            var larger = new Segment[2 * _segments.Length];

            for (var i = 0; i < _segmentCount; i++)
            {
                var number = (_head + i) & (MaxSegments - 1);
                larger[number & (larger.Length - 1)] = At(number);
            }
            _segments = larger;
        }

        byte[]? octets = null;

        if (size > _segmentSize)
        {
            octets = new byte[size];
        }
        else if (!_spares.TryPop(out octets))
        {
            octets = GC.AllocateUninitializedArray<byte>(_segmentSize);
        }

        _segmentCount++;
        At(LastSegment) = new Segment { Octets = octets };
    }

    private struct Segment
    {
        public byte[]? Octets;
        public int Used;
    }
}
