namespace SipPush;

/// <summary>What is done with a push whose time is over (RFC 3428 §7 leaves it to the receiver).</summary>
public enum ExpiredPushPolicy
{
    /// <summary>It is answered 200 and dropped.</summary>
    Discard,

    /// <summary>It is answered 480.</summary>
    Reject,

    /// <summary>It is taken like any other; <see cref="IncomingPush.Expires"/> shows it.</summary>
    Deliver,
}
