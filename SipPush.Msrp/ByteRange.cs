namespace SipPush.Msrp;

/// <summary>The <c>Byte-Range</c> of a chunk or of a report (RFC 4975 §7.1, §9). Positions are counted in octets from 1.</summary>
/// <param name="Start">Position of the first octet.</param>
/// <param name="End">Position of the last octet, or null for <c>*</c>: the chunk may be interrupted. An empty body has 0.</param>
/// <param name="Total">Length of the whole message, or null for <c>*</c>: not known yet.</param>
public readonly record struct ByteRange(long Start, long? End, long? Total)
{
    /// <summary>Reads <c>start "-" (end / "*") "/" (total / "*")</c>; false when the value is anything else or says what can't be.</summary>
    public static bool TryParse(ReadOnlySpan<byte> value, out ByteRange range) => throw new NotImplementedException();
}
