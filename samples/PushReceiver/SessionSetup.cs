namespace SipPush.Samples.PushReceiver;

/// <summary>Who connects for the content of a session, where the sender leaves it to the receiver (RFC 6135).</summary>
public enum SessionSetup
{
    /// <summary>The sender; when it has not done so after 5 s, the receiver tries.</summary>
    Auto,

    /// <summary>The receiver, as behind NAT.</summary>
    Active,

    /// <summary>The sender and nobody else.</summary>
    Passive,
}
