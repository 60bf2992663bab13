namespace SipPush.Sip;

/// <summary>What a <see cref="SessionTimer"/> wants done.</summary>
internal enum SessionTimerStep
{
    /// <summary>Nothing now.</summary>
    Wait,

    /// <summary>Send UPDATE where the peer allows it, or a re-INVITE with an unchanged o= line (RFC 4028 §7.4).</summary>
    Refresh,

    /// <summary>End the session with BYE; the timer is off then.</summary>
    SendBye,
}
