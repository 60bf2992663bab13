using SipPush.Msrp.Chunking;

namespace SipPush.Msrp.Reports;

/// <summary>What the sender of one message knows of its arrival from REPORTs (RFC 4975 §7.1.3, §7.3.2). Relays split and merge chunks, so the
/// ranges reported match those sent in nothing: any set of them, in any order, is merged. Pure: no clock, lock or task.</summary>
/// <remarks>No REPORT confirms what has not been sent. An open end, or no range at all, means all that has been sent so far.</remarks>
/// <param name="maxRanges">Separate ranges kept; success REPORTs that would make more are forgotten.</param>
internal sealed class DeliveryTracker(int maxRanges = DeliveryTracker.DefaultMaxRanges)
{
    public const int DefaultMaxRanges = 1024;

    private readonly ReceivedRanges _confirmed = new();
    private bool _told;

    /// <summary>Octets of the message that have been sent, or are about to be.</summary>
    public long Sent { get; private set; }

    /// <summary>Length of the message, once it is known that all has been sent.</summary>
    public long? Length { get; private set; }

    /// <summary>Octets reported to have arrived.</summary>
    public long Confirmed => _confirmed.Covered;

    /// <summary>Whether all octets of the message have been reported to have arrived; of an empty one, whether it was reported.</summary>
    public bool IsDelivered => Length == Confirmed && _told;

    /// <summary>The status of the first failure that was reported.</summary>
    public int? FailureStatus { get; private set; }

    /// <summary>The range of that failure as it was reported, null when it had none: the whole message.</summary>
    public ByteRange? FailedRange { get; private set; }

    /// <summary>Octets up to that offset are about to be written; called before they are, since a REPORT may come at once.</summary>
    public void OnSending(long end) => Sent = Math.Max(Sent, end);

    /// <summary>The chunk with <c>$</c> is about to end: the message is as long as what was sent.</summary>
    public void OnSendingEnd() => Length = Sent;

    /// <summary>A REPORT on this message. <paramref name="status"/> is the code of namespace 000; 0 (another namespace) says nothing.
    /// 200 is arrival, anything else a failure.</summary>
    public ReportEffect OnReport(ByteRange? range, int status)
    {
        if (status == 0)
        {
            return ReportEffect.None;
        }

        if (status != MsrpStatus.Ok)
        {
            if (FailureStatus is null)
            {
                FailureStatus = status;
                FailedRange = range;
            }
            return ReportEffect.Failed;
        }

        var before = (Confirmed, IsDelivered);
        var start = Math.Min(range?.Start - 1 ?? 0, Sent);
        var end = Math.Min(range?.End ?? range?.Total ?? Sent, Sent);
        _told |= Length == 0;

        if (end > start && start >= 0)
        {
            _told |= _confirmed.TryAdd(start, end - start, maxRanges);
        }

        if (IsDelivered)
        {
            return before.IsDelivered ? ReportEffect.None : ReportEffect.Delivered;
        }
        return Confirmed > before.Confirmed ? ReportEffect.Progress : ReportEffect.None;
    }
}
