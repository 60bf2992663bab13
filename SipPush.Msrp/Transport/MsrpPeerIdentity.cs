using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace SipPush.Msrp.Transport;

/// <summary>Who the far end of a session must prove to be on TLS (RFC 4975 §5.4, §14.4; RFC 8122 §5.1). Both roles ask it: the one that connects within the
/// handshake, the one that accepts when the first request has said which session it is for.</summary>
/// <param name="fingerprints">Those that the far end has announced. Null when it has announced none: then its certificate has to chain to a
/// root and name the host. Empty when it has announced none that can be used: then it is nobody.</param>
internal sealed class MsrpPeerIdentity(IReadOnlyList<MsrpFingerprint>? fingerprints)
{
    /// <summary>Proved by a certificate that chains to a root and names the host; for one that connected, by nothing.</summary>
    public static MsrpPeerIdentity ByName { get; } = new(null);

    /// <summary>Whether the far end of this connection is the one.</summary>
    /// <param name="link">A connection in either role.</param>
    /// <param name="host">The host of the URI that it is for, a name or an address; null for a far end that connected, which only a fingerprint can tell.</param>
    public bool Accepts(MsrpLink link, string? host) =>
        link.IsSecure ? RefusalOf(link.PeerCertificate, link.PeerChainFault, host) is null : fingerprints is null;

    /// <summary>Why a far end with this certificate is not the one; null when it is. It needs to know why the certificate does not chain to a root,
    /// null when it does.</summary>
    public string? RefusalOf(X509Certificate2? certificate, string? chainFault, string? host)
    {
        if (fingerprints is null && host is null)
        {
            return null;
        }

        if (certificate is null)
        {
            return "it shows no certificate";
        }

        if (fingerprints is not null)
        {
            return HasFingerprint(certificate) ? null : "its certificate does not have the fingerprint that was announced";
        }
        return chainFault ?? (Names(certificate, host!) ? null : $"its certificate is not for {host}");
    }

    private bool HasFingerprint(X509Certificate2 certificate)
    {
        // Only those of the strongest function count: an older one must not let in what the better one keeps out.
        var strongest = fingerprints!.Count == 0 ? -1 : fingerprints.Max(fingerprint => fingerprint.Strength);
        return fingerprints.Any(fingerprint => fingerprint.Strength == strongest && fingerprint.Matches(certificate));
    }

    private static bool Names(X509Certificate2 certificate, string host)
    {
        var name = host.TrimEnd('.');

        try
        {
            return Uri.CheckHostName(name) is UriHostNameType.Dns or UriHostNameType.IPv4 or UriHostNameType.IPv6
                && certificate.MatchesHostname(name, allowWildcards: true, allowCommonName: false);
        }
        catch (Exception failure) when (failure is CryptographicException or ArgumentException)
        {
            // Its alternative names can't be read.
            return false;
        }
    }
}
