using System.Text;
using SipPush.Sip;

namespace SipPush.Tests.Sip.Parsing;

public sealed class StreamFramerTests
{
    private const int HeaderLimit = 200;
    private const int BodyLimit = 50;

    private static IEnumerable<TestCaseData> Streams()
    {
        yield return Case("a message with a body", "A b SIP/2.0\r\nContent-Length: 3\r\n\r\nxyz", "[A b SIP/2.0\r\nContent-Length: 3\r\n\r\nxyz]");
        yield return Case("two messages", "A\r\nl:0\r\n\r\nB\r\nl:1\r\n\r\nx", "[A\r\nl:0\r\n\r\n][B\r\nl:1\r\n\r\nx]");
        yield return Case("a compact name in capitals", "A\r\nL:1\r\n\r\nx", "[A\r\nL:1\r\n\r\nx]");
        yield return Case("a name in another case, white space before the colon", "A\r\ncONTENT-lENGTH \t : \t2 \r\n\r\nxy", "[A\r\ncONTENT-lENGTH \t : \t2 \r\n\r\nxy]");
        yield return Case("a folded value", "A\r\nContent-Length:\r\n 2\r\n\r\nxy", "[A\r\nContent-Length:\r\n 2\r\n\r\nxy]");
        yield return Case("a fold behind the value", "A\r\nl: 2\r\n \r\n\r\nxy", "[A\r\nl: 2\r\n \r\n\r\nxy]");
        yield return Case("digits on both sides of a fold", "A\r\nl: 2\r\n 0\r\n\r\n", "!InvalidContentLength A\r\nl: 2\r\n 0\r\n\r\n");
        yield return Case("a look-alike in a fold of another header", "A\r\nSubject: s\r\n Content-Length: 9\r\nl: 1\r\n\r\nx", "[A\r\nSubject: s\r\n Content-Length: 9\r\nl: 1\r\n\r\nx]");
        yield return Case("a look-alike in a fold only", "A\r\nS: s\r\n\tl: 9\r\n\r\n", "!MissingContentLength A\r\nS: s\r\n\tl: 9\r\n\r\n");
        yield return Case("longer names that begin alike", "A\r\nContent-Length-X: 9\r\nlx: 8\r\nl: 1\r\n\r\nx", "[A\r\nContent-Length-X: 9\r\nlx: 8\r\nl: 1\r\n\r\nx]");
        yield return Case("a start-line that looks like one", "l: 5\r\nl: 1\r\n\r\nx", "[l: 5\r\nl: 1\r\n\r\nx]");
        yield return Case("the same value twice", "A\r\nl: 1\r\nContent-Length: 01\r\n\r\nx", "[A\r\nl: 1\r\nContent-Length: 01\r\n\r\nx]");
        yield return Case("two values", "A\r\nl: 1\r\nContent-Length: 2\r\nVia: v\r\n\r\nxy", "!InvalidContentLength A\r\nl: 1\r\nContent-Length: 2\r\nVia: v\r\n\r\n");
        yield return Case("no value", "A\r\nl: \r\n\r\n", "!InvalidContentLength A\r\nl: \r\n\r\n");
        yield return Case("a sign", "A\r\nl: +1\r\n\r\n", "!InvalidContentLength A\r\nl: +1\r\n\r\n");
        yield return Case("a negative value", "A\r\nl: -1\r\n\r\n", "!InvalidContentLength A\r\nl: -1\r\n\r\n");
        yield return Case("a list", "A\r\nl: 1, 1\r\n\r\n", "!InvalidContentLength A\r\nl: 1, 1\r\n\r\n");
        yield return Case("more digits than any integer", "A\r\nl: 36893488147419103233\r\n\r\n", "!InvalidContentLength A\r\nl: 36893488147419103233\r\n\r\n");
        yield return Case("no Content-Length", "A\r\nVia: v\r\n\r\n", "!MissingContentLength A\r\nVia: v\r\n\r\n");
        yield return Case("a body at the limit", $"A\r\nl: 50\r\n\r\n{new string('x', 50)}", $"[A\r\nl: 50\r\n\r\n{new string('x', 50)}]");
        yield return Case("a body over the limit", "A\r\nl: 51\r\n\r\n", "!BodyTooLarge A\r\nl: 51\r\n\r\n");
        yield return Case("a body over 4 GiB", "A\r\nl: 4294967297\r\n\r\n", "!BodyTooLarge A\r\nl: 4294967297\r\n\r\n");
        yield return Case("a header section that ends just over the limit", $"A\r\nl:0\r\nS:{new string('s', 188)}\r\n\r\n"[..200], $"!HeaderSectionTooLarge {$"A\r\nl:0\r\nS:{new string('s', 188)}\r\n\r\n"[..200]}");
        yield return Case("a header section that just fits", $"A\r\nl:0\r\nS:{new string('s', 186)}\r\n\r\n", $"[A\r\nl:0\r\nS:{new string('s', 186)}\r\n\r\n]");
        yield return Case("a header section without end", new string('a', 300), $"!HeaderSectionTooLarge {new string('a', 200)}");
        yield return Case("line feeds without end", new string('\n', 300), "!HeaderSectionTooLarge ");
        yield return Case("an empty line in front", "\r\nA\r\nl:0\r\n\r\n", "2[A\r\nl:0\r\n\r\n]");
        yield return Case("line feeds in front", "\n\r\n\nA\r\nl:0\r\n\r\n", "4[A\r\nl:0\r\n\r\n]");
        yield return Case("a ping", "\r\n\r\n", "*");
        yield return Case("a ping between messages", "A\r\nl:0\r\n\r\n\r\n\r\nB\r\nl:0\r\n\r\n", "[A\r\nl:0\r\n\r\n]*[B\r\nl:0\r\n\r\n]");
        yield return Case("three empty lines", "\r\n\r\n\r\nA\r\nl:0\r\n\r\n", "*2[A\r\nl:0\r\n\r\n]");
        yield return Case("two pings", "\r\n\r\n\r\n\r\n", "**");
        yield return Case("line feeds alone", "A\nl:1\n\nx", "[A\nl:1\n\nx]");
        yield return Case("line ends mixed", "A\nl:1\r\n\nxB\r\nl:1\n\r\ny", "[A\nl:1\r\n\nx][B\r\nl:1\n\r\ny]");
        yield return Case("a bare CR inside a line", "A\r\nS: a\rl: 9\r\nl: 0\r\n\r\n", "[A\r\nS: a\rl: 9\r\nl: 0\r\n\r\n]");
        yield return Case("a body that looks like a message", "A\r\nl:8\r\n\r\n\r\n\r\nB\r\n\r", "[A\r\nl:8\r\n\r\n\r\n\r\nB\r\n\r]");

        static TestCaseData Case(string name, string stream, string expected) =>
            new TestCaseData(stream, expected).SetArgDisplayNames(name);
    }

    [TestCaseSource(nameof(Streams))]
    [Description("SIP-05, SIP-06, SIP-52, SIP-96")]
    public void A_stream_is_cut_alike_at_every_cut_position(string stream, string expected)
    {
        for (var cut = 0; cut <= stream.Length; cut++)
        {
            Assert.That(Cut(new StreamFramer(HeaderLimit, BodyLimit), stream[..cut], stream[cut..]), Is.EqualTo(expected), $"cut at {cut}");
        }
    }

    [TestCaseSource(nameof(Streams))]
    [Description("SIP-05, SIP-06, SIP-52, SIP-96")]
    public void A_stream_is_cut_alike_byte_by_byte(string stream, string expected)
    {
        var cut = Cut(new StreamFramer(HeaderLimit, BodyLimit), [.. stream.Select(octet => octet.ToString())]);

        Assert.That(cut, Is.EqualTo(expected));
    }

    [TestCase("\r\n", "+")]
    [TestCase("\r\nA\r\nl:0\r\n\r\n", "+[A\r\nl:0\r\n\r\n]")]
    [TestCase("A\r\nl:2\r\n\r\n\r\n\r\nB\r\nl:0\r\n\r\n", "[A\r\nl:2\r\n\r\n\r\n]+[B\r\nl:0\r\n\r\n]")]
    [TestCase("\n\r\nA\r\nl:0\r\n\r\n", "1+[A\r\nl:0\r\n\r\n]")]
    [TestCase("A\r\nl:0\r\n\r\nB\r\nl:0\r\n\r\n", "[A\r\nl:0\r\n\r\n][B\r\nl:0\r\n\r\n]")]
    [TestCase("\r\n\r\n\r\n", "+*")]
    [TestCase("\r\n\r\nA\r\nl:0\r\n\r\n", "+2[A\r\nl:0\r\n\r\n]")]
    [TestCase("\r\n\r\n\r\n\r\n\r\n", "+**")]
    [Description("SIP-05, SIP-52")]
    public void With_a_ping_out_the_first_CRLF_between_messages_is_its_pong_at_every_cut_position(string stream, string expected)
    {
        for (var cut = 0; cut <= stream.Length; cut++)
        {
            Assert.That(Cut(new StreamFramer(HeaderLimit, BodyLimit), pongs: 1, stream[..cut], stream[cut..]), Is.EqualTo(expected), $"cut at {cut}");
        }
        Assert.That(Cut(new StreamFramer(HeaderLimit, BodyLimit), pongs: 1, [.. stream.Select(octet => octet.ToString())]), Is.EqualTo(expected));
    }

    [Test]
    [Description("SIP-52")]
    public void A_CRLF_that_came_before_the_ping_is_not_its_pong()
    {
        var framer = new StreamFramer(HeaderLimit, BodyLimit);

        Assert.That(framer.Next("\r\n"u8).Status, Is.EqualTo(FramingStatus.NeedMore));
        Assert.That(framer.Next("\r\n"u8, pongAwaited: true).Status, Is.EqualTo(FramingStatus.NeedMore));
        Assert.That(framer.Next("\r\n\r\n"u8, pongAwaited: true), Is.EqualTo(new FramingOutcome(FramingStatus.Pong, Leading: 2, Length: 2)));
    }

    [Test]
    [Description("SIP-52")]
    public void Pongs_of_one_ping_after_the_other_never_add_up_to_a_ping()
    {
        var framer = new StreamFramer(HeaderLimit, BodyLimit);

        for (var ping = 0; ping < 3; ping++)
        {
            Assert.That(framer.Next("\r\n"u8, pongAwaited: true), Is.EqualTo(new FramingOutcome(FramingStatus.Pong, Leading: 0, Length: 2)));
        }
        Assert.That(framer.Next("\r\n\r\n"u8).Status, Is.EqualTo(FramingStatus.KeepAlive));
    }

    [Test]
    [Description("SIP-96")]
    public void A_stream_byte_by_byte_is_searched_once()
    {
        var header = $"\r\nA\r\nS: {new string('s', 9_000)}\r\nl: 9000\r\n\r\n";
        var stream = string.Concat(Enumerable.Repeat(header + new string('\n', 9_000), 3));
        var framer = new StreamFramer(headerSectionLimit: 10_000, bodyLimit: 10_000);

        Cut(framer, [.. stream.Select(octet => octet.ToString())]);

        Assert.That(framer.Searched, Is.EqualTo(3 * header.Length));
    }

    [Test]
    [Description("SIP-05")]
    public void The_end_of_one_message_leaves_no_state_for_the_next()
    {
        var cut = Cut(new StreamFramer(HeaderLimit, BodyLimit), "A\r\nl:0\r\n\r\nB\r\nVia: v\r\n\r\n");

        Assert.That(cut, Is.EqualTo("[A\r\nl:0\r\n\r\n]!MissingContentLength B\r\nVia: v\r\n\r\n"));
    }

    private static string Cut(StreamFramer framer, params string[] pieces) => Cut(framer, pongs: 0, pieces);

    /// <summary>Messages in brackets with the octets skipped in front, * for a ping, + for a pong as long as one is awaited, ! for an error with the head.</summary>
    private static string Cut(StreamFramer framer, int pongs, params string[] pieces)
    {
        var cut = new StringBuilder();
        var octets = Encoding.Latin1.GetBytes(string.Concat(pieces));
        var start = 0;
        var end = 0;

        foreach (var piece in pieces)
        {
            end += piece.Length;

            while (true)
            {
                var unconsumed = octets.AsSpan(start, end - start);
                var next = framer.Next(unconsumed, pongAwaited: pongs > 0);

                if (next.Status == FramingStatus.NeedMore)
                {
                    break;
                }

                var text = Encoding.Latin1.GetString(unconsumed.Slice(next.Leading, next.Length));
                var leading = next.Leading > 0 && next.Status != FramingStatus.Error ? $"{next.Leading}" : "";
                start += next.Consumed;

                if (next.Status == FramingStatus.Error)
                {
                    return cut.Append($"!{next.Error} {text}").ToString();
                }
                pongs -= next.Status == FramingStatus.Pong ? 1 : 0;
                cut.Append(leading).Append(next.Status switch
                {
                    FramingStatus.KeepAlive => "*",
                    FramingStatus.Pong => "+",
                    _ => $"[{text}]",
                });
            }
        }
        return cut.ToString();
    }
}
