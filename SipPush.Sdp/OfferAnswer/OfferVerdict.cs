namespace SipPush.Sdp;

/// <summary>What a received offer is, seen from those before it.</summary>
public enum OfferVerdict
{
    /// <summary>It is to be answered.</summary>
    Changed,

    /// <summary>It is word for word what the peer's last description was: it is to be answered, and nothing changes by it (RFC 3264 §8).</summary>
    Unchanged,

    /// <summary>The own offer is open: refused, in SIP with 491. The exchange is as it was.</summary>
    Glare,

    /// <summary>An offer of the peer is already open: refused, in SIP with 500 and Retry-After. The exchange is as it was.</summary>
    AlreadyOpen,

    /// <summary>It has fewer media descriptions than there were (RFC 3264 §8): refused, in SIP with 488. The exchange is as it was.</summary>
    MediaMissing,
}
