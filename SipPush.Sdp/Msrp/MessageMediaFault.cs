namespace SipPush.Sdp;

/// <summary>Why a media description is none that MSRP can be spoken by.</summary>
public enum MessageMediaFault
{
    /// <summary>It is one.</summary>
    None,

    /// <summary>It is not <c>m=message</c> with TCP/MSRP or TCP/TLS/MSRP and the format <c>*</c>.</summary>
    NotMsrp,

    /// <summary>There is no <c>a=path</c>.</summary>
    NoPath,

    /// <summary>The path is not MSRP URIs, or one of them has no port (RFC 4975 §8.2), or there are more than 16.</summary>
    BadPath,

    /// <summary>The first URI of the path is <c>msrps</c> where the line says TCP/MSRP, or the reverse.</summary>
    OtherProtection,

    /// <summary>There is no <c>a=accept-types</c>.</summary>
    NoAcceptTypes,

    /// <summary><c>a=accept-types</c> or <c>a=accept-wrapped-types</c> is not a list of types.</summary>
    BadAcceptTypes,

    /// <summary>The file selector, the transfer id or the range is not what it should be, or the id is missing.</summary>
    BadFile,

    /// <summary>There are fingerprints and none has a hash function that may be used (RFC 8122 §5).</summary>
    NoUsableFingerprint,
}
