using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using SipPush.Sip;
using SipPush.Tests.Support;

namespace SipPush.Tests.Sip.Transport;

/// <summary>RFC 5922 §7.1 and §7.2.</summary>
public sealed class CertificateIdentitiesTests
{
    private readonly TestAuthority _authority = TestAuthority.CreateRoot();

    [TestCase("dns:example.com", "example.com")]
    [TestCase("uri:sip:example.com", "example.com")]
    [TestCase("uri:SIP:example.com", "example.com")]
    [TestCase("uri:sip:example.com uri:sip:example.net", "example.com example.net")]
    [TestCase("dns:www.example.com uri:sip:example.com", "example.com", Description = "a SIP URI silences the DNS names")]
    [TestCase("dns:example.com uri:sips:example.net uri:https://example.org", "example.com", Description = "no other scheme does")]
    [TestCase("dns:example.com uri:sip:alice@example.net", "example.com", Description = "nor a person")]
    [TestCase("dns:*.example.com", "")]
    [TestCase("ip:127.0.0.1", "")]
    [TestCase("mail:alice@example.com", "", Description = "any alternative name silences the common name")]
    public void The_alternative_names_say_which_domains_a_certificate_is_for(string names, string domains)
    {
        using var certificate = _authority.IssueFor(names.Split(' '), commonName: "cn.example.com");

        Assert.That(string.Join(' ', CertificateIdentities.Of(certificate).Domains), Is.EqualTo(domains));
    }

    [TestCase("cn.example.com", "cn.example.com")]
    [TestCase("*.example.com", "")]
    [TestCase("Example Company", "")]
    public void The_common_name_counts_only_without_alternative_names(string commonName, string domains)
    {
        using var certificate = _authority.IssueFor([], commonName);

        Assert.That(string.Join(' ', CertificateIdentities.Of(certificate).Domains), Is.EqualTo(domains));
    }

    [TestCase("dns:example.com", "EXAMPLE.com", true)]
    [TestCase("dns:example.com", "foo.example.com", false)]
    [TestCase("dns:foo.example.com", "example.com", false)]
    [TestCase("dns:*.example.com", "foo.example.com", false)]
    [TestCase("dns:*.example.com", "*.example.com", false)]
    [TestCase("ip:127.0.0.1", "127.0.0.1", true)]
    [TestCase("ip:::1", "::1", true)]
    [TestCase("ip:127.0.0.1", "127.0.0.2", false)]
    [TestCase("dns:127.0.0.1", "127.0.0.1", false)]
    [TestCase("uri:sip:127.0.0.1", "127.0.0.1", false)]
    public void Names_are_compared_whole_and_addresses_with_addresses(string name, string asked, bool matches)
    {
        using var certificate = _authority.Issue(name);

        Assert.That(CertificateIdentities.Of(certificate).Include(asked), Is.EqualTo(matches));
    }

    [TestCase("")]
    [TestCase("30")]
    [TestCase("3003820461")]
    [TestCase("30058203FF4142")]
    [TestCase("300487030A0B0C")]
    [TestCase("300C820B6578616D706C652E636F6D00")]
    public void What_is_no_list_of_names_names_nobody(string octets)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=cn.example.com", key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509Extension("2.5.29.17", Convert.FromHexString(octets), critical: false));
        using var certificate = request.CreateSelfSigned(DateTimeOffset.UnixEpoch, DateTimeOffset.UnixEpoch.AddYears(70));

        var identities = CertificateIdentities.Of(certificate);

        Assert.That(identities.Domains, Is.Empty);
        Assert.That(identities.Addresses, Is.Empty);
    }
}
