using System.Text;
using SipPush.Sip;

namespace SipPush.Tests.Sip.Authentication;

/// <summary>Challenges and credentials on the wire (SIP-73; RFC 3261 §25.1).</summary>
public sealed class DigestParsingTests
{
    [Test]
    public void A_challenge_is_read_with_all_its_parameters()
    {
        var read = DigestChallenge.TryParse(
            "digest\trealm = \"a \\\"b\\\\c\" ,, NONCE=\"n,=\",opaque=\"\", algorithm=SHA-256,qop=\"auth, auth-int\",\r\n stale=TRUE, domain=\"sip:a sip:b\", new=\"x\", other=y,"u8,
            out var challenge);

        Assert.That(read, Is.True);
        Assert.That((challenge!.Realm, challenge.Nonce, challenge.Opaque, challenge.Domain), Is.EqualTo(("a \"b\\c", "n,=", "", "sip:a sip:b")));
        Assert.That((challenge.Algorithm, challenge.Stale, challenge.IsSupported), Is.EqualTo(((DigestAlgorithm?)DigestAlgorithm.Sha256, true, true)));
        Assert.That(challenge.Qop, Is.EqualTo(new[] { "auth", "auth-int" }));
    }

    [TestCase("Digest realm=\"r\",nonce=\"n\"", DigestAlgorithm.Md5, true)]
    [TestCase("Digest realm=\"r\",nonce=\"n\",algorithm=md5,qop=auth", DigestAlgorithm.Md5, true)]
    [TestCase("Digest realm=\"r\",nonce=\"n\",algorithm=\"MD5\"", DigestAlgorithm.Md5, true)]
    [TestCase("Digest realm=\"r\",nonce=\"n\",qop=\"auth-int\"", DigestAlgorithm.Md5, true)]
    [TestCase("Digest realm=\"r\",nonce=\"n\",qop=\"new\"", DigestAlgorithm.Md5, false)]
    [TestCase("Digest realm=\"r\",nonce=\"n\",qop=\"auth\",algorithm=sha-512-256-SESS", DigestAlgorithm.Sha512Truncated256Session, true)]
    [TestCase("Digest realm=\"r\",nonce=\"n\",algorithm=MD5-sess", DigestAlgorithm.Md5Session, false)]
    [TestCase("Digest realm=\"r\",nonce=\"n\",algorithm=AKAv1-MD5", null, false)]
    public void What_is_not_supported_is_read_all_the_same(string value, DigestAlgorithm? algorithm, bool supported)
    {
        Assert.That(DigestChallenge.TryParse(Encoding.UTF8.GetBytes(value), out var challenge), Is.True);
        Assert.That((challenge!.Algorithm, challenge.IsSupported), Is.EqualTo((algorithm, supported)));
    }

    [TestCase("")]
    [TestCase("Digest")]
    [TestCase("Digest ")]
    [TestCase("Basic realm=\"r\"")]
    [TestCase("Digestrealm=\"r\",nonce=\"n\"")]
    [TestCase("Digest realm=\"r\"")]
    [TestCase("Digest nonce=\"n\"")]
    [TestCase("Digest realm=\"r\",nonce=\"n")]
    [TestCase("Digest realm=\"r\",nonce=\"n\\\"")]
    [TestCase("Digest realm=\"r\",nonce=\"n\\")]
    [TestCase("Digest realm=\"r\" nonce=\"n\"")]
    [TestCase("Digest realm=\"r\",nonce=\"n\",opaque")]
    [TestCase("Digest realm=\"r\",nonce=\"n\",opaque=")]
    [TestCase("Digest realm=\"r\",nonce=\"n\",=x")]
    [TestCase("Digest realm=\"r\",nonce=\"n\"x")]
    [TestCase("Digest realm=\"r\",nonce=\"n\",nonce=\"m\"")]
    [TestCase("Digest realm=\"r\0\",nonce=\"n\"")]
    [TestCase("Digest realm=\"r\r\n\",nonce=\"n\"")]
    [TestCase("Digest realm=\"r\\\n\",nonce=\"n\"")]
    [TestCase("Digest realm=\"r\",nonce=\"n\",qop=\"a b\"")]
    public void What_is_no_challenge_is_refused(string value)
    {
        Assert.That(DigestChallenge.TryParse(Encoding.UTF8.GetBytes(value), out var challenge), Is.False);
        Assert.That(challenge, Is.Null);
    }

    [Test]
    public void Octets_that_are_not_utf_8_are_refused() =>
        Assert.That(DigestChallenge.TryParse([.. "Digest nonce=\"n\",realm=\""u8, 0xFF, (byte)'"'], out _), Is.False);

    [Test]
    public void There_is_a_limit_to_length_and_to_parameters()
    {
        var many = "Digest realm=\"r\",nonce=\"n\"" + string.Concat(Enumerable.Repeat(",x=y", 30));
        var longest = $"Digest realm=\"r\",nonce=\"{new string('n', 8192 - 25)}\"";

        Assert.That(DigestChallenge.TryParse(Encoding.UTF8.GetBytes(many), out _), Is.True);
        Assert.That(DigestChallenge.TryParse(Encoding.UTF8.GetBytes(many + ",x=y"), out _), Is.False);
        Assert.That(DigestChallenge.TryParse(Encoding.UTF8.GetBytes(longest), out _), Is.True);
        Assert.That(DigestChallenge.TryParse(Encoding.UTF8.GetBytes(longest + " "), out _), Is.False);
    }

    [Test]
    public void A_challenge_is_written_and_read_back()
    {
        var challenge = new DigestChallenge { Realm = "a \"b\" \\", Nonce = "n", Opaque = "o", AlgorithmName = "SHA-256", Qop = ["auth"], Stale = true };

        Assert.That(challenge.ToString(), Is.EqualTo(
            "Digest realm=\"a \\\"b\\\" \\\\\", nonce=\"n\", opaque=\"o\", stale=true, algorithm=SHA-256, qop=\"auth\""));
        Assert.That(DigestChallenge.TryParse(Encoding.UTF8.GetBytes(challenge.ToString()), out var read), Is.True);
        Assert.That(read!.Realm, Is.EqualTo(challenge.Realm));
    }

    [Test]
    public void Credentials_are_written_and_read_back()
    {
        var credentials = new DigestCredentials
        {
            UserName = "b\"ob",
            Realm = "größe",
            Nonce = "n",
            Uri = "sip:example.com",
            Response = "0123",
            AlgorithmName = "MD5",
            Cnonce = "c",
            Opaque = "o",
            Qop = "auth",
            NonceCount = 26,
        };

        Assert.That(credentials.ToString(), Is.EqualTo(
            "Digest username=\"b\\\"ob\", realm=\"größe\", nonce=\"n\", uri=\"sip:example.com\", response=\"0123\", algorithm=MD5, cnonce=\"c\", opaque=\"o\", qop=auth, nc=0000001a"));
        Assert.That(DigestCredentials.TryParse(Encoding.UTF8.GetBytes(credentials.ToString()), out var read), Is.True);
        Assert.That(read!.ToString(), Is.EqualTo(credentials.ToString()));
    }

    [TestCase("nc=1, qop=auth, cnonce=\"c\"")]
    [TestCase("nc=0000000g, qop=auth, cnonce=\"c\"")]
    [TestCase("nc=00000001, qop=auth")]
    [TestCase("qop=auth, cnonce=\"c\"")]
    [TestCase("response=\"1\"")]
    [TestCase("uri=\"sip:other\"")]
    public void What_are_no_credentials_is_refused(string more)
    {
        var value = $"Digest username=\"u\", realm=\"r\", nonce=\"n\", uri=\"sip:x\", response=\"0\", {more}";

        Assert.That(DigestCredentials.TryParse(Encoding.UTF8.GetBytes(value), out _), Is.False);
    }

    // RFC 7616 §3.5
    [Test]
    public void Information_on_the_next_nonce_is_written_and_read_back()
    {
        var info = new AuthenticationInfo { NextNonce = "n\"", Qop = "auth-int", ResponseAuth = "0a", Cnonce = "c", NonceCount = 10 };

        Assert.That(info.ToString(), Is.EqualTo("nextnonce=\"n\\\"\", qop=auth-int, rspauth=\"0a\", cnonce=\"c\", nc=0000000a"));
        Assert.That(AuthenticationInfo.TryParse(Encoding.UTF8.GetBytes(info.ToString()), out var read), Is.True);
        Assert.That(read, Is.EqualTo(info));
    }

    [TestCase("")]
    [TestCase(" , ")]
    [TestCase("nextnonce")]
    [TestCase("nextnonce=\"a\", nextnonce=\"b\"")]
    [TestCase("nc=1")]
    [TestCase("nc=0000000A")]
    [TestCase("qop=\"a b\"")]
    public void What_is_no_information_is_refused(string value) =>
        Assert.That(AuthenticationInfo.TryParse(Encoding.UTF8.GetBytes(value), out _), Is.False);

    [Test]
    public void A_name_that_is_sent_as_a_hash_says_so()
    {
        var credentials = new DigestCredentials { UserName = "00", Realm = "r", Nonce = "n", Uri = "u", Response = "0", UserHash = true };

        Assert.That(credentials.ToString(), Does.EndWith(", userhash=true"));
        Assert.That(DigestCredentials.TryParse(Encoding.UTF8.GetBytes(credentials.ToString()), out var read) && read.UserHash, Is.True);
    }

    [TestCase("a\rb")]
    [TestCase("a\nb")]
    [TestCase("a\0b")]
    public void What_would_break_the_field_is_refused_by_name(string text)
    {
        Assert.That(() => new DigestChallenge { Realm = text, Nonce = "n" }, Throws.ArgumentException.With.Property("ParamName").EqualTo("Realm"));
        Assert.That(() => new DigestChallenge { Realm = "r", Nonce = "n", Qop = [text] }, Throws.ArgumentException.With.Property("ParamName").EqualTo("Qop"));
        Assert.That(
            () => new DigestCredentials { UserName = text, Realm = "r", Nonce = "n", Uri = "u", Response = "0" },
            Throws.ArgumentException.With.Property("ParamName").EqualTo("UserName"));
    }

    [Test]
    public void A_password_is_not_printed() =>
        Assert.That(new SipCredential("bob", "zanzibar", "r").ToString(), Is.EqualTo("bob in r"));
}
