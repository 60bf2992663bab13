namespace SipPush.Msrp;

/// <summary>Who opens the connection of a session (RFC 6135 §4; RFC 4975 §5.4).</summary>
public enum MsrpRole
{
    /// <summary>This end connects, and sends a SEND at once.</summary>
    Active,

    /// <summary>The far end connects to the listener of this one.</summary>
    Passive,
}
