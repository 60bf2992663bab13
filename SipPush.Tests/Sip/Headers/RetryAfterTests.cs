using SipPush.Sip;

namespace SipPush.Tests.Sip.Headers;

public sealed class RetryAfterTests
{
    // RFC 3261 §20.33, and RFC 4475 for what is inside a comment.
    [Description("SIP-03, SIP-04")]
    [TestCase("18000;duration=3600", "18000;duration=3600", 18000, 3600, "")]
    [TestCase("120 (I'm in a meeting)", "120 (I'm in a meeting)", 120, null, "(I'm in a meeting)")]
    [TestCase(" 120(a;duration=1 (b\\) c) d)\r\n ; duration = 60 ", "120 (a;duration=1 (b\\) c) d); duration = 60", 120, 60, "(a;duration=1 (b\\) c) d)")]
    [TestCase("0", "0", 0, null, "")]
    public void Seconds_a_comment_and_a_duration(string text, string written, int seconds, int? duration, string comment)
    {
        Assert.That(RetryAfter.TryParse(text, out var retryAfter));
        Assert.That((retryAfter.ToString(), retryAfter.Delay.TotalSeconds, retryAfter.Comment.ToString()), Is.EqualTo((written, (double)seconds, comment)));
        Assert.That(retryAfter.Duration?.TotalSeconds, Is.EqualTo((double?)duration));
    }

    [TestCase("")]
    [TestCase("soon")]
    [TestCase("-1")]
    [TestCase("120 seconds")]
    [TestCase("120 (open")]
    [TestCase("120 (closed) again")]
    [TestCase("949302838503028349304023988")]
    public void Anything_else_is_none(string text) => Assert.That(RetryAfter.TryParse(text, out _), Is.False);

    [Test]
    public void It_is_written_in_whole_seconds() =>
        Assert.That(new RetryAfter(TimeSpan.FromSeconds(5.9), "(busy)").ToString(), Is.EqualTo("5 (busy)"));
}
