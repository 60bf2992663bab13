using SipPush.Sip;

namespace SipPush.Tests.Sip.Headers;

public sealed class RAckTests
{
    [Description("RFC 3262 §7.2")]
    [TestCase("776656 1 INVITE", 776656u, 1u, "INVITE")]
    [TestCase("4294967295\r\n 2147483647\t INVITE", uint.MaxValue, 2147483647u, "INVITE")]
    [TestCase("1 0 invite", 1u, 0u, "invite")]
    public void Two_numbers_and_a_method(string text, uint response, uint number, string method)
    {
        Assert.That(RAck.TryParse(text, out var rack));
        Assert.That(rack, Is.EqualTo(new RAck(response, new CSeq(number, new SipMethod(method)))));
        Assert.That(rack.ToString(), Is.EqualTo($"{response} {number} {method}"));
    }

    [TestCase("")]
    [TestCase("1")]
    [TestCase("1 1")]
    [TestCase("1 INVITE")]
    [TestCase("0 1 INVITE")]
    [TestCase("4294967296 1 INVITE")]
    [TestCase("1 2147483648 INVITE")]
    [TestCase("1 1 INVITE 1")]
    [TestCase("-1 1 INVITE")]
    [TestCase(" 1 1 INVITE")]
    public void Anything_else_is_none(string text) => Assert.That(RAck.TryParse(text, out _), Is.False);
}
