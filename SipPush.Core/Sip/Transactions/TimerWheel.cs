using System.Diagnostics;
using System.Diagnostics.CodeAnalysis;
using System.Numerics;

namespace SipPush.Sip.Transactions;

/// <summary>
/// Keeps the timers of many transactions: a hierarchical timing wheel with ticks of one millisecond. Scheduling and cancelling
/// take constant time whatever is pending, and once the slab has grown they allocate nothing.
/// </summary>
/// <remarks>
/// <para>Times are counted from an epoch the owner chooses. The wheel has no clock and no lock: one owner at a time.</para>
/// <para>A level is 256 slots, a slot of level n spans 256^n ticks, and a timer lies on the level of the highest octet in which
/// its tick differs from the current one. So each slot but the current one lies wholly ahead, nothing wraps around, the lowest
/// occupied slot is the earliest, and a slot that is opened spreads over levels that are empty. From the last it follows that
/// timers of one tick come out in the order in which they were scheduled.</para>
/// <para>Places of timers that are over are used again; the slab does not shrink (32 octets for each timer of the highest count).</para>
/// </remarks>
internal sealed class TimerWheel
{
    private const int SlotBits = 8;
    private const int SlotCount = 1 << SlotBits;
    private const int Levels = 5;
    private const int WordBits = 64;
    private const int WordsPerLevel = SlotCount / WordBits;

    // Growing adds a chunk instead of copying, and a chunk stays out of the large object heap.
    private const int ChunkBits = 10;
    private const int ChunkSize = 1 << ChunkBits;

    private const int None = -1;

    private readonly int[] _heads = new int[Levels * SlotCount];
    private readonly ulong[] _occupied = new ulong[Levels * WordsPerLevel];
    private Node[][] _chunks = [];
    private int _chunkCount;
    private int _free = None;
    private long _tick;

    public TimerWheel() => Array.Fill(_heads, None);

    /// <summary>How many timers are pending.</summary>
    public int Count { get; private set; }

    /// <summary>
    /// The earliest time at which <see cref="TryExpire"/> may have something to do; null when nothing is pending. It is the next
    /// timer's own time when that is near, else an earlier instant at which to ask again.
    /// </summary>
    public TimeSpan? NextDue => TryFindNext(out _, out _, out var tick) ? TimeOf(tick) : null;

    /// <summary>Adds a timer.</summary>
    /// <param name="due">When, since the epoch; rounded up to the next tick. What has passed already is due at once, after those that
    /// are waiting for the current tick.</param>
    /// <param name="owner">Handed back when it expires; let go of then, or when it is cancelled.</param>
    /// <param name="kind">Handed back too.</param>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="due"/> is more than 34 years after the epoch.</exception>
    public TimerHandle Schedule(TimeSpan due, object owner, TransactionTimer kind)
    {
        var tick = Math.Max(RoundUp(due), _tick);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(tick, 1L << (Levels * SlotBits), nameof(due));

        var index = TakeNode();
        ref var node = ref At(index);
        node.Owner = owner;
        node.Kind = kind;
        node.Tick = tick;
        Link(index, ref node);
        Count++;
        return new TimerHandle(index, node.Generation);
    }

    /// <summary>Removes a timer and clears the handle; false when it has expired, has been cancelled, or the handle names none.</summary>
    public bool Cancel(ref TimerHandle handle)
    {
        var (index, generation) = handle;
        handle = default;

        if (generation == 0 || At(index).Generation != generation)
        {
            return false;
        }

        Remove(index);
        return true;
    }

    /// <summary>
    /// Takes out the earliest timer that is due, one a call, in the order of their times. Between two calls the owner may schedule
    /// and cancel: a successor scheduled from <paramref name="due"/> takes its proper place even when <paramref name="now"/> is far
    /// ahead of it. Once there is nothing more, the wheel stands at <paramref name="now"/>.
    /// </summary>
    /// <param name="now">The current time, since the epoch. Earlier than before does no harm.</param>
    /// <param name="owner">As given to <see cref="Schedule"/>.</param>
    /// <param name="kind">As given to <see cref="Schedule"/>.</param>
    /// <param name="due">When it was due, in whole ticks; never after <paramref name="now"/>.</param>
    public bool TryExpire(TimeSpan now, [NotNullWhen(true)] out object? owner, out TransactionTimer kind, out TimeSpan due)
    {
        var nowTick = Math.Min(now.Ticks / TimeSpan.TicksPerMillisecond, (1L << (Levels * SlotBits)) - 1);

        while (TryFindNext(out var level, out var slot, out var tick) && tick <= nowTick)
        {
            _tick = tick;

            if (level > 0)
            {
                Spread(slot);
                continue;
            }

            var index = _heads[slot];
            ref var node = ref At(index);
            owner = node.Owner!;
            kind = node.Kind;
            due = TimeOf(tick);
            Remove(index);
            return true;
        }

        // No occupied slot starts at or before now, so the current tick may move there without passing over any.
        _tick = Math.Max(_tick, nowTick);
        owner = null;
        kind = default;
        due = default;
        return false;
    }

    private static TimeSpan TimeOf(long tick) => new(tick * TimeSpan.TicksPerMillisecond);

    private static long RoundUp(TimeSpan time)
    {
        var (tick, rest) = Math.DivRem(time.Ticks, TimeSpan.TicksPerMillisecond);
        return rest > 0 ? tick + 1 : tick;
    }

    /// <summary>Finds the earliest occupied slot and the tick at which it starts.</summary>
    private bool TryFindNext(out int level, out int slot, out long tick)
    {
        for (level = 0; level < Levels; level++)
        {
            var shift = level * SlotBits;
            var current = (int)(_tick >> shift) & (SlotCount - 1);
            // On level 0 the current slot may hold what is due at once; above it, it has been spread.
            var from = level == 0 ? current : current + 1;

            if (TryFindOccupied(level, from, out var position))
            {
                slot = (level * SlotCount) + position;
                tick = ((_tick >> shift) - current + position) << shift;
                return true;
            }
        }

        slot = None;
        tick = 0;
        return false;
    }

    private bool TryFindOccupied(int level, int from, out int position)
    {
        var mask = ulong.MaxValue << (from % WordBits);

        for (var word = from / WordBits; word < WordsPerLevel; word++)
        {
            var bits = _occupied[(level * WordsPerLevel) + word] & mask;

            if (bits != 0)
            {
                position = (word * WordBits) + BitOperations.TrailingZeroCount(bits);
                return true;
            }
            mask = ulong.MaxValue;
        }

        position = None;
        return false;
    }

    /// <summary>Moves the timers of a slot that starts at the current tick to lower levels, keeping their order.</summary>
    private void Spread(int slot)
    {
        var index = _heads[slot];
        var last = At(index).Previous;
        _heads[slot] = None;
        Clear(slot);

        while (true)
        {
            ref var node = ref At(index);
            var next = node.Next;
            Link(index, ref node);

            if (index == last)
            {
                return;
            }
            index = next;
        }
    }

    /// <summary>Appends the node to the slot its tick belongs to, seen from the current tick.</summary>
    private void Link(int index, ref Node node)
    {
        Debug.Assert(node.Tick >= _tick);
        var differing = (ulong)(node.Tick ^ _tick);
        var level = differing == 0 ? 0 : BitOperations.Log2(differing) / SlotBits;
        var position = (int)(node.Tick >> (level * SlotBits)) & (SlotCount - 1);
        var slot = (level * SlotCount) + position;
        node.Slot = (ushort)slot;
        ref var head = ref _heads[slot];

        // The list is a ring, so the head's predecessor is the tail.
        if (head == None)
        {
            node.Next = node.Previous = head = index;
            _occupied[slot / WordBits] |= 1UL << (slot % WordBits);
            return;
        }

        ref var first = ref At(head);
        node.Next = head;
        node.Previous = first.Previous;
        At(first.Previous).Next = index;
        first.Previous = index;
    }

    private void Remove(int index)
    {
        ref var node = ref At(index);
        ref var head = ref _heads[node.Slot];

        if (node.Next == index)
        {
            head = None;
            Clear(node.Slot);
        }
        else
        {
            At(node.Previous).Next = node.Next;
            At(node.Next).Previous = node.Previous;

            if (head == index)
            {
                head = node.Next;
            }
        }

        // Zero is the generation of a handle that names none.
        node.Generation = node.Generation == uint.MaxValue ? 1 : node.Generation + 1;
        node.Owner = null;
        node.Next = _free;
        _free = index;
        Count--;
    }

    private void Clear(int slot) => _occupied[slot / WordBits] &= ~(1UL << (slot % WordBits));

    private ref Node At(int index) => ref _chunks[index >> ChunkBits][index & (ChunkSize - 1)];

    private int TakeNode()
    {
        if (_free == None)
        {
            Grow();
        }

        var index = _free;
        _free = At(index).Next;
        return index;
    }

    private void Grow()
    {
        if (_chunkCount == _chunks.Length)
        {
            Array.Resize(ref _chunks, Math.Max(4, 2 * _chunkCount));
        }

        var chunk = new Node[ChunkSize];
        var first = _chunkCount * ChunkSize;

        for (var i = 0; i < ChunkSize; i++)
        {
            chunk[i].Generation = 1;
            chunk[i].Next = i == ChunkSize - 1 ? None : first + i + 1;
        }

        _chunks[_chunkCount++] = chunk;
        _free = first;
    }

    private struct Node
    {
        public object? Owner;
        public long Tick;
        public int Next;
        public int Previous;
        public uint Generation;
        public ushort Slot;
        public TransactionTimer Kind;
    }
}
