namespace SipPush.Sip;

/// <summary>The quality of protection a response is computed for (RFC 7616 §3.4).</summary>
public enum DigestQop
{
    /// <summary>No <c>qop</c> parameter: the form of RFC 2069, without cnonce and nonce count.</summary>
    None,

    /// <summary><c>auth</c>: method and URI are covered.</summary>
    Auth,
}
