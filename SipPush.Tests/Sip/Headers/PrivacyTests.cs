using SipPush.Sip;

namespace SipPush.Tests.Sip.Headers;

public sealed class PrivacyTests
{
    [Description("SIP-03, SIP-04")]
    [TestCase("id", "id", true, false)]
    [TestCase("Header ; ID;\r\n critical", "Header;ID;critical", true, false)]
    [TestCase("none", "none", false, true)]
    [TestCase("user;history", "user;history", false, false)]
    public void Values_stand_between_semicolons(string text, string written, bool id, bool none)
    {
        Assert.That(Privacy.TryParse(text, out var privacy));
        Assert.That((privacy!.ToString(), privacy.Contains("id"u8), privacy.IsNone), Is.EqualTo((written, id, none)));
    }

    // Each at most once, and none alone (RFC 3323 §4.2, §4.3).
    [TestCase("")]
    [TestCase("id;")]
    [TestCase("id;;user")]
    [TestCase("id, user")]
    [TestCase("id;ID")]
    [TestCase("none;id")]
    [TestCase("none;critical")]
    public void Anything_else_is_none(string text) => Assert.That(Privacy.TryParse(text, out _), Is.False);
}
