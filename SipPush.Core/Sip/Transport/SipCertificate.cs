using System.Net.Security;
using System.Security.Cryptography.X509Certificates;

namespace SipPush.Sip;

/// <summary>
/// A certificate with its private key, which can be replaced while transports use it: connections made from then on show the new
/// one, open ones live on. Its certificates stay the caller's and must not be disposed while handshakes may use them.
/// </summary>
public sealed class SipCertificate
{
    private volatile SslStreamCertificateContext _context;

    /// <param name="certificate">It must have its private key.</param>
    /// <param name="intermediates">What stands between it and the root and is sent with it (RFC 8446 §4.4.2); null when nothing does.</param>
    /// <exception cref="ArgumentException">There is no private key.</exception>
    public SipCertificate(X509Certificate2 certificate, X509Certificate2Collection? intermediates = null) =>
        _context = Create(certificate, intermediates);

    /// <summary>The certificate that new connections show.</summary>
    public X509Certificate2 Certificate => _context.TargetCertificate;

    internal SslStreamCertificateContext Context => _context;

    /// <summary>Lets connections made from now on show another certificate.</summary>
    /// <exception cref="ArgumentException">There is no private key.</exception>
    public void Replace(X509Certificate2 certificate, X509Certificate2Collection? intermediates = null) =>
        _context = Create(certificate, intermediates);

    private static SslStreamCertificateContext Create(X509Certificate2 certificate, X509Certificate2Collection? intermediates)
    {
        ArgumentNullException.ThrowIfNull(certificate);
        return certificate.HasPrivateKey
            ? SslStreamCertificateContext.Create(certificate, intermediates, offline: true)
            : throw new ArgumentException($"The certificate of {certificate.Subject} has no private key", nameof(certificate));
    }
}
