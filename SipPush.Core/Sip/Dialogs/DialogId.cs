namespace SipPush.Sip;

/// <summary>
/// What names a dialog at one of its two ends; at the other end the tags change places (RFC 3261 §12). All three are compared
/// octet for octet.
/// </summary>
/// <param name="CallId">The Call-ID.</param>
/// <param name="LocalTag">The tag that this end chose; it stands in From of what this end requests.</param>
/// <param name="RemoteTag">The tag that the peer chose; empty for a peer of RFC 2543 that chose none.</param>
public readonly record struct DialogId(string CallId, string LocalTag, string RemoteTag)
{
    /// <summary>One line for a log.</summary>
    public override string ToString() => $"{CallId};local-tag={LocalTag};remote-tag={RemoteTag}";

    /// <summary>The dialog that a received request is for. An empty local tag means none: the request is to begin something (§12.2.2).</summary>
    internal static DialogId Of(SipRequest received) =>
        new(received.CallId.ToString(), received.To.Tag.ToString(), received.From.Tag.ToString());

    /// <summary>The dialog that a received response is for, or begins.</summary>
    internal static DialogId Of(SipResponse received) =>
        new(received.CallId.ToString(), received.From.Tag.ToString(), received.To.Tag.ToString());
}
