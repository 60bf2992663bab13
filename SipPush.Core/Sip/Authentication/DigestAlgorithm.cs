namespace SipPush.Sip;

/// <summary>The hash of a Digest exchange (RFC 7616 §3.3, RFC 8760 §2.1).</summary>
public enum DigestAlgorithm
{
    /// <summary>MD5, which is also meant when no algorithm is named.</summary>
    Md5,

    /// <summary>SHA-256.</summary>
    Sha256,
}
