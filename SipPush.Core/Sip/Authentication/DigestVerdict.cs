namespace SipPush.Sip;

/// <summary>What a <see cref="DigestVerifier"/> finds.</summary>
public enum DigestVerdict
{
    /// <summary>The request is from who it says.</summary>
    Accepted,

    /// <summary>There are no credentials, or they are for another realm: challenge.</summary>
    NoCredentials,

    /// <summary>User name and password are right, the nonce is too old or not one of this verifier's: challenge with stale=true.</summary>
    Stale,

    /// <summary>User name, password, method, body, algorithm or qop are wrong: challenge.</summary>
    Rejected,

    /// <summary>The response is right but its nonce count has been used, or is so far below the highest that nobody can tell: challenge with stale=true, or refuse.</summary>
    Replayed,

    /// <summary>The credentials are for another Request-URI: answer 400 (RFC 7616 §3.4.6).</summary>
    WrongUri,
}
