using SipPush.Sip;

namespace SipPush.Tests.Sip.Headers;

public sealed class ReasonTests
{
    // RFC 3326 §2.
    [Description("SIP-03, SIP-04")]
    [TestCase("SIP ;cause=200 ;text=\"Call completed elsewhere\"", "SIP;cause=200 ;text=\"Call completed elsewhere\"", 200, "Call completed elsewhere")]
    [TestCase("Q.850 ;cause=16 ;text=\"Terminated\"", "Q.850;cause=16 ;text=\"Terminated\"", 16, "Terminated")]
    [TestCase("SIP;\r\n cause = 600", "SIP; cause = 600", 600, null)]
    [TestCase("preemption;text=\"a \\\"b\\\\\"", "preemption;text=\"a \\\"b\\\\\"", null, "a \"b\\")]
    [TestCase("SIP;cause=99999999999", "SIP;cause=99999999999", null, null)]
    public void A_reason_has_a_protocol_a_cause_and_a_text(string value, string written, int? cause, string? text)
    {
        Assert.That(Reason.TryParse(value, out var reason));
        Assert.That((reason.ToString(), reason.Cause, reason.Text), Is.EqualTo((written, cause, text)));
    }

    [TestCase("")]
    [TestCase(";cause=200")]
    [TestCase("SIP;text=\"open")]
    [TestCase("SIP cause=200")]
    public void Anything_else_is_none(string text) => Assert.That(Reason.TryParse(text, out _), Is.False);

    [Test]
    public void It_is_written_as_it_will_be_read()
    {
        Assert.That(Reason.Of("SIP", 580, "Precondition \"Failure\"").ToString(), Is.EqualTo("SIP;cause=580;text=\"Precondition \\\"Failure\\\"\""));
        Assert.That(Reason.Of("Q.850", 16).ToString(), Is.EqualTo("Q.850;cause=16"));
    }
}
