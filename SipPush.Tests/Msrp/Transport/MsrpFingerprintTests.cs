using System.IO.Pipelines;
using System.Security.Cryptography;
using SipPush.Msrp;
using SipPush.Msrp.Transport;
using SipPush.Tests.Support;

namespace SipPush.Tests.Msrp.Transport;

public sealed class MsrpFingerprintTests
{
    private const string Sha1 = "sha-1 4A:AD:B9:B1:3F:82:18:3B:54:02:12:DF:3E:5D:49:6B:19:E5:7C:AB";

    // Both from figure 1 of RFC 8122 §3.4.
    private const string Sha256 =
        "sha-256 12:DF:3E:5D:49:6B:19:E5:7C:AB:4A:AD:B9:B1:3F:82:18:3B:54:02:12:DF:3E:5D:49:6B:19:E5:7C:AB:4A:AD";

    private static readonly TestAuthority Authority = TestAuthority.CreateRoot();

    [TestCase(Sha1)]
    [TestCase(Sha256)]
    public void What_is_read_is_written_the_same(string value) => Assert.That(MsrpFingerprint.Parse(value).ToString(), Is.EqualTo(value));

    [Test]
    [Description("SDP-25")]
    public void Lower_case_digits_and_upper_case_functions_are_read_and_not_written()
    {
        var read = MsrpFingerprint.Parse("SHA-1 4a:ad:b9:b1:3f:82:18:3b:54:02:12:df:3e:5d:49:6b:19:e5:7c:ab");

        Assert.That(read.ToString(), Is.EqualTo(Sha1));
        Assert.That(read, Is.EqualTo(MsrpFingerprint.Parse(Sha1)));
        Assert.That(read.GetHashCode(), Is.EqualTo(MsrpFingerprint.Parse(Sha1).GetHashCode()));
        Assert.That(read.HashFunction, Is.EqualTo("sha-1"));
        Assert.That(read.Octets[0], Is.EqualTo(0x4A));
    }

    [TestCase("md5 4A:AD:B9:B1:3F:82:18:3B:54:02:12:DF:3E:5D:49:6B")]
    [TestCase("MD2 4A:AD:B9:B1:3F:82:18:3B:54:02:12:DF:3E:5D:49:6B")]
    [TestCase("sha-224 4A:AD:B9:B1:3F:82:18:3B:54:02:12:DF:3E:5D:49:6B:19:E5:7C:AB:4A:AD:B9:B1:3F:82:18:3B")]
    [TestCase("sha-1")]
    [TestCase("sha-1 ")]
    [TestCase("sha-1 4A:AD")]
    [TestCase(Sha1 + ":")]
    [TestCase(Sha1 + ":00")]
    [TestCase(" " + Sha1)]
    [TestCase("sha-1  4A:AD:B9:B1:3F:82:18:3B:54:02:12:DF:3E:5D:49:6B:19:E5:7C:AB")]
    [TestCase("sha-1 4A-AD-B9-B1-3F-82-18-3B-54-02-12-DF-3E-5D-49-6B-19-E5-7C-AB")]
    [TestCase("sha-1 4G:AD:B9:B1:3F:82:18:3B:54:02:12:DF:3E:5D:49:6B:19:E5:7C:AB")]
    [TestCase("sha-1 4AADB9B13F82183B540212DF3E5D496B19E57CAB")]
    [TestCase("")]
    [TestCase(null)]
    [Description("SDP-25")]
    public void Anything_else_is_none(string? value)
    {
        Assert.That(MsrpFingerprint.TryParse(value, out var none), Is.False);
        Assert.That(none, Is.Null);
    }

    [Test]
    public void Parse_says_what_it_could_not_read() =>
        Assert.That(() => MsrpFingerprint.Parse("md5 00"), Throws.InstanceOf<FormatException>().With.Message.Contains("'md5 00'"));

    [TestCase("SHA256", "sha-256")]
    [TestCase("SHA384", "sha-384")]
    [TestCase("SHA512", "sha-512")]
    public void A_certificate_matches_its_own_fingerprint_and_no_other(string algorithm, string function)
    {
        using var certificate = Authority.Issue("dns:push.example.com");
        using var other = Authority.Issue("dns:push.example.com");

        var fingerprint = MsrpFingerprint.Of(certificate, new HashAlgorithmName(algorithm));

        Assert.That(fingerprint.HashFunction, Is.EqualTo(function));
        Assert.That(fingerprint.Octets.ToArray(), Is.EqualTo(certificate.GetCertHash(new HashAlgorithmName(algorithm))));
        Assert.That(MsrpFingerprint.Parse(fingerprint.ToString()).Matches(certificate), Is.True);
        Assert.That(fingerprint.Matches(other), Is.False);
    }

    [TestCase("SHA1")]
    [TestCase("MD5")]
    [Description("SDP-25")]
    public void None_is_made_by_a_weak_function(string algorithm)
    {
        using var certificate = Authority.Issue();

        Assert.That(() => MsrpFingerprint.Of(certificate, new HashAlgorithmName(algorithm)), Throws.ArgumentException);
    }

    [Test]
    [Description("SDP-26")]
    public void Of_several_functions_only_the_strongest_counts()
    {
        using var right = Authority.Issue();
        using var wrong = Authority.Issue();
        var (strong, weak) = (MsrpFingerprint.Of(right, HashAlgorithmName.SHA512), MsrpFingerprint.Of(wrong, HashAlgorithmName.SHA256));
        var identity = new MsrpPeerIdentity([weak, strong]);

        Assert.That(identity.RefusalOf(right, chainFault: null, host: null), Is.Null);
        Assert.That(identity.RefusalOf(wrong, chainFault: null, host: null), Is.Not.Null);
    }

    [Test]
    [Description("SDP-26")]
    public void Of_several_fingerprints_by_one_function_any_will_do()
    {
        using var one = Authority.Issue();
        using var other = Authority.Issue();
        var identity = new MsrpPeerIdentity([MsrpFingerprint.Of(one, HashAlgorithmName.SHA256), MsrpFingerprint.Of(other, HashAlgorithmName.SHA256)]);

        Assert.That(identity.RefusalOf(one, chainFault: "unknown", host: null), Is.Null);
        Assert.That(identity.RefusalOf(other, chainFault: "unknown", host: "push.example.com"), Is.Null);
    }

    [Test]
    [Description("SDP-26")]
    public void Nobody_matches_fingerprints_none_of_which_can_be_used()
    {
        using var certificate = Authority.Issue("dns:push.example.com");

        Assert.That(new MsrpPeerIdentity([]).RefusalOf(certificate, chainFault: null, "push.example.com"), Is.Not.Null);
    }

    [Test]
    public void A_far_end_that_has_announced_a_fingerprint_does_not_come_over_TCP()
    {
        var link = new MsrpLink(new NoPipe());

        Assert.That(new MsrpPeerIdentity([MsrpFingerprint.Parse(Sha256)]).Accepts(link, host: null), Is.False);
        Assert.That(MsrpPeerIdentity.ByName.Accepts(link, "push.example.com"), Is.True);
    }

    private sealed class NoPipe : IDuplexPipe
    {
        private readonly Pipe _pipe = new();

        public PipeReader Input => _pipe.Reader;

        public PipeWriter Output => _pipe.Writer;
    }
}
