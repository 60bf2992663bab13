using System.Security.Cryptography.X509Certificates;

namespace SipPush.Msrp;

/// <summary>What MSRP over TLS needs to know: its own certificate, and which roots it trusts. The versions are TLS 1.2 and 1.3 (RFC 8996).</summary>
public sealed record MsrpTlsOptions
{
    /// <summary>What this side shows, as a listener and to a listener that asks; null by default, and then nothing can listen on TLS. It has its private
    /// key, stays the caller's, and must not be disposed while handshakes may use it.</summary>
    /// <exception cref="ArgumentException">There is no private key.</exception>
    public X509Certificate2? Certificate
    {
        get;
        init
        {
            if (value is { HasPrivateKey: false })
            {
                throw new ArgumentException($"The certificate of {value.Subject} has no private key", nameof(value));
            }
            field = value;
        }
    }

    /// <summary>What stands between <see cref="Certificate"/> and its root and is sent with it; null by default: nothing.</summary>
    public X509Certificate2Collection? Intermediates { get; init; }

    /// <summary>Whether a listener asks its clients for a certificate; not by default. Whether they have shown the right one is judged when their
    /// first request says which session they are for: a certificate that its signer alone vouches for will do there (RFC 4975 §14.4).</summary>
    public bool AsksForCertificates { get; init; }

    /// <summary>The only roots trusted; null by default: those of the system. They don't matter where a fingerprint is expected.</summary>
    public X509Certificate2Collection? TrustedRoots { get; init; }

    /// <summary>Whether it is looked up if a certificate has been revoked; not by default. <see cref="X509RevocationMode.Online"/>
    /// asks the network within the handshake, and refuses a certificate about which there is no answer.</summary>
    public X509RevocationMode RevocationMode { get; init; } = X509RevocationMode.NoCheck;

    /// <summary>How long a handshake may take, in either role; 10 s by default. Then the connection is closed.</summary>
    public TimeSpan HandshakeTimeout
    {
        get;
        init
        {
            ArgumentOutOfRangeException.ThrowIfLessThanOrEqual(value, TimeSpan.Zero);
            field = value;
        }
    } = TimeSpan.FromSeconds(10);
}
