namespace SipPush.Msrp.Reports;

/// <summary>When success REPORTs are due for one message that asked for them, and on which octets (RFC 4975 §7.1.3): one on the whole
/// message at its end, and with an interval cumulative ones before.</summary>
/// <param name="interval">Octets from one cumulative REPORT to the next; null for none but the last.</param>
internal sealed class SuccessReports(long? interval = null)
{
    private long _reported;
    private bool _ended;

    /// <summary>Whether a REPORT with Status <c>000 200</c> is due now that so many octets without a gap from the first have been received, and its range.
    /// Each is given out once, the one on the whole message when <paramref name="contiguous"/> is <paramref name="total"/>.</summary>
    public bool TryTake(long contiguous, long? total, out ByteRange range)
    {
        // An empty message is 1-0/0 (§7.1.1).
        range = new ByteRange(1, contiguous, total);

        if (_ended)
        {
            return false;
        }

        if (contiguous == total)
        {
            _ended = true;
            return true;
        }

        if (contiguous - _reported >= interval && contiguous > _reported)
        {
            _reported = contiguous;
            return true;
        }
        return false;
    }
}
