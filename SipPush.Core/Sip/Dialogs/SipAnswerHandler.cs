namespace SipPush.Sip;

/// <summary>Makes the answer to an offer that came in a 2xx, because the INVITE had none; it goes into the ACK (RFC 3261 §13.2.1).</summary>
/// <param name="response">The 2xx.</param>
/// <param name="cancellationToken">Cancelled when whoever invites has given up.</param>
/// <returns>The answer; null leaves the ACK empty and ends the session with BYE, since an offer must be answered.</returns>
public delegate ValueTask<SipBody?> SipAnswerHandler(SipResponse response, CancellationToken cancellationToken);
