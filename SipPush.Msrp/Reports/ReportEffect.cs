namespace SipPush.Msrp.Reports;

/// <summary>What a REPORT has told a <see cref="DeliveryTracker"/>.</summary>
internal enum ReportEffect : byte
{
    /// <summary>Nothing new.</summary>
    None,

    /// <summary>More octets are known to have arrived.</summary>
    Progress,

    /// <summary>With those all of the message has arrived.</summary>
    Delivered,

    /// <summary>Octets have not arrived: the session has failed (RFC 4975 §7.3.2).</summary>
    Failed,
}
