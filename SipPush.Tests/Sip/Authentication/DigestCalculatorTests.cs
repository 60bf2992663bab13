using SipPush.Sip;

namespace SipPush.Tests.Sip.Authentication;

/// <summary>SIP-73: the stored vectors.</summary>
public sealed class DigestCalculatorTests
{
    // RFC 7616 §3.9.1
    [TestCase(DigestAlgorithm.Md5, "8ca523f5e9506fed4657c9700eebdbec")]
    [TestCase(DigestAlgorithm.Sha256, "753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1")]
    public void The_example_of_RFC_7616_comes_out(DigestAlgorithm algorithm, string expected)
    {
        var response = DigestCalculator.ComputeResponse(
            algorithm, "Mufasa", "http-auth@example.org", "Circle of Life", "GET", "/dir/index.html",
            "7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v", "f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ", 1, DigestQop.Auth);

        Assert.That(response, Is.EqualTo(expected));
    }

    [TestCase(DigestAlgorithm.Md5, "bf444003280518e2b5310a66b588573c")]
    [TestCase(DigestAlgorithm.Sha256, "e803c31aa7e70511c64825cd1ef4e5ed8b0b386bd7144420f2e2384d7ace5ae5")]
    public void A_registration_with_qop_comes_out(DigestAlgorithm algorithm, string expected)
    {
        var response = DigestCalculator.ComputeResponse(
            algorithm, "bob", "domain.com", "zanzibar", "REGISTER", "sip:registrar.domain.com",
            "84a4cc6f3082121f32b42a2187831a9e", "0a4f113b", 1, DigestQop.Auth);

        Assert.That(response, Is.EqualTo(expected));
    }

    // The user and nonce of RFC 2617 §3.5; the expected value was computed apart from this code.
    [Test]
    public void Without_qop_only_the_nonce_stands_between()
    {
        var response = DigestCalculator.ComputeResponse(
            DigestAlgorithm.Md5, "Mufasa", "testrealm@host.com", "Circle Of Life", "GET", "/dir/index.html",
            "dcd98b7102dd2f0e8b11d0f600bfb0c093");

        Assert.That(response, Is.EqualTo("670fd8c2df070c60b045671b8b24ff02"));
    }

    [Test]
    public void Long_text_needs_no_stack()
    {
        var response = DigestCalculator.ComputeResponse(
            DigestAlgorithm.Sha256, "bob", "r", "p", "M", new string('u', 100_000), "n");

        Assert.That(response, Has.Length.EqualTo(64));
    }

    [Test]
    public void A_qop_asks_for_a_cnonce() =>
        Assert.That(
            () => DigestCalculator.ComputeResponse(DigestAlgorithm.Md5, "u", "r", "p", "M", "sip:x", "n", null, 1, DigestQop.Auth),
            Throws.ArgumentNullException);
}
