using SipPush.Sip;

namespace SipPush.Tests.Sip.Headers;

public sealed class TokenValueTests
{
    [Description("SIP-03, SIP-04")]
    [TestCase("gzip", "gzip", 1)]
    [TestCase("identity; q=0.5", "identity; q=0.5", 0.5)]
    [TestCase(" en-gb\r\n ;q = 0.8 ", "en-gb;q = 0.8", 0.8)]
    [TestCase("*;q=0", "*;q=0", 0)]
    [TestCase("da;q=1.000", "da;q=1.000", 1)]
    [TestCase("da;q=1.1", "da;q=1.1", 1)]
    [TestCase("da;q=high", "da;q=high", 1)]
    [TestCase("IEEE-802.11;i-wlan-node-id=00112233;x=\";q=0\"", "IEEE-802.11;i-wlan-node-id=00112233;x=\";q=0\"", 1)]
    public void A_token_has_a_preference_and_parameters(string text, string written, double q)
    {
        Assert.That(TokenValue.TryParse(text, out var value));
        Assert.That(value.ToString(), Is.EqualTo(written));
        Assert.That(value.Q, Is.EqualTo(q).Within(1e-9));
    }

    [TestCase("")]
    [TestCase(";q=1")]
    [TestCase("gz ip")]
    [TestCase("gzip, deflate")]
    [TestCase("gzip;x=\"")]
    public void Anything_else_is_none(string text) => Assert.That(TokenValue.TryParse(text, out _), Is.False);
}
