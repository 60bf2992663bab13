namespace SipPush.Sdp;

/// <summary>Where an offer/answer exchange stands (RFC 3264 §4).</summary>
public enum OfferAnswerState
{
    /// <summary>Nothing is open: either side may offer.</summary>
    Stable,

    /// <summary>The own offer waits for its answer.</summary>
    OfferSent,

    /// <summary>The peer's offer is to be answered.</summary>
    OfferReceived,
}
