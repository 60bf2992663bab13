namespace SipPush.Sip.Transactions;

/// <summary>The part of a record that belongs to one <see cref="RecordIndex"/>.</summary>
internal struct RecordLink
{
    /// <summary>The record that follows in the bucket's ring.</summary>
    public uint Next;

    /// <summary>The hash of the indexed key.</summary>
    public uint Hash;
}
