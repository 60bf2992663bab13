namespace SipPush.Sip;

/// <summary>How far a dialog has come (RFC 3261 §12).</summary>
public enum DialogState
{
    /// <summary>A provisional response made it; it may still come to nothing.</summary>
    Early,

    /// <summary>A 2xx has been sent or received.</summary>
    Confirmed,

    /// <summary>It is over.</summary>
    Terminated,
}
