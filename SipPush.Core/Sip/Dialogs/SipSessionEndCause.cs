namespace SipPush.Sip;

/// <summary>Why a session ended.</summary>
public enum SipSessionEndCause
{
    /// <summary>This side said BYE.</summary>
    Local,

    /// <summary>The far end said BYE.</summary>
    Remote,

    /// <summary>The far end was accepted, and never sent the ACK (RFC 3261 §13.3.1.4).</summary>
    NoAck,

    /// <summary>The far end no longer knows the dialog, or answered nothing: 481 or 408 (RFC 3261 §12.2.1.2).</summary>
    DialogLost,

    /// <summary>The session timer ran out without a refresh (RFC 4028 §10).</summary>
    Expired,

    /// <summary>It was never confirmed: refused, cancelled, or another branch of a fork was first.</summary>
    NeverConfirmed,

    /// <summary>The stack has stopped.</summary>
    Stopped,

    /// <summary>This side had made an offer in its 2xx, and the ACK brought no answer to it (RFC 3261 §13.2.1).</summary>
    NoAnswer,
}
