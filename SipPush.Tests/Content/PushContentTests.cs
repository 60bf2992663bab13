using SipPush;

namespace SipPush.Tests.Content;

/// <summary>PUSH-22: content of any type is carried unchanged.</summary>
public sealed class PushContentTests
{
    [Test]
    public void Text_is_sent_as_utf_8()
    {
        var content = PushContent.FromText("Tee für zwei");

        Assert.That(content.ContentType, Is.EqualTo("text/plain;charset=utf-8"));
        Assert.That(content.Bytes.ToArray(), Is.EqualTo("Tee für zwei"u8.ToArray()));
    }

    [Test]
    public void Octets_are_the_callers_own()
    {
        byte[] octets = [0, 1, 13, 10, 255];

        var content = PushContent.FromBytes(octets, "application/vnd.omaloc-supl-init");
        octets[0] = 9;

        Assert.That(content.Bytes.Span[0], Is.EqualTo(9));
    }

    [TestCase("")]
    [TestCase("text")]
    [TestCase("text/")]
    [TestCase("/plain")]
    [TestCase("te xt/plain")]
    [TestCase("text/plain\r\nX-Other: 1")]
    [TestCase("text/plain;a=\0")]
    public void What_is_no_media_type_is_refused(string contentType) =>
        Assert.That(() => PushContent.FromBytes(default, contentType), Throws.ArgumentException.With.Property("ParamName").EqualTo("contentType"));

    [TestCase("text/plain;charset=iso-8859-1")]
    [TestCase("text/plain; Charset=\"us-ascii\"")]
    public void Text_is_not_sent_under_a_charset_it_is_not_in(string contentType) =>
        Assert.That(() => PushContent.FromText("größer", contentType), Throws.ArgumentException);

    [Test]
    public void Ascii_text_may_be_called_so() =>
        Assert.That(PushContent.FromText("larger", "text/plain;charset=us-ascii").Bytes.Length, Is.EqualTo(6));

    [Test]
    public void Half_a_surrogate_pair_is_refused() =>
        Assert.That(() => PushContent.FromText("\uD83D"), Throws.ArgumentException);
}
