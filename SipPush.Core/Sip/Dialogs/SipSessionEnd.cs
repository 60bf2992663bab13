namespace SipPush.Sip;

/// <summary>How a session ended.</summary>
/// <param name="Cause">Why.</param>
/// <param name="Bye">The BYE of the far end, with its Reason; null when it sent none.</param>
public readonly record struct SipSessionEnd(SipSessionEndCause Cause, SipRequest? Bye = null);
