namespace SipPush.Diagnostics;

/// <summary>The names under which the library logs and measures.</summary>
public static class SipPushTelemetry
{
    /// <summary>The meter of the SIP stack.</summary>
    public const string SipMeter = "SipPush.Sip";

    /// <summary>The meter of the agents.</summary>
    public const string PushMeter = "SipPush";

    /// <summary>Log category of the SIP stack; its events are numbered from 1000.</summary>
    public const string SipCategory = "SipPush.Sip";

    /// <summary>Log category of the agents; their events are numbered from 3000.</summary>
    public const string PushCategory = "SipPush";

    /// <summary>Log category of the wire, at level Trace: every message, with the credentials left out.</summary>
    public const string WireCategory = "SipPush.Wire";
}
