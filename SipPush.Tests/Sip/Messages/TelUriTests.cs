using SipPush.Sip;

namespace SipPush.Tests.Sip.Messages;

public sealed class TelUriTests
{
    // RFC 3966 §6, and the torture test's number (RFC 4475 §3.1.1.2).
    [TestCase("tel:+1-201-555-0123", true, "+12015550123", "")]
    [TestCase("tel:7042;phone-context=example.com", false, "7042", "example.com")]
    [TestCase("tel:863-1234;phone-context=+1-914-555", false, "8631234", "+1-914-555")]
    [TestCase("tel:+358-555-1234567;postd=pp22", true, "+3585551234567", "")]
    [TestCase("TEL:*31#(a.b);phone-context=x;ext=1-2;isub=%20;flag", false, "*31#ab", "x")]
    public void A_number_is_global_or_has_a_context(string text, bool global, string digits, string context)
    {
        var uri = TelUri.Parse(text);

        Assert.That((uri.IsGlobal, uri.Digits, uri.PhoneContext.ToString(), uri.ToString()), Is.EqualTo((global, digits, context, text)));
    }

    [TestCase("")]
    [TestCase("tel:")]
    [TestCase("tel:+")]
    [TestCase("tel:+-.()")]
    [TestCase("tel:+1a")]
    [TestCase("tel:7042")]
    [TestCase("tel:g;phone-context=x")]
    [TestCase("tel:1 2;phone-context=x")]
    [TestCase("tel:+1;")]
    [TestCase("tel:+1;;ext=1")]
    [TestCase("tel:+1;=1")]
    [TestCase("tel:+1;ext=")]
    [TestCase("tel:+1;ext=1;EXT=2")]
    [TestCase("tel:+1;x=\"y\"")]
    [TestCase("sip:+1@example.com")]
    public void Anything_else_is_none(string text)
    {
        Assert.That(TelUri.TryParse(text, out _), Is.False);
        Assert.That(() => TelUri.Parse(text), Throws.TypeOf<FormatException>());
    }

    // RFC 3966 §4.
    [TestCase("tel:+1-201-555-0123", "tel:+1(201)555.0123", true)]
    [TestCase("tel:+12015550123;ext=1-2;x=A", "TEL:+12015550123;X=a;EXT=12", true)]
    [TestCase("tel:abc;phone-context=+1-914", "tel:A-B-C;phone-context=+1914", true)]
    [TestCase("tel:7042;phone-context=example.com", "tel:7042;phone-context=EXAMPLE.com", true)]
    [TestCase("tel:7042;phone-context=a-b.com", "tel:7042;phone-context=ab.com", false)]
    [TestCase("tel:+7042", "tel:7042;phone-context=x", false)]
    [TestCase("tel:+1", "tel:+1;ext=1", false)]
    [TestCase("tel:+1;x", "tel:+1;y", false)]
    [TestCase("tel:+1;x=1", "tel:+1;x=2", false)]
    public void Separators_case_and_order_do_not_count(string left, string right, bool equal)
    {
        TelUri one = TelUri.Parse(left), other = TelUri.Parse(right);
        Assert.That((one.Equals(other), other.Equals(one)), Is.EqualTo((equal, equal)));
        Assert.That(!equal || one.GetHashCode() == other.GetHashCode());

        // As URIs of any scheme they compare the same way.
        Assert.That(SipUri.Parse(left).Equals(SipUri.Parse(right)), Is.EqualTo(equal));
        Assert.That(!equal || SipUri.Parse(left).GetHashCode() == SipUri.Parse(right).GetHashCode());
    }
}
