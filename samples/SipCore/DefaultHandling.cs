namespace SipPush.Samples.SipCore;

/// <summary>What becomes of a registration that the application server does not take (TS 24.229 §5.4.1.7).</summary>
public enum DefaultHandling
{
    /// <summary>It stays.</summary>
    Continue,

    /// <summary>It is removed.</summary>
    Terminate,
}
