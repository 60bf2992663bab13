namespace SipPush.Sip;

/// <summary>What <see cref="StreamFramer.Next"/> found at the start of the octets.</summary>
internal enum FramingStatus
{
    /// <summary>The message is not complete; call again with the same octets and more behind them.</summary>
    NeedMore,

    /// <summary>One whole message.</summary>
    Done,

    /// <summary>CRLFCRLF where a message would start: a ping that wants CRLF back (RFC 5626 §4.4.1).</summary>
    KeepAlive,

    /// <summary>CRLF where a message would start, for one who awaits a pong (RFC 5626 §4.4.1).</summary>
    Pong,

    /// <summary>The stream can't be framed any further.</summary>
    Error,
}

/// <param name="Status">What was found.</param>
/// <param name="Leading">Octets of empty lines in front of the message.</param>
/// <param name="Length">Octets of the message, of the ping or pong, or of what there is of a message in error; 0 with NeedMore.</param>
/// <param name="Error">Set when <paramref name="Status"/> is <see cref="FramingStatus.Error"/>.</param>
internal readonly record struct FramingOutcome(FramingStatus Status, int Leading = 0, int Length = 0, SipFramingError Error = default)
{
    /// <summary>How many octets to take off the front before the next call.</summary>
    public int Consumed => Leading + Length;
}
