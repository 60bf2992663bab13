using System.IO.Pipelines;
using System.Text;

namespace SipPush.Tests.Agents;

public sealed class EnvelopeReaderTests
{
    [TestCase(false, "Content-Type: text/plain\r\nX-Wap-Application-Id: x-wap-application:wml.ua\r\n\r\nHello", "text/plain", "Hello")]
    [TestCase(false, "Content-Type: text/plain\r\n\r\n", "text/plain", "")]
    [TestCase(true, "Content-Type:\r\n text/plain\r\nContent-Length: 5\r\n\r\nHello", "text/plain", "Hello")]
    [TestCase(true, "Content-Type: text/plain\n\nHello\n\n", "text/plain", "Hello\n\n")]
    [TestCase(true, "Content-Type: text/plain\r\n\r\n<a/>", "text/plain", "<a/>")]
    [TestCase(true, "<si>\r\n\r\n</si>", "text/xml", "<si>\r\n\r\n</si>")]
    [TestCase(true, " \r\n\r\n<si/>", "text/xml", " \r\n\r\n<si/>")]
    [TestCase(false, "<si>\r\n\r\n</si>", null, null)]
    [TestCase(false, "Content-Type: text/plain\n\nHello", null, null)]
    [TestCase(false, "Content-Type: text/plain\r\n", null, null)]
    [TestCase(true, "\r\n\r\nHello", null, null)]
    [TestCase(true, " \r\n ", null, null)]
    [TestCase(true, "", null, null)]
    public async Task The_content_behind_an_envelope_is_left_whole_wherever_it_is_cut(bool lenient, string text, string? type, string? content)
    {
        var octets = Encoding.UTF8.GetBytes(text);
        for (var cut = 0; cut <= octets.Length; cut++)
        {
            Assert.That(await ReadAsync(lenient, octets[..cut], octets[cut..]), Is.EqualTo((type, content)), $"cut at {cut}");
        }

        Assert.That(await ReadAsync(lenient, [.. octets.Select(octet => new[] { octet })]), Is.EqualTo((type, content)), "octet by octet");
    }

    [Test]
    public async Task An_envelope_that_does_not_end_is_not_waited_for()
    {
        var pipe = new Pipe(new PipeOptions(pauseWriterThreshold: 0));
        var reading = EnvelopeReader.ReadAsync(pipe.Reader, lenient: true).AsTask();
        await pipe.Writer.WriteAsync(Encoding.UTF8.GetBytes("Content-Type: " + new string('a', 65 * 1024)));
        Assert.That(await reading, Is.Null);
    }

    private static async Task<(string? Type, string? Content)> ReadAsync(bool lenient, params byte[][] pieces)
    {
        var pipe = new Pipe();
        var reading = EnvelopeReader.ReadAsync(pipe.Reader, lenient).AsTask();
        foreach (var piece in pieces)
        {
            await pipe.Writer.WriteAsync(piece);
        }

        await pipe.Writer.CompleteAsync();
        if (await reading is not var (envelope, octets))
        {
            return default;
        }

        using var rest = new StreamReader(pipe.Reader.AsStream());
        var content = await rest.ReadToEndAsync();
        Assert.That(octets, Is.EqualTo(pieces.Sum(piece => piece.Length) - Encoding.UTF8.GetByteCount(content)));
        return (envelope.ContentType, content);
    }
}
