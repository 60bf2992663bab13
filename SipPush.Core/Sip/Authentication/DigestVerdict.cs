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

    /// <summary>User name, password, method, URI or algorithm are wrong.</summary>
    Rejected,

    /// <summary>The response is right but its nonce count, or one above it, has been used: challenge with stale=true, or refuse.</summary>
    Replayed,
}
