namespace SipPush;

/// <summary>What became of a push.</summary>
public enum PushOutcome
{
    /// <summary>The user agent has it (200); whether somebody has read it is not known.</summary>
    Delivered,

    /// <summary>Somebody on the way keeps it for later (202): delivery is not certain (RFC 3428 §4).</summary>
    Stored,

    /// <summary>It was answered with 3xx to 6xx.</summary>
    Refused,

    /// <summary>No final answer came in 64*T1; it may have arrived all the same.</summary>
    NoAnswer,

    /// <summary>It could not be sent, or its connection was lost before the answer.</summary>
    TransportFailed,

    /// <summary>Its time was over before its turn came; nothing was sent.</summary>
    Expired,

    /// <summary>It is larger than a MESSAGE may be (RFC 3428 §8); nothing was sent.</summary>
    TooLarge,

    /// <summary>Too many pushes wait for the same target; nothing was sent.</summary>
    Busy,

    /// <summary>The registration of the user ended while the push waited for its turn; nothing was sent.</summary>
    Unregistered,
}
