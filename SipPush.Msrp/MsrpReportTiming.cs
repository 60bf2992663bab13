namespace SipPush.Msrp;

/// <summary>When a success report that the sender asked for goes out.</summary>
public enum MsrpReportTiming
{
    /// <summary>When the whole message is here, or its sink has completed it.</summary>
    WhenReceived,

    /// <summary>When the application calls <see cref="IncomingMsrpMessage.Report"/>.</summary>
    ByApplication,
}
