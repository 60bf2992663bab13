using SipPush.Sip;

namespace SipPush.Tests.Sip.Headers;

public sealed class CSeqTests
{
    [Description("SIP-03")]
    [TestCase("1826 REGISTER", 1826u, "REGISTER")]
    [TestCase("0009\r\n  INVITE", 9u, "INVITE")]
    [TestCase("1\n MESSAGE", 1u, "MESSAGE")]
    [TestCase("0\t \tnew!", 0u, "new!")]
    [TestCase("2147483647 ACK", 2147483647u, "ACK")]
    public void A_number_and_a_method(string text, uint number, string method)
    {
        Assert.That(CSeq.TryParse(text, out var cseq));
        Assert.That(cseq, Is.EqualTo(new CSeq(number, new SipMethod(method))));
        Assert.That(cseq.ToString(), Is.EqualTo($"{number} {method}"));
    }

    // From 2^31 on it is no sequence number (RFC 3261 §8.1.1.5).
    [TestCase("2147483648 ACK")]
    [TestCase("36893488147419103232 REGISTER")]
    [TestCase("-1 ACK")]
    [TestCase("1")]
    [TestCase("1ACK")]
    [TestCase("1 ")]
    [TestCase("ACK 1")]
    [TestCase("1 ACK 2")]
    [TestCase("")]
    public void Anything_else_is_none(string text) => Assert.That(CSeq.TryParse(text, out _), Is.False);
}
