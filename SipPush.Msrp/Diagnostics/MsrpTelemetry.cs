namespace SipPush.Msrp.Diagnostics;

/// <summary>The names under which the library logs and measures.</summary>
public static class MsrpTelemetry
{
    /// <summary>The meter.</summary>
    public const string Meter = "SipPush.Msrp";

    /// <summary>The log category; its events are numbered from 2000.</summary>
    public const string Category = "SipPush.Msrp";
}
