namespace SipPush.Sip;

/// <summary>The quality of protection: what a response covers (RFC 7616 §3.3).</summary>
public enum DigestQop
{
    /// <summary><c>auth</c>: method and URI.</summary>
    Auth,

    /// <summary><c>auth-int</c>: method, URI and body.</summary>
    AuthInt,
}
