namespace SipPush.Sip;

/// <summary>Answers an offer of the far end in a session that exists (RFC 3261 §14.2, RFC 3311 §5.2).</summary>
/// <param name="request">The re-INVITE or UPDATE with the offer in its body; a re-INVITE without one asks for an offer.</param>
/// <param name="cancellationToken">Cancelled when the stack stops.</param>
/// <returns>The answer, or the offer asked for; null refuses with 488 and leaves the session as it was.</returns>
public delegate ValueTask<SipBody?> SipOfferHandler(SipRequest request, CancellationToken cancellationToken);
