using System.Net.Security;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace SipPush.Sip;

/// <summary>Judges the certificate of one handshake, and keeps why it refused it.</summary>
/// <param name="domain">Whom it must be for; null when anybody may come.</param>
/// <param name="required">Whether there must be one.</param>
/// <param name="createPolicy">What the framework's own chain was built by.</param>
internal sealed class TlsVerifier(string? domain, bool required, Func<X509ChainPolicy> createPolicy)
{
    // The usage that names SIP itself, in either role (RFC 5924 §4).
    private const string SipDomainUsage = "1.3.6.1.5.5.7.3.20";

    /// <summary>Why it was refused; null as long as it was not.</summary>
    public string? Refusal { get; private set; }

    public IReadOnlyList<string> Identities { get; private set; } = [];

    public bool Verify(object sender, X509Certificate? certificate, X509Chain? chain, SslPolicyErrors errors)
    {
        // The framework's own opinion of the name is not asked: it takes wildcards, and does not know SIP URIs.
        Refusal = certificate is X509Certificate2 shown && chain is not null ? Judge(shown, chain)
            : required ? "it shows no certificate"
            : null;
        return Refusal is null;
    }

    private string? Judge(X509Certificate2 certificate, X509Chain chain)
    {
        if (Judge(Problems(certificate, chain)) is { } refusal)
        {
            return refusal;
        }

        var identities = CertificateIdentities.Of(certificate);

        if (domain is not null && !identities.Include(domain))
        {
            var named = identities.Domains.Concat(identities.Addresses.Select(address => address.ToString())).Take(3).ToList();
            return $"its certificate is not for {domain} but for {(named.Count > 0 ? string.Join(", ", named) : "nobody in SIP")}";
        }

        Identities = identities.Domains;
        return null;
    }

    private static string? Judge(X509ChainStatusFlags problems) =>
        problems == X509ChainStatusFlags.NoError ? null
        : problems.HasFlag(X509ChainStatusFlags.Revoked) ? "its certificate has been revoked"
        : problems.HasFlag(X509ChainStatusFlags.UntrustedRoot) || problems.HasFlag(X509ChainStatusFlags.PartialChain)
            ? "its certificate is not trusted: it does not lead to a trusted root"
        : problems.HasFlag(X509ChainStatusFlags.NotTimeValid) ? "its certificate has expired or is not valid yet"
        : $"its certificate is not trusted: {problems}";

    private X509ChainStatusFlags Problems(X509Certificate2 certificate, X509Chain chain)
    {
        var problems = Problems(chain);

        // The framework asks for the usage of a web server or client. One for SIP does as well, if all above it agree.
        if (problems.HasFlag(X509ChainStatusFlags.NotValidForUsage) && IsForSip(certificate))
        {
            using var again = new X509Chain();
            again.ChainPolicy = createPolicy();
            again.ChainPolicy.ExtraStore.AddRange(chain.ChainPolicy.ExtraStore);
            again.ChainPolicy.ApplicationPolicy.Add(new Oid(SipDomainUsage));
            again.Build(certificate);
            problems = Problems(again);
        }
        return problems;
    }

    private static X509ChainStatusFlags Problems(X509Chain chain) =>
        chain.ChainStatus.Aggregate(X509ChainStatusFlags.NoError, (all, next) => all | next.Status);

    private static bool IsForSip(X509Certificate2 certificate) =>
        certificate.Extensions.OfType<X509EnhancedKeyUsageExtension>()
            .Any(extension => extension.EnhancedKeyUsages.Cast<Oid>().Any(usage => usage.Value == SipDomainUsage));
}
