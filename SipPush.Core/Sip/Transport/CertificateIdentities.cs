using System.Formats.Asn1;
using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace SipPush.Sip;

/// <summary>Whom a certificate names, for SIP (RFC 5922 §7.1). It says nothing about whether the certificate holds.</summary>
/// <param name="Domains">SIP domains, as written; what is no domain name, such as one with a wildcard, is left out.</param>
/// <param name="Addresses">Numeric addresses, for peers that are asked for by address.</param>
internal sealed record CertificateIdentities(IReadOnlyList<string> Domains, IReadOnlyList<IPAddress> Addresses)
{
    private const string SubjectAlternativeName = "2.5.29.17";
    private const string CommonName = "2.5.4.3";

    // GeneralName (RFC 5280 §4.2.1.6).
    private static readonly Asn1Tag DnsName = new(TagClass.ContextSpecific, 2);
    private static readonly Asn1Tag UniformResourceIdentifier = new(TagClass.ContextSpecific, 6);
    private static readonly Asn1Tag IpAddress = new(TagClass.ContextSpecific, 7);

    /// <summary>True when the certificate is for this domain, or address. Names are compared whole and without regard to case (§7.2).</summary>
    public bool Include(string domain) =>
        IPAddress.TryParse(domain, out var address)
            ? Addresses.Contains(address)
            : Domains.Contains(domain, StringComparer.OrdinalIgnoreCase);

    public static CertificateIdentities Of(X509Certificate2 certificate)
    {
        List<string> uris = [], names = [];
        List<IPAddress> addresses = [];
        var alternativeNames = certificate.Extensions.Where(extension => extension.Oid?.Value == SubjectAlternativeName).ToList();

        // The common name speaks only where there are no alternative names at all, of whatever kind.
        if (alternativeNames.Count == 0)
        {
            AddDomain(names, ReadCommonName(certificate));
        }

        try
        {
            foreach (var extension in alternativeNames)
            {
                Read(extension.RawData, uris, names, addresses);
            }
        }
        catch (Exception failure) when (failure is AsnContentException or CryptographicException)
        {
            return new CertificateIdentities([], []);
        }

        // One SIP URI, and the DNS names are for other protocols.
        return new CertificateIdentities(uris.Count > 0 ? uris : names, addresses);
    }

    private static void Read(ReadOnlyMemory<byte> extension, List<string> uris, List<string> names, List<IPAddress> addresses)
    {
        var sequence = new AsnReader(extension, AsnEncodingRules.DER).ReadSequence();

        while (sequence.HasData)
        {
            var tag = sequence.PeekTag();

            if (tag == DnsName)
            {
                AddDomain(names, sequence.ReadCharacterString(UniversalTagNumber.IA5String, tag));
            }
            else if (tag == UniformResourceIdentifier)
            {
                AddUri(uris, sequence.ReadCharacterString(UniversalTagNumber.IA5String, tag));
            }
            else if (tag == IpAddress && sequence.ReadOctetString(tag) is { Length: 4 or 16 } octets)
            {
                addresses.Add(new IPAddress(octets));
            }
            else if (tag != IpAddress)
            {
                sequence.ReadEncodedValue();
            }
        }
    }

    private static void AddUri(List<string> uris, string text)
    {
        // A URI with a user names a person, not a domain.
        if (!text.Contains('@', StringComparison.Ordinal) && SipUri.TryParse(text, out var uri) && uri.Scheme == "sip")
        {
            AddDomain(uris, uri.Host.ToString());
        }
    }

    private static void AddDomain(List<string> domains, string? name)
    {
        if (name is not null && Uri.CheckHostName(name) == UriHostNameType.Dns)
        {
            domains.Add(name.TrimEnd('.'));
        }
    }

    private static string? ReadCommonName(X509Certificate2 certificate)
    {
        try
        {
            return certificate.SubjectName.EnumerateRelativeDistinguishedNames()
                .FirstOrDefault(part => !part.HasMultipleElements && part.GetSingleElementType().Value == CommonName)
                ?.GetSingleElementValue();
        }
        catch (CryptographicException)
        {
            return null;
        }
    }
}
