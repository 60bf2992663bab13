namespace SipPush.Sip;

/// <summary>The hash of a Digest exchange (RFC 7616 §3.3, RFC 8760 §2.1) and whether it makes a session key (RFC 7616 §3.4.2).</summary>
public enum DigestAlgorithm
{
    /// <summary>MD5, which is also meant when no algorithm is named.</summary>
    Md5,

    /// <summary>SHA-256.</summary>
    Sha256,

    /// <summary>SHA-512-256: SHA-512/256, with initial values of its own, and not the front half of SHA-512.</summary>
    Sha512Truncated256,

    /// <summary>MD5-sess.</summary>
    Md5Session,

    /// <summary>SHA-256-sess.</summary>
    Sha256Session,

    /// <summary>SHA-512-256-sess.</summary>
    Sha512Truncated256Session,
}
