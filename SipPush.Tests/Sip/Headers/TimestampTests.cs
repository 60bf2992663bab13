using SipPush.Sip;

namespace SipPush.Tests.Sip.Headers;

public sealed class TimestampTests
{
    [Description("SIP-04")]
    [TestCase("54", "54", null)]
    [TestCase("0054.210", "0054.210", null)]
    [TestCase("54.", "54.", null)]
    [TestCase(" 54.21\r\n 0.5 ", "54.21 0.5", 500)]
    [TestCase("54 .25", "54 0.25", 250)]
    [TestCase("54 2", "54 2", 2000)]
    [TestCase("54 1.", "54 1", 1000)]
    [TestCase("54 0.00049999999999", "54 0", 0.4999)]
    public void A_moment_is_kept_as_it_stands_and_a_delay_is_read(string text, string written, double? milliseconds)
    {
        Assert.That(Timestamp.TryParse(text, out var timestamp));
        Assert.That(timestamp.ToString(), Is.EqualTo(written));
        Assert.That(timestamp.Delay?.TotalMilliseconds, Is.EqualTo(milliseconds));
    }

    [TestCase("")]
    [TestCase(".5")]
    [TestCase("5.5.5")]
    [TestCase("-5")]
    [TestCase("5 -1")]
    [TestCase("5 1 1")]
    [TestCase("5 99999999999")]
    [TestCase("now")]
    public void Anything_else_is_none(string text) => Assert.That(Timestamp.TryParse(text, out _), Is.False);

    [Test]
    public void A_response_gives_the_moment_back_with_its_own_delay()
    {
        Assert.That(Timestamp.TryParse("54.210", out var asked));
        Assert.That((asked with { Delay = TimeSpan.FromMilliseconds(1234.4) }).ToString(), Is.EqualTo("54.210 1.234"));
    }
}
