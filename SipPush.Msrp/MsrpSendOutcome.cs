namespace SipPush.Msrp;

/// <summary>What became of a message.</summary>
public enum MsrpSendOutcome
{
    /// <summary>Written to the transport; no answer was wanted.</summary>
    Sent,

    /// <summary>Every chunk was answered with 200.</summary>
    Acknowledged,

    /// <summary>Success reports cover the whole message.</summary>
    Reported,

    /// <summary>Everything was sent, and answered where answers were wanted, but the success report that was asked for did not come in time.</summary>
    ReportMissing,

    /// <summary>A response or a report refused it, with <see cref="MsrpSendResult.StatusCode"/>.</summary>
    Refused,

    /// <summary>A chunk had no answer within 30 s: it has probably failed (RFC 4975 §7.1.1).</summary>
    TimedOut,

    /// <summary>The session ended before the message was through.</summary>
    SessionEnded,

    /// <summary>The connection was lost before the message was through.</summary>
    ConnectionLost,
}
