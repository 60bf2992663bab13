using System.Text;
using SipPush.Sip;

namespace SipPush.Tests.Sip.Messages;

public sealed class MultipartBodyTests
{
    [Test]
    public void Parts_are_found_between_preamble_and_epilogue()
    {
        var parts = Read(
            "multipart/mixed;boundary=\"simple boundary\"",
            """
            This is the preamble.
            --simple boundary

            Implicitly typed, without a line end at its end.
            --simple boundary  
            Content-Type: text/plain;
             charset=us-ascii
            content-id : <2@h>

            Explicitly typed, with a line end at its end.

            --simple boundary--
            This is the epilogue.
            --simple boundary

            Not a part.
            """);

        Assert.That(parts.Select(part => Encoding.UTF8.GetString(part.Content.Span)), Is.EqualTo(
            ["Implicitly typed, without a line end at its end.", "Explicitly typed, with a line end at its end.\r\n"]));
        Assert.That(parts.Select(part => part.ContentTypeText?.ToString()), Is.EqualTo([null, "text/plain; charset=us-ascii"]));
        Assert.That(parts.Select(part => part.ContentType.Is("text/plain")), Is.All.True);
        Assert.That(parts[1]["Content-ID"].ToString(), Is.EqualTo("<2@h>"));
    }

    [Test]
    public void Content_is_a_slice_of_the_body()
    {
        var body = "--b\r\n\r\nabc\r\n--b--"u8.ToArray();
        var parts = Read("multipart/mixed;boundary=b", body);

        body[7] = (byte)'x';

        Assert.That(Encoding.ASCII.GetString(parts.Single().Content.Span), Is.EqualTo("xbc"));
    }

    [TestCase("--b\r\nA: 1\r\n\r\nabc\r\n--b--", "abc")]
    [TestCase("--b\r\nA: 1\r\n\r\nabc", "abc", TestName = "The closing delimiter may be missing")]
    [TestCase("--b\n\nabc\n--b--\n", "abc", TestName = "Bare line feeds end lines")]
    [TestCase("--b\r\n\r\n\r\n--b--", "", TestName = "An empty part")]
    [TestCase("--b\r\nA: 1\r\n--b--", "", TestName = "Headers and nothing behind them")]
    [TestCase("--b\r\n\r\na\r\n--bc\r\n--b--c\r\n --b\r\nd\r\n--b--", "a\r\n--bc\r\n--b--c\r\n --b\r\nd", TestName = "What only resembles a delimiter is content")]
    [TestCase("--b\r\n\r\na\r--b\r\n--b--", "a\r--b", TestName = "A delimiter begins its line")]
    public void One_part_is_read(string body, string content)
    {
        var part = Read("multipart/mixed;boundary=b", Encoding.ASCII.GetBytes(body)).Single();

        Assert.That(Encoding.ASCII.GetString(part.Content.Span), Is.EqualTo(content));
    }

    [Test]
    public void A_part_that_is_multipart_stays_whole()
    {
        var part = Read("multipart/mixed;boundary=a", "--a\r\nContent-Type: multipart/mixed;boundary=b\r\n\r\n--b\r\n\r\nx\r\n--b--\r\n--a--"u8.ToArray()).Single();

        Assert.That(MultipartBody.TryParse(part.ContentType, part.Content, out var inner), Is.True);
        Assert.That(Encoding.ASCII.GetString(inner!.Parts.Single().Content.Span), Is.EqualTo("x"));
    }

    [TestCase("text/plain;boundary=b", "--b\r\n\r\nx\r\n--b--")]
    [TestCase("multipart/mixed", "--b\r\n\r\nx\r\n--b--")]
    [TestCase("multipart/mixed;boundary=\"\"", "--\r\n\r\nx\r\n----")]
    [TestCase("multipart/mixed;boundary=b", "")]
    [TestCase("multipart/mixed;boundary=b", "no delimiter")]
    [TestCase("multipart/mixed;boundary=b", "--b--")]
    [TestCase("multipart/mixed;boundary=b", "--b\r\nno header\r\n\r\nx\r\n--b--")]
    [TestCase("multipart/mixed;boundary=b", "--b\r\nContent-Type: nothing\r\n\r\nx\r\n--b--")]
    [TestCase("multipart/mixed;boundary=b", "--b\r\n A: fold of nothing\r\n\r\nx\r\n--b--")]
    public void What_is_not_multipart_is_refused(string type, string body)
    {
        Assert.That(TryRead(type, Encoding.ASCII.GetBytes(body), out _), Is.False);
    }

    [TestCase(32, 32, true)]
    [TestCase(33, 1, false)]
    [TestCase(1, 33, false)]
    public void Parts_and_their_header_lines_are_counted(int parts, int headers, bool accepted)
    {
        var part = "--b\r\n" + string.Concat(Enumerable.Repeat("A: 1\r\n", headers)) + "\r\nx\r\n";
        var body = Encoding.ASCII.GetBytes(string.Concat(Enumerable.Repeat(part, parts)) + "--b--\r\n");

        Assert.That(TryRead("multipart/mixed;boundary=b", body, out _), Is.EqualTo(accepted));
    }

    [Test]
    public void What_is_written_is_read_again()
    {
        var (type, body) = MultipartBody.Write(
        [
            new BodyPart("text/plain", "--\r\n"u8.ToArray()),
            new BodyPart("message/sip", "\r\n\r\n"u8.ToArray(), new SipHeader("Content-Disposition", "render")),
        ]);

        var parts = Read(type, body);

        Assert.That(parts.Select(part => (part.ContentType.ToString(), Encoding.ASCII.GetString(part.Content.Span))), Is.EqualTo(
            [("text/plain", "--\r\n"), ("message/sip", "\r\n\r\n")]));
        Assert.That(parts[1]["content-disposition"].ToString(), Is.EqualTo("render"));
    }

    [Test]
    public void The_boundary_stands_in_no_part()
    {
        BodyPart Part(byte[] content) => new("multipart/mixed", content);
        var (_, inner) = MultipartBody.Write([Part("x"u8.ToArray())]);
        var (type, outer) = MultipartBody.Write([Part(inner)]);

        Assert.That(Read(type, outer).Single().Content.ToArray(), Is.EqualTo(inner));
        Assert.That(() => Part([]), Throws.Nothing);
        Assert.That(() => new BodyPart("text/plain\r\nX: y", default), Throws.ArgumentException);
    }

    private static IReadOnlyList<BodyPart> Read(string type, string body) => Read(type, Encoding.UTF8.GetBytes(body.ReplaceLineEndings("\r\n")));

    private static IReadOnlyList<BodyPart> Read(string type, byte[] body) =>
        TryRead(type, body, out var multipart) ? multipart!.Parts : throw new AssertionException("not read");

    private static bool TryRead(string type, byte[] body, out MultipartBody? multipart)
    {
        Assert.That(MediaType.TryParse(type, out var mediaType), Is.True);
        return MultipartBody.TryParse(mediaType, body, out multipart);
    }
}
