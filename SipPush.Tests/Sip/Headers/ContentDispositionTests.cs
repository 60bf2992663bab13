using SipPush.Sip;

namespace SipPush.Tests.Sip.Headers;

public sealed class ContentDispositionTests
{
    [Description("SIP-03, SIP-04")]
    [TestCase("session", "session", true)]
    [TestCase("session;handling=required", "session;handling=required", true)]
    [TestCase("render ;\r\n Handling = Optional", "render; Handling = Optional", false)]
    [TestCase("attachment; filename=smime.p7s; handling=other", "attachment; filename=smime.p7s; handling=other", true)]
    public void A_body_is_required_unless_it_is_optional(string text, string written, bool required)
    {
        Assert.That(ContentDisposition.TryParse(text, out var disposition));
        Assert.That(disposition.ToString(), Is.EqualTo(written));
        Assert.That(disposition.IsRequired, Is.EqualTo(required));
    }

    [TestCase("")]
    [TestCase(";handling=optional")]
    [TestCase("by reference")]
    public void Anything_else_is_none(string text) => Assert.That(ContentDisposition.TryParse(text, out _), Is.False);
}
