using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using SipPush.Sip;

namespace SipPush.Benchmarks.Load;

/// <summary>The certificates of a run over TLS, made when it begins. Keys stay in their process; the other one learns the root from a file.</summary>
internal static class LoadCertificates
{
    /// <summary>A certificate for an address, from an authority of its own.</summary>
    /// <param name="address">Whom it is for.</param>
    /// <param name="root">Where the authority's certificate is written, as PEM; null where nobody asks for it.</param>
    public static X509Certificate2 Create(IPAddress address, FileInfo? root)
    {
        var begin = TimeProvider.System.GetUtcNow().AddDays(-1);
        var end = begin.AddYears(1);

        using var rootKey = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var rootRequest = new CertificateRequest("CN=SipPush load", rootKey, HashAlgorithmName.SHA256);
        rootRequest.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, false, 0, true));
        rootRequest.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.KeyCertSign, true));
        rootRequest.CertificateExtensions.Add(new X509SubjectKeyIdentifierExtension(rootRequest.PublicKey, false));
        using var authority = rootRequest.CreateSelfSigned(begin, end);

        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest($"CN={address}", key, HashAlgorithmName.SHA256);
        var names = new SubjectAlternativeNameBuilder();
        names.AddIpAddress(address);
        request.CertificateExtensions.Add(names.Build());
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(false, false, 0, true));
        request.CertificateExtensions.Add(X509AuthorityKeyIdentifierExtension.CreateFromCertificate(authority, true, false));
        using var signed = request.Create(authority, begin, end, [1]);
        using var withKey = signed.CopyWithPrivateKey(key);

        if (root is not null)
        {
            File.WriteAllText(root.FullName, authority.ExportCertificatePem());
        }

        // Some systems take no key that lives in memory alone.
        return X509CertificateLoader.LoadPkcs12(withKey.Export(X509ContentType.Pfx), password: null);
    }

    /// <summary>What a server shows; its root goes to <paramref name="root"/>. Without one the run is not over TLS.</summary>
    public static SipTlsOptions Server(IPAddress address, FileInfo? root) =>
        root is null ? new SipTlsOptions() : new SipTlsOptions { ServerCertificate = new SipCertificate(Create(address, root)) };

    /// <summary>Trust in what a server has written to <paramref name="root"/>. Without one the run is not over TLS.</summary>
    public static SipTlsOptions Client(IPAddress address, FileInfo? root) => root is null ? new SipTlsOptions() : new SipTlsOptions
    {
        // A stack that connects over TLS listens there too.
        ServerCertificate = new SipCertificate(Create(address, root: null)),
        TrustedRoots = Read(root),
    };

    /// <summary>What a server has written to <paramref name="root"/>.</summary>
    public static X509Certificate2Collection Read(FileInfo root) => [X509CertificateLoader.LoadCertificateFromFile(root.FullName)];
}
