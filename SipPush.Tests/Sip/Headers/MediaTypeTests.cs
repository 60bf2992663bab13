using SipPush.Sip;

namespace SipPush.Tests.Sip.Headers;

public sealed class MediaTypeTests
{
    [Description("SIP-03")]
    [TestCase("application/vnd.oma.push", "application/vnd.oma.push", null)]
    [TestCase("Text / Plain ; charset = UTF-8", "text/plain", "UTF-8")]
    [TestCase("text/plain;x=\"a/b;charset=no\";Charset=\"utf-8\"", "TEXT/PLAIN", "utf-8")]
    [TestCase("*/*", "*/*", null)]
    public void A_media_type_has_two_names_and_parameters(string text, string type, string? charset)
    {
        Assert.That(MediaType.TryParse(text, out var mediaType));
        Assert.That(mediaType.Is(type));
        Assert.That(mediaType.Is(type + "x"), Is.False);
        Assert.That(mediaType.Parameters.Get("charset"), Is.EqualTo(charset));
    }

    [TestCase("")]
    [TestCase("text")]
    [TestCase("text/")]
    [TestCase("/plain")]
    [TestCase("text/pl ain")]
    [TestCase("text/plain/x")]
    [TestCase(";charset=utf-8")]
    [TestCase("\"text/plain\"")]
    public void Anything_else_is_none(string text) => Assert.That(MediaType.TryParse(text, out _), Is.False);
}
