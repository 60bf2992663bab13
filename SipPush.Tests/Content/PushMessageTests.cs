using System.Buffers;
using System.Text;
using SipPush;

namespace SipPush.Tests.Content;

public sealed class PushMessageTests
{
    private static PushMessageError Read(string body, bool lenient, out PushMessage? message) =>
        PushMessage.TryRead(Encoding.Latin1.GetBytes(body), lenient, out message);

    // PUSH-17
    [Test]
    public void Fields_content_and_their_order_are_read()
    {
        var body = Encoding.Latin1.GetBytes(
            "content-type: application/vnd.wap.mms-message\r\n" +
            "X-Wap-Application-Id: 4\r\n" +
            "X-Wap-Content-URI: http://example.com/c\r\n" +
            "X-Wap-Initiator-URI: http://example.com/i\r\n" +
            "Push-Flag: 132\r\n" +
            "Expires: Sun, 06 Nov 1994 08:49:37 GMT\r\n" +
            "X-Acme:kept\r\n" +
            "Content-Length: 4\r\n" +
            "\r\n" +
            "\0\r\n\xFF");

        var error = PushMessage.TryRead(body, lenient: false, out var message);

        Assert.That(error, Is.EqualTo(PushMessageError.None));
        Assert.That(message!.ContentType, Is.EqualTo("application/vnd.wap.mms-message"));
        Assert.That(message.ApplicationId, Is.EqualTo(PushApplicationId.Parse("mms.ua")));
        Assert.That(message.ContentUri, Is.EqualTo("http://example.com/c"));
        Assert.That(message.InitiatorUri, Is.EqualTo("http://example.com/i"));
        Assert.That(message.Flags, Is.EqualTo(PushFlags.LastPushMessage));
        Assert.That(message.Expires, Is.EqualTo(new DateTimeOffset(1994, 11, 6, 8, 49, 37, TimeSpan.Zero)));
        Assert.That(message.ContentLength, Is.EqualTo(4));
        Assert.That(message.Headers, Has.Count.EqualTo(8));
        Assert.That(message.Headers[6], Is.EqualTo(new PushHeader("X-Acme", "kept")));
        Assert.That(message.Content.ToArray(), Is.EqualTo(new byte[] { 0, 13, 10, 255 }));
        Assert.That(message.Content.Span.Overlaps(body), Is.True, "the content is a slice of the body");
    }

    // PUSH-17
    [Test]
    public void Only_the_content_type_has_to_be_there()
    {
        var error = Read("Content-Type: text/plain\r\n\r\n", lenient: false, out var message);

        Assert.That(error, Is.EqualTo(PushMessageError.None));
        Assert.That(message!.ApplicationId, Is.Null);
        Assert.That((message.ContentUri, message.Expires, message.ContentLength), Is.EqualTo(((string?)null, (DateTimeOffset?)null, (long?)null)));
        Assert.That((message.Flags, message.Content.Length), Is.EqualTo((PushFlags.None, 0)));
    }

    // PUSH-17
    [Test]
    public void The_envelope_is_written_as_fields_empty_line_and_content()
    {
        var message = new PushMessage("text/plain", "Hi"u8.ToArray(), [new PushHeader("X-Acme", " 1 ")])
        {
            ApplicationId = "mms.ua",
            ContentUri = "http://example.com/c",
            InitiatorUri = "http://example.com/i",
            Flags = PushFlags.ContentTrusted | (PushFlags)64,
            Expires = new DateTimeOffset(1994, 11, 6, 9, 49, 37, TimeSpan.FromHours(1)),
        };

        Assert.That(Encoding.Latin1.GetString(message.ToArray()), Is.EqualTo(
            "Content-Type: text/plain\r\n" +
            "X-Acme: 1\r\n" +
            "X-Wap-Application-Id: x-wap-application:mms.ua\r\n" +
            "X-Wap-Content-URI: http://example.com/c\r\n" +
            "X-Wap-Initiator-URI: http://example.com/i\r\n" +
            "Push-Flag: 2\r\n" +
            "Expires: Sun, 06 Nov 1994 08:49:37 GMT\r\n" +
            "\r\n" +
            "Hi"));
    }

    // PUSH-17
    [TestCase("")]
    [TestCase("\r\n")]
    [TestCase("\r\n\r\nContent-Type: image/png\r\n\r\n")]
    [TestCase("<xml/>")]
    [TestCase("\n \t\0\xFF\xFE")]
    public void Content_of_any_kind_comes_back_as_it_was(string content)
    {
        var octets = Encoding.Latin1.GetBytes(content);
        var written = new ArrayBufferWriter<byte>();
        new PushMessage("multipart/related; boundary=\"é\"", octets) { ApplicationId = "40000" }.WriteTo(written);

        foreach (var lenient in new[] { false, true })
        {
            var error = PushMessage.TryRead(written.WrittenMemory, lenient, out var message);

            Assert.That(error, Is.EqualTo(PushMessageError.None));
            Assert.That(message!.Content.ToArray(), Is.EqualTo(octets));
            Assert.That(message.ContentType, Is.EqualTo("multipart/related; boundary=\"é\""));
            Assert.That(message.ApplicationId!.Number, Is.EqualTo(40000));
            Assert.That(message.ToArray(), Is.EqualTo(written.WrittenSpan.ToArray()));
        }
    }

    // PUSH-18
    [TestCase("<?xml version=\"1.0\"?><si/>")]
    [TestCase(" \r\n\t<si/>")]
    public void Bare_xml_is_content_when_lenient(string body)
    {
        var error = Read(body, lenient: true, out var message);

        Assert.That(error, Is.EqualTo(PushMessageError.None));
        Assert.That(message!.ContentType, Is.EqualTo("text/xml"));
        Assert.That(message.ApplicationId, Is.Null);
        Assert.That(Encoding.Latin1.GetString(message.Content.Span), Is.EqualTo(body));
        Assert.That(Read(body, lenient: false, out _), Is.Not.EqualTo(PushMessageError.None));
    }

    // PUSH-19
    [TestCase("X-Wap-Application-Id: 4\r\n\r\nx")]
    [TestCase("Content-Type:\r\n\r\nx")]
    [TestCase("\r\nx")]
    public void Without_a_content_type_it_is_no_push_message(string body)
    {
        Assert.That(Read(body, lenient: false, out var message), Is.EqualTo(PushMessageError.MissingContentType));
        Assert.That(Read(body, lenient: true, out _), Is.EqualTo(PushMessageError.MissingContentType));
        Assert.That(message, Is.Null);
    }

    [TestCase("", PushMessageError.Empty)]
    [TestCase("Content-Type: a/b", PushMessageError.MissingEmptyLine)]
    [TestCase("Content-Type: a/b\r\n", PushMessageError.MissingEmptyLine)]
    [TestCase("Content-Type a/b\r\n\r\n", PushMessageError.MalformedHeader)]
    [TestCase(": a/b\r\n\r\n", PushMessageError.MalformedHeader)]
    [TestCase(" Content-Type: a/b\r\n\r\n", PushMessageError.MalformedHeader)]
    [TestCase("Content Type: a/b\r\n\r\n", PushMessageError.MalformedHeader)]
    [TestCase("Content-Type: a/b\0\r\n\r\n", PushMessageError.MalformedHeader)]
    [TestCase("Content-Type: a\r/b\r\n\r\n", PushMessageError.MalformedHeader)]
    [TestCase("Content-Type: a/b\r\nX-Wap-Application-Id: a b\r\n\r\n", PushMessageError.MalformedHeader)]
    public void What_is_malformed_is_an_error_either_way(string body, PushMessageError expected)
    {
        Assert.That(Read(body, lenient: false, out var message), Is.EqualTo(expected));
        Assert.That(Read(body, lenient: true, out _), Is.EqualTo(expected));
        Assert.That(message, Is.Null);
    }

    [TestCase("Content-Type: a/b\n\nx", PushMessageError.MalformedHeader)]
    [TestCase("Content-Type: \r\n a/b\r\n\r\nx", PushMessageError.MalformedHeader)]
    [TestCase("Content-Type : a/b\r\n\r\nx", PushMessageError.MalformedHeader)]
    [TestCase("Content-Type: a/b\r\nX: \xFF\r\n\r\nx", PushMessageError.MalformedHeader)]
    [TestCase("Content-Type: a/b\r\nContent-Length: 7\r\n\r\nx", PushMessageError.WrongContentLength)]
    [TestCase("Content-Type: a/b\r\nContent-Length: one\r\n\r\nx", PushMessageError.WrongContentLength)]
    public void What_leniency_forgives(string body, PushMessageError whenStrict)
    {
        Assert.That(Read(body, lenient: false, out _), Is.EqualTo(whenStrict));
        Assert.That(Read(body, lenient: true, out var message), Is.EqualTo(PushMessageError.None));
        Assert.That(message!.ContentType, Is.EqualTo("a/b"));
        Assert.That(message.Content.ToArray(), Is.EqualTo("x"u8.ToArray()));
    }

    [Test]
    public void Folded_lines_become_one_with_a_space_between()
    {
        Read("Content-Type: a/b;\r\n\tc=d\n e\r\nX: 1\r\n\r\n", lenient: true, out var message);

        Assert.That(message!.ContentType, Is.EqualTo("a/b; c=d e"));
    }

    [Test]
    public void Limits_hold_to_the_octet()
    {
        var longest = "X:" + new string('x', PushMessage.MaxHeaderLength - 2);
        var most = string.Concat(Enumerable.Repeat("X: y\r\n", PushMessage.MaxHeaders - 1));

        Assert.That(Read($"Content-Type: a/b\r\n{longest}\r\n\r\n", lenient: false, out _), Is.EqualTo(PushMessageError.None));
        Assert.That(Read($"Content-Type: a/b\r\n{longest}x\r\n\r\n", lenient: false, out _), Is.EqualTo(PushMessageError.HeaderTooLong));
        Assert.That(Read($"Content-Type: a/b\r\n{longest}x\n\n", lenient: true, out _), Is.EqualTo(PushMessageError.HeaderTooLong));
        Assert.That(Read(new string('x', 10_000), lenient: false, out _), Is.EqualTo(PushMessageError.HeaderTooLong));
        Assert.That(Read($"Content-Type: a/b\r\n{most}\r\n", lenient: false, out _), Is.EqualTo(PushMessageError.None));
        Assert.That(Read($"Content-Type: a/b\r\n{most}X: y\r\n\r\n", lenient: false, out _), Is.EqualTo(PushMessageError.TooManyHeaders));
    }

    [Test]
    public void Folded_lines_count_together()
    {
        var folded = string.Concat(Enumerable.Repeat("\r\n " + new string('x', 1000), 5));

        Assert.That(Read($"Content-Type: a/b{folded}\r\n\r\n", lenient: true, out _), Is.EqualTo(PushMessageError.HeaderTooLong));
    }

    [TestCase("a\rb")]
    [TestCase("a\nb")]
    [TestCase("a\r\nPush-Flag: 3")]
    [TestCase("a\0b")]
    [TestCase("a\x7F")]
    public void What_would_break_a_field_is_refused_by_name(string value)
    {
        Assert.That(() => new PushMessage(value, default), Throws.ArgumentException.With.Property("ParamName").EqualTo("contentType"));
        Assert.That(() => new PushMessage("a/b", default) { ContentUri = value }, Throws.ArgumentException.With.Property("ParamName").EqualTo("ContentUri"));
        Assert.That(() => new PushMessage("a/b", default) { InitiatorUri = value }, Throws.ArgumentException.With.Property("ParamName").EqualTo("InitiatorUri"));
        Assert.That(() => new PushHeader("X-Acme", value), Throws.ArgumentException.With.Property("ParamName").EqualTo("X-Acme"));
        Assert.That(() => new PushHeader(value, "1"), Throws.ArgumentException.With.Property("ParamName").EqualTo("name"));
    }

    [Test]
    public void Half_a_surrogate_pair_is_refused_by_name() =>
        Assert.That(() => new PushMessage("a/b", default) { ContentUri = "a\uD800" }, Throws.ArgumentException.With.Property("ParamName").EqualTo("ContentUri"));

    [Test]
    public void What_could_not_be_read_back_is_not_constructed()
    {
        Assert.That(() => new PushMessage("a/b", default, [new PushHeader("Content-Type", "c/d")]), Throws.ArgumentException);
        Assert.That(() => new PushMessage("a/b", default, [new PushHeader("Content-Length", "1")]), Throws.ArgumentException);
        Assert.That(() => new PushMessage("a/b", default, [new PushHeader("X-Wap-Application-Id", "a b")]), Throws.ArgumentException);
        Assert.That(() => new PushMessage("a/b", default, [default]), Throws.ArgumentException);
        Assert.That(() => new PushMessage("a/b", default, Enumerable.Repeat(new PushHeader("X", ""), PushMessage.MaxHeaders)), Throws.ArgumentException);
        Assert.That(() => new PushMessage("a/b", default) { ContentUri = new string('u', PushMessage.MaxHeaderLength) }, Throws.ArgumentException);
    }
}
