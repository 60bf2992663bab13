using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace SipPush.Tests.Support;

/// <summary>A certificate authority made while the tests run. What it issues holds from 1960 to 2040, so also by a clock that begins in 1970.</summary>
internal sealed class TestAuthority
{
    private static readonly DateTimeOffset Begin = new(1960, 1, 1, 0, 0, 0, TimeSpan.Zero);
    private static readonly DateTimeOffset End = new(2040, 1, 1, 0, 0, 0, TimeSpan.Zero);
    private static int _issued;

    private TestAuthority(X509Certificate2 certificate) => Certificate = certificate;

    /// <summary>The authority's own certificate, with its key.</summary>
    public X509Certificate2 Certificate { get; }

    /// <summary>As the roots that somebody trusts.</summary>
    public X509Certificate2Collection Roots => [Certificate];

    /// <summary>For a peer that trusts this authority and no other.</summary>
    public X509ChainPolicy CreatePolicy()
    {
        var policy = new X509ChainPolicy { TrustMode = X509ChainTrustMode.CustomRootTrust, RevocationMode = X509RevocationMode.NoCheck };
        policy.CustomTrustStore.AddRange(Roots);
        return policy;
    }

    public static TestAuthority CreateRoot(string name = "Test root")
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = AuthorityRequest(name, key);
        request.CertificateExtensions.Add(new X509SubjectKeyIdentifierExtension(request.PublicKey, false));
        return new TestAuthority(request.CreateSelfSigned(Begin, End));
    }

    /// <summary>An authority below this one.</summary>
    /// <param name="usage">The only usage (OID) for which it may issue; null for any.</param>
    public TestAuthority CreateIntermediate(string name = "Test intermediate", string? usage = null)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        return new TestAuthority(Sign(AuthorityRequest(name, key), key, Begin, End, usage));
    }

    /// <summary>A certificate for names such as <c>dns:example.com</c>, <c>uri:sip:example.com</c>, <c>ip:127.0.0.1</c>; without any it has no
    /// alternative names.</summary>
    public X509Certificate2 Issue(params string[] names) => IssueFor(names);

    public X509Certificate2 IssueFor(string[] names, string commonName = "Test", string? usage = null, DateTimeOffset? until = null)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest($"CN={commonName}", key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(false, false, 0, true));

        if (names.Length > 0)
        {
            request.CertificateExtensions.Add(AlternativeNames(names));
        }
        return Sign(request, key, Begin, until ?? End, usage);
    }

    private static CertificateRequest AuthorityRequest(string name, ECDsa key)
    {
        var request = new CertificateRequest($"CN={name}", key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, false, 0, true));
        request.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.KeyCertSign, true));
        return request;
    }

    private static X509Extension AlternativeNames(string[] names)
    {
        var builder = new SubjectAlternativeNameBuilder();
        foreach (var (kind, value) in names.Select(name => (name[..name.IndexOf(':')], name[(name.IndexOf(':') + 1)..])))
        {
            switch (kind)
            {
                case "dns":
                    builder.AddDnsName(value);
                    break;
                case "uri":
                    builder.AddUri(new Uri(value));
                    break;
                case "ip":
                    builder.AddIpAddress(IPAddress.Parse(value));
                    break;
                case "mail":
                    builder.AddEmailAddress(value);
                    break;
                default:
                    throw new ArgumentException($"'{kind}' is no kind of name", nameof(names));
            }
        }
        return builder.Build();
    }

    private X509Certificate2 Sign(CertificateRequest request, ECDsa key, DateTimeOffset begin, DateTimeOffset end, string? usage)
    {
        // Some verifiers insist on the key identifiers (RFC 5280 §4.2.1.1).
        request.CertificateExtensions.Add(new X509SubjectKeyIdentifierExtension(request.PublicKey, false));
        request.CertificateExtensions.Add(X509AuthorityKeyIdentifierExtension.CreateFromCertificate(Certificate, true, false));

        if (usage is not null)
        {
            request.CertificateExtensions.Add(new X509EnhancedKeyUsageExtension([new Oid(usage)], false));
        }

        using var signed = request.Create(Certificate, begin, end, BitConverter.GetBytes(Interlocked.Increment(ref _issued)));
        using var withKey = signed.CopyWithPrivateKey(key);

        // Some systems take no key that lives in memory alone.
        return X509CertificateLoader.LoadPkcs12(withKey.Export(X509ContentType.Pfx), password: null);
    }
}
