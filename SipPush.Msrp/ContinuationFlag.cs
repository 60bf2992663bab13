namespace SipPush.Msrp;

/// <summary>How a chunk ends: the last character of its end-line (RFC 4975 §7.1). The values are those characters.</summary>
public enum ContinuationFlag : byte
{
    /// <summary><c>+</c>: more of the message is to come.</summary>
    More = (byte)'+',

    /// <summary><c>$</c>: the chunk holds the end of the message.</summary>
    Complete = (byte)'$',

    /// <summary><c>#</c>: the message has been abandoned; nothing more of it comes.</summary>
    Aborted = (byte)'#',
}
