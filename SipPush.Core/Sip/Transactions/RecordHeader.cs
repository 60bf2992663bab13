using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace SipPush.Sip.Transactions;

/// <summary>What precedes the octets of a record in a <see cref="RecordLog"/>: key, merge key and response follow it in that order.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct RecordHeader
{
    /// <summary>When the record may go, in <see cref="TimeSpan.Ticks"/>.</summary>
    public long Deadline;

    /// <summary>Its place in the index by key.</summary>
    public RecordLink ByKey;

    /// <summary>Its place in the index by merge key, where it has one.</summary>
    public RecordLink ByMergeKey;

    public int KeyLength;
    public int MergeKeyLength;
    public int ResponseLength;

    public static int Size => Unsafe.SizeOf<RecordHeader>();
}
