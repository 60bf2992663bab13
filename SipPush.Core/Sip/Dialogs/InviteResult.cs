namespace SipPush.Sip;

/// <summary>What became of an INVITE.</summary>
/// <param name="Outcome">How its last transaction ended.</param>
/// <param name="Session">The session, confirmed and acknowledged; null unless the answer was a 2xx. Whoever gets it disposes it.</param>
/// <param name="Response">The final response; null unless answered.</param>
/// <param name="Error">What the transport said; null unless it failed.</param>
public readonly record struct InviteResult(SipTransactionOutcome Outcome, SipSession? Session, SipResponse? Response = null, Exception? Error = null)
{
    /// <summary>The status of the final response; 408 for none in time, 503 for a failed transport (RFC 3261 §8.1.3.1).</summary>
    public int StatusCode => new SipTransactionResult(Outcome, Response, Error).StatusCode;
}
