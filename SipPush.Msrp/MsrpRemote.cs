using System.Net;

namespace SipPush.Msrp;

/// <summary>The far end of a session, as its session description told of it.</summary>
public sealed record MsrpRemote
{
    /// <summary>Its path: the first URI is where to connect, the whole is the To-Path (RFC 4975 §8.2).</summary>
    public required MsrpPath Path { get; init; }

    /// <summary>What this end does about the connection.</summary>
    public required MsrpRole Role { get; init; }

    /// <summary>Where to connect instead of the first URI of the path (RFC 6714: the address of the c= and m= lines); null by default.</summary>
    public DnsEndPoint? ConnectTo { get; init; }

    /// <summary>Fingerprints of the certificate that it has to show over TLS (RFC 8122); null, as by default, when it announced none, and then its certificate has to name its host. Empty
    /// when it announced none that can be used: then nobody is accepted.</summary>
    public IReadOnlyList<MsrpFingerprint>? Fingerprints { get; init; }

    /// <summary>The largest message that it takes, in octets (<c>max-size</c>); null when it named none. Larger ones are not sent.</summary>
    public long? MaxSize { get; init; }
}
