namespace SipPush.Msrp.Chunking;

/// <summary>Which octets of a message have come (or been reported): a set of ranges, merged as they meet. Positions are offsets from 0.
/// An addition costs a binary search and the move of the ranges behind it, so its user bounds their number.</summary>
internal sealed class ReceivedRanges
{
    // In order, none empty, none touching the next.
    private (long Start, long End)[] _ranges = [];

    /// <summary>Number of separate ranges.</summary>
    public int Count { get; private set; }

    /// <summary>Octets covered in all.</summary>
    public long Covered { get; private set; }

    /// <summary>Octets covered without a gap from offset 0.</summary>
    public long Contiguous => Count > 0 && _ranges[0].Start == 0 ? _ranges[0].End : 0;

    /// <summary>The range at that place in order; its end is the offset after its last octet.</summary>
    public (long Start, long End) this[int index] => _ranges.AsSpan(0, Count)[index];

    /// <summary>Adds <paramref name="length"/> octets from <paramref name="offset"/>; what is covered already changes nothing.</summary>
    public void Add(long offset, long length) => TryAdd(offset, length, int.MaxValue);

    /// <summary>As <see cref="Add"/>, but changes nothing and is false when there would be more than <paramref name="limit"/> ranges.</summary>
    public bool TryAdd(long offset, long length, int limit)
    {
        var end = EndOf(offset, length);

        if (end == offset)
        {
            return true;
        }

        // Those in [first, last) overlap or touch the new one.
        var first = FirstEndingAtOrAfter(offset);
        var last = first;
        var start = offset;
        var merged = 0L;

        while (last < Count && _ranges[last].Start <= end)
        {
            merged += _ranges[last].End - _ranges[last].Start;
            last++;
        }

        if (last == first)
        {
            if (Count >= limit)
            {
                return false;
            }
            Insert(first, (start, end));
        }
        else
        {
            start = Math.Min(start, _ranges[first].Start);
            end = Math.Max(end, _ranges[last - 1].End);
            _ranges[first] = (start, end);
            Remove(first + 1, last);
        }

        Covered += end - start - merged;
        return true;
    }

    /// <summary>How many of <paramref name="length"/> octets from <paramref name="offset"/> are not covered.</summary>
    public long Missing(long offset, long length)
    {
        var end = EndOf(offset, length);
        var missing = end - offset;

        for (var i = FirstEndingAtOrAfter(offset); i < Count && _ranges[i].Start < end; i++)
        {
            missing -= Math.Min(end, _ranges[i].End) - Math.Max(offset, _ranges[i].Start);
        }
        return missing;
    }

    /// <summary>Forgets all before <paramref name="offset"/>.</summary>
    public void RemoveBefore(long offset)
    {
        var gone = 0;

        while (gone < Count && _ranges[gone].End <= offset)
        {
            Covered -= _ranges[gone].End - _ranges[gone].Start;
            gone++;
        }
        Remove(0, gone);

        if (Count > 0 && _ranges[0].Start < offset)
        {
            Covered -= offset - _ranges[0].Start;
            _ranges[0].Start = offset;
        }
    }

    /// <summary>Forgets all from <paramref name="offset"/> on.</summary>
    public void RemoveFrom(long offset)
    {
        while (Count > 0 && _ranges[Count - 1].Start >= offset)
        {
            Count--;
            Covered -= _ranges[Count].End - _ranges[Count].Start;
        }

        if (Count > 0 && _ranges[Count - 1].End > offset)
        {
            Covered -= _ranges[Count - 1].End - offset;
            _ranges[Count - 1].End = offset;
        }
    }

    private static long EndOf(long offset, long length)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(offset);
        ArgumentOutOfRangeException.ThrowIfNegative(length);
        return length > long.MaxValue - offset ? long.MaxValue : offset + length;
    }

    private int FirstEndingAtOrAfter(long offset)
    {
        var low = 0;
        var high = Count;

        while (low < high)
        {
            var middle = (low + high) >>> 1;

            if (_ranges[middle].End < offset)
            {
                low = middle + 1;
            }
            else
            {
                high = middle;
            }
        }
        return low;
    }

    private void Insert(int index, (long Start, long End) range)
    {
        if (Count == _ranges.Length)
        {
            Array.Resize(ref _ranges, Math.Max(4, 2 * Count));
        }
        _ranges.AsSpan(index, Count - index).CopyTo(_ranges.AsSpan(index + 1));
        _ranges[index] = range;
        Count++;
    }

    private void Remove(int from, int to)
    {
        if (to > from)
        {
            _ranges.AsSpan(to, Count - to).CopyTo(_ranges.AsSpan(from));
            Count -= to - from;
        }
    }
}
