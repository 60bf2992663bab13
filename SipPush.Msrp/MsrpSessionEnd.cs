namespace SipPush.Msrp;

/// <summary>Why a session ended.</summary>
public enum MsrpSessionEnd
{
    /// <summary>This end closed it.</summary>
    Closed,

    /// <summary>The far end closed the connection, between two frames.</summary>
    ClosedByPeer,

    /// <summary>The connection broke, or could not be read any further.</summary>
    ConnectionLost,

    /// <summary>The far end does not know the session, or has it on another connection: 481 or 506.</summary>
    Refused,

    /// <summary>It was never bound to a connection.</summary>
    NeverConnected,
}
