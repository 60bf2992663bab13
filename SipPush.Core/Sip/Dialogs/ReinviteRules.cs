namespace SipPush.Sip;

/// <summary>
/// Who gives way when requests that change one session cross each other or overtake one another (RFC 3261 §14, RFC 3311 §5).
/// Chance is given in as a fraction from 0 to 1, 1 excluded.
/// </summary>
internal static class ReinviteRules
{
    /// <summary>
    /// Whether this end may send a request now, its own last one being over: an INVITE not while one of the peer is under way (RFC 3261 §14.1), an
    /// offer not while one of the peer has no answer (RFC 3264 §4, RFC 3311 §5.1).
    /// </summary>
    public static bool MaySend(bool isInvite, bool hasOffer, bool peersInviteIsPending, bool peersOfferIsOpen) =>
        !(isInvite && peersInviteIsPending) && !(hasOffer && peersOfferIsOpen);

    /// <summary>A received INVITE in the dialog (RFC 3261 §14.2). It brings an offer or asks for one, so it crosses an UPDATE with an offer as it does an INVITE (RFC 3264 §4).</summary>
    /// <param name="ownRequestIsPending">An INVITE, or an offer, that this end sent has no final response yet.</param>
    /// <param name="peersRequestIsUnanswered">This end has not sent the final response to an INVITE, or an offer, received before.</param>
    public static ReinviteVerdict OnInvite(bool ownRequestIsPending, bool peersRequestIsUnanswered) =>
        ownRequestIsPending ? ReinviteVerdict.RequestPending
        : peersRequestIsUnanswered ? ReinviteVerdict.ComeBack
        : ReinviteVerdict.Accept;

    /// <summary>A received UPDATE (RFC 3311 §5.2). Offers are counted whichever request or response carried them.</summary>
    /// <param name="hasOffer">Whether it carries an offer; a mere refresh does not.</param>
    /// <param name="peersUpdateIsUnanswered">This end has not sent the final response to an UPDATE received before.</param>
    /// <param name="ownOfferIsOpen">This end made an offer and has no answer yet.</param>
    /// <param name="peersOfferIsOpen">The peer made an offer and has no answer yet.</param>
    public static ReinviteVerdict OnUpdate(bool hasOffer, bool peersUpdateIsUnanswered, bool ownOfferIsOpen, bool peersOfferIsOpen) =>
        peersUpdateIsUnanswered ? ReinviteVerdict.ComeBack
        : hasOffer && ownOfferIsOpen ? ReinviteVerdict.RequestPending
        : hasOffer && peersOfferIsOpen ? ReinviteVerdict.ComeBack
        : ReinviteVerdict.Accept;

    /// <summary>
    /// The wait after a 491 before the request is sent once more (RFC 3261 §14.1): 2.1 to 4 s for the end that chose the Call-ID, up
    /// to 2 s for the other, in steps of 10 ms, so that they don't meet again.
    /// </summary>
    public static TimeSpan WaitAfterPending(bool ownsCallId, double fraction) =>
        TimeSpan.FromMilliseconds(10 * (ownsCallId ? 210 + (int)(fraction * 191) : (int)(fraction * 201)));

    /// <summary>The seconds in Retry-After of <see cref="ReinviteVerdict.ComeBack"/>: 0 to 10.</summary>
    public static int RetryAfterSeconds(double fraction) => (int)(fraction * 11);
}
