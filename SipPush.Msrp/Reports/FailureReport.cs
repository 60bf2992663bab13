namespace SipPush.Msrp.Reports;

/// <summary>The range of a failure REPORT (RFC 4975 §7.1.4).</summary>
internal static class FailureReport
{
    /// <summary>Start and total as the chunk announced them, the end from the octets that were counted in its body. The total is left open where it can't
    /// be true. Without octets the range is that of nothing: from 1 to 0 (§7.1.1).</summary>
    public static ByteRange RangeOf(ByteRange? announced, long counted)
    {
        var start = announced?.Start ?? 1;

        if (counted == 0)
        {
            return new ByteRange(1, 0, announced?.Total);
        }

        var end = counted - 1 > long.MaxValue - start ? long.MaxValue : start + counted - 1;
        return new ByteRange(start, end, announced?.Total >= end ? announced.Value.Total : null);
    }
}
