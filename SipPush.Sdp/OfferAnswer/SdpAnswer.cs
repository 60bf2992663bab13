namespace SipPush.Sdp;

/// <summary>An answer that was made, and what it means.</summary>
public sealed record SdpAnswer
{
    /// <summary>The answer. It is a right one also when nothing is taken, with port 0 everywhere.</summary>
    public required SessionDescription Description { get; init; }

    /// <summary>The media descriptions of the offer in their order.</summary>
    public required IReadOnlyList<NegotiatedLine> Lines { get; init; }

    /// <summary>
    /// 488 or 606 when something was offered and nothing of it is taken: with this a first offer is better refused as a whole (RFC 3264 §6).
    /// Null when something is taken, or nothing was offered.
    /// </summary>
    public int? RefusalStatus { get; init; }
}
