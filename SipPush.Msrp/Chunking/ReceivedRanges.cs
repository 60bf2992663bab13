namespace SipPush.Msrp.Chunking;

/// <summary>Which octets of a message have come (or been reported): a set of ranges, merged as they meet. Positions are offsets from 0.</summary>
internal sealed class ReceivedRanges
{
    /// <summary>Number of separate ranges.</summary>
    public int Count => throw new NotImplementedException();

    /// <summary>Octets covered in all.</summary>
    public long Covered => throw new NotImplementedException();

    /// <summary>Octets covered without a gap from offset 0.</summary>
    public long Contiguous => throw new NotImplementedException();

    /// <summary>Adds <paramref name="length"/> octets from <paramref name="offset"/>; what is covered already changes nothing.</summary>
    public void Add(long offset, long length) => throw new NotImplementedException();
}
