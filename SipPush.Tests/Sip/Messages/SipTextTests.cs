using SipPush.Sip;

namespace SipPush.Tests.Sip.Messages;

public sealed class SipTextTests
{
    [TestCase("\"plain\"", "plain")]
    [TestCase("\"a \\\"b\\\" \\\\c\"", "a \"b\" \\c")]
    [TestCase("\"ends\\\"", "ends\\")]
    [TestCase("token", "token")]
    [TestCase("\"", "\"")]
    [TestCase("\"\"", "")]
    [TestCase("\"open", "\"open")]
    public void Unquote_undoes_quotes_and_escapes(string text, string plain) => Assert.That(SipText.From(text).Unquote().ToString(), Is.EqualTo(plain));

    [Description("SIP-04")]
    [TestCase("a\r\n b", "a b")]
    [TestCase("a \t\r\n\t b", "a b")]
    [TestCase("a\r\n \r\n b", "a b")]
    [TestCase("a\n b", "a b")]
    [TestCase("a\rb", "a b")]
    [TestCase("a  b", "a  b")]
    public void A_fold_reads_as_one_space(string text, string plain) => Assert.That(SipText.From(text).ToString(), Is.EqualTo(plain));

    [Test]
    public void Equality_is_octet_for_octet_and_case_is_asked_for()
    {
        Assert.That(SipText.From("abc") == "abc");
        Assert.That(SipText.From("abc") != "ABC");
        Assert.That(SipText.From("xabc").Slice(1, 3).GetHashCode(), Is.EqualTo(SipText.From("abc").GetHashCode()));
        Assert.That(SipText.From("abc").EqualsIgnoreCase("ABC"u8));
        Assert.That(SipText.From("a[c").EqualsIgnoreCase("a{c"u8), Is.False);
    }
}
