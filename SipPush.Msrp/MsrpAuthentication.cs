namespace SipPush.Msrp;

/// <summary>
/// Answers the challenges of one relay for one <see cref="MsrpRelayLease"/>, over all its renewals (RFC 4976 §9.1). It has one user at a time. The library knows no
/// password: a digest for credentials of SIP comes with <c>SipPush.Core</c>.
/// </summary>
public abstract class MsrpAuthentication
{
    /// <summary>The value of the Authorization header of the next request; null for a request without, as the first one is.</summary>
    /// <param name="method">The method: AUTH.</param>
    /// <param name="uri">The URI of the relay, which is what the digest covers.</param>
    public abstract string? Authorize(string method, string uri);

    /// <summary>Takes a 401. Whether there is an answer that has not been refused before: then the request is sent again; otherwise that was all.</summary>
    /// <param name="challenges">The values of its WWW-Authenticate headers, in order. Text of the peer.</param>
    public abstract bool TryAnswer(IReadOnlyList<string> challenges);

    /// <summary>Takes a 200. Whether it can be the relay's: a relay that tries to prove that it knows the password has to succeed.</summary>
    /// <param name="info">The value of its Authentication-Info header; null when it has none. Text of the peer.</param>
    public abstract bool TryAccept(string? info);
}
