using SipPush.Sip;

namespace SipPush.Tests.Sip.Authentication;

/// <summary>SIP-73: the stored vectors.</summary>
public sealed class DigestCalculatorTests
{
    // RFC 7616 §3.9.1
    [TestCase("MD5", "8ca523f5e9506fed4657c9700eebdbec")]
    [TestCase("SHA-256", "753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1")]
    public void The_example_of_RFC_7616_comes_out(string algorithm, string expected) =>
        Assert.That(
            Respond(
                algorithm, "Mufasa", "http-auth@example.org", "Circle of Life", "GET", "/dir/index.html",
                "7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v", "f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ", "auth"),
            Is.EqualTo(expected));

    // The inputs of RFC 7616 §3.9.2, whose printed result is of another hash: see Sha512Truncated256Tests. Computed with Python's hashlib.
    [Test]
    public void The_example_with_a_hashed_user_name_comes_out() =>
        Assert.That(
            Respond(
                "SHA-512-256", "J\u00E4s\u00F8n Doe", "api@example.org", "Secret, or not?", "GET", "/doe.json",
                "5TsQWLVdgBdmrQ0XsxbDODV+57QdFR34I9HAbC/RVvkK", "NTg6RKcb9boFIAS3KrFK9BGeh+iDa/sm6jUMp2wds69v", "auth"),
            Is.EqualTo("3798d4131c277846293534c3edc11bd8a5e4cdcbff78b05db9d95eeb1cec68a5"));

    // Computed with Python's hashlib; the body is "Hello, world".
    [TestCase("MD5", "auth", "bf444003280518e2b5310a66b588573c")]
    [TestCase("MD5", "auth-int", "f4786d35d1837ff35ead3dae2482626f")]
    [TestCase("MD5", null, "54c6e116aff08bee87de6777ba6617bf")]
    [TestCase("SHA-256", "auth", "e803c31aa7e70511c64825cd1ef4e5ed8b0b386bd7144420f2e2384d7ace5ae5")]
    [TestCase("SHA-256", "auth-int", "c99d232db8a4ec206a27b7cf546fbb9329e8bf49d27a6db5ca11be7244253d20")]
    [TestCase("SHA-256", null, "f9c2c31cbb9ecb8a1da17ec2ecc942856a095b9f627f35dc7272b8215cb1565c")]
    [TestCase("SHA-512-256", "auth", "2fd33a805e3f2ed35e20cf865dd6e4b1deb634b38114622a99db3d02c7403d4f")]
    [TestCase("SHA-512-256", "auth-int", "19c16f8403adbc9db8ca1366f3bd3a881e5d462b64cb7bb3956bc9737d121f91")]
    [TestCase("SHA-512-256", null, "43919145993141457bdc03d0a4b56161d3d64a4f16d54bc6c9933fe47651ae55")]
    [TestCase("MD5-sess", "auth", "1d93e6c1efcd69cdf3585b3dba689c5a")]
    [TestCase("MD5-sess", "auth-int", "4280f48b9f084fbf0785fde3ddc2265e")]
    [TestCase("SHA-256-sess", "auth", "4b5cdb1193729772dd8c03a34bdae69e437c12de0c0657d10f237f88930da04b")]
    [TestCase("SHA-256-sess", "auth-int", "176acfde287e68e6d81d8a79954712f0fa86bbb273380db96685fb13b2f6e967")]
    [TestCase("SHA-512-256-sess", "auth", "3e0025076eabf71bd904485455e0f042c7518f4ab0a1644593b2702ab6ce7f8c")]
    [TestCase("SHA-512-256-sess", "auth-int", "3dff1e3e96114490104ac7889148f543db58c320da30a206884ef8509800b20f")]
    public void Each_algorithm_comes_out_with_each_qop(string algorithm, string? qop, string expected) =>
        Assert.That(Registration(algorithm, qop, "Hello, world"), Is.EqualTo(expected));

    // RFC 8760 §2.6 point 7. Computed with Python's hashlib.
    [Test]
    public void An_absent_body_is_an_empty_one() =>
        Assert.That(Registration("SHA-256", "auth-int", ""), Is.EqualTo("111cdc00eca788df1c0a1f2e50812a283a8259c0df37636d820adb613cd0d5f3"));

    // The user and nonce of RFC 2617 §3.5; the expected value was computed apart from this code.
    [Test]
    public void Without_qop_only_the_nonce_stands_between() =>
        Assert.That(
            Respond("MD5", "Mufasa", "testrealm@host.com", "Circle Of Life", "GET", "/dir/index.html", "dcd98b7102dd2f0e8b11d0f600bfb0c093"),
            Is.EqualTo("670fd8c2df070c60b045671b8b24ff02"));

    [Test]
    public void Long_text_needs_no_stack() =>
        Assert.That(Respond("SHA-512-256", "bob", "r", "p", "M", new string('u', 100_000), "n"), Has.Length.EqualTo(64));

    [TestCase("0a1b", "0a1b", true)]
    [TestCase("0a1b", "0A1B", true)]
    [TestCase("0a1b", "0a1c", false)]
    [TestCase("0a1b", "0a1", false)]
    [TestCase("0a1b", "0a1b0", false)]
    [TestCase("0a1b", "0a1\u00E9", false)]
    [TestCase("0a1b", "", false)]
    public void Hashes_are_compared_without_regard_to_case(string expected, string given, bool same) =>
        Assert.That(DigestCalculator.AreSame(expected, given), Is.EqualTo(same));

    private static string Registration(string algorithm, string? qop, string body) => Respond(
        algorithm, "bob", "domain.com", "zanzibar", "REGISTER", "sip:registrar.domain.com", "84a4cc6f3082121f32b42a2187831a9e", "0a4f113b", qop, body);

    private static string Respond(
        string name, string user, string realm, string password, string method, string uri, string nonce, string? cnonce = null, string? qop = null, string body = "")
    {
        var algorithm = DigestAlgorithms.Read(name)!.Value;
        var credentials = new DigestCredentials
        {
            UserName = user,
            Realm = realm,
            Nonce = nonce,
            Uri = uri,
            Response = "",
            Cnonce = cnonce,
            Qop = qop,
            NonceCount = qop is null ? null : 1,
        };
        return DigestCalculator.ComputeResponse(algorithm, DigestCalculator.HashSecret(algorithm, user, realm, password), method, credentials, Wire.Raw(body));
    }
}
