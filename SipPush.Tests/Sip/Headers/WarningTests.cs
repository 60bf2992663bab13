using SipPush.Sip;

namespace SipPush.Tests.Sip.Headers;

public sealed class WarningTests
{
    // RFC 3261 §20.43.
    [Description("SIP-04")]
    [TestCase("307 isi.edu \"Session parameter 'foo' not understood\"", "307 isi.edu \"Session parameter 'foo' not understood\"", 307, "isi.edu", "Session parameter 'foo' not understood")]
    [TestCase(" 301\r\n [2001:db8::1]:5060 \"a \\\"b\\\"\" ", "301 [2001:db8::1]:5060 \"a \\\"b\\\"\"", 301, "[2001:db8::1]:5060", "a \"b\"")]
    [TestCase("399 pseudo~nym \"\"", "399 pseudo~nym \"\"", 399, "pseudo~nym", "")]
    public void A_warning_is_a_code_an_agent_and_words(string value, string written, int code, string agent, string text)
    {
        Assert.That(Warning.TryParse(value, out var warning));
        Assert.That((warning.ToString(), warning.Code, warning.Agent.ToString(), warning.Text.ToString()), Is.EqualTo((written, code, agent, text)));
    }

    [TestCase("")]
    [TestCase("399")]
    [TestCase("399 isi.edu")]
    [TestCase("399 isi.edu text")]
    [TestCase("399 \"text\"")]
    [TestCase("1812 overture \"In Progress\"", Description = "RFC 4475 §3.1.2.5")]
    [TestCase("39 isi.edu \"text\"")]
    [TestCase("399 i<s>i \"text\"")]
    [TestCase("399 isi.edu \"text")]
    [TestCase("399 isi.edu \"text\" more")]
    public void Anything_else_is_none(string text) => Assert.That(Warning.TryParse(text, out _), Is.False);

    [Test]
    public void Several_stand_in_one_header()
    {
        var response = SipResponse.Parse(Wire.Raw("SIP/2.0 488 Not Acceptable Here\r\nWarning: 370 a \"x, y\", 399 b \"z\"\r\n\r\n"));

        Assert.That(response.Values(SipHeaderNames.Warning).Select(value => Warning.TryParse(value, out var warning) ? warning.Code : 0), Is.EqualTo([370, 399]));
    }
}
