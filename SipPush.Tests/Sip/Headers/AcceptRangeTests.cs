using SipPush.Sip;

namespace SipPush.Tests.Sip.Headers;

public sealed class AcceptRangeTests
{
    [Description("SIP-03, SIP-04")]
    [TestCase("application/sdp", "application/sdp", 1, "application/sdp", "application/pidf+xml")]
    [TestCase("text / *\r\n ; q=0.4", "text/*; q=0.4", 0.4, "TEXT/html;level=1", "image/png")]
    [TestCase("*/*;q=0.1", "*/*;q=0.1", 0.1, "image/png", null)]
    [TestCase("text/html;level=1", "text/html;level=1", 1, "Text/HTML", "text/plain")]
    public void A_range_includes_types(string text, string written, double q, string inside, string? outside)
    {
        Assert.That(AcceptRange.TryParse(text, out var range));
        Assert.That((range.ToString(), range.Q), Is.EqualTo((written, q)));

        Assert.That(MediaType.TryParse(inside, out var type));
        Assert.That(range.Includes(type));
        Assert.That(outside is not null && MediaType.TryParse(outside, out var other) && range.Includes(other), Is.False);
    }

    [TestCase("")]
    [TestCase("text")]
    [TestCase("*/html")]
    [TestCase("text/html text/plain")]
    public void Anything_else_is_none(string text) => Assert.That(AcceptRange.TryParse(text, out _), Is.False);
}
