using System.Text;
using SipPush.Diagnostics;

namespace SipPush.Tests.Diagnostics;

public sealed class MsrpCutterTests
{
    private const string Binding =
        "MSRP d93kswow SEND\r\nTo-Path: msrp://192.0.2.2:7654/b;tcp\r\nFrom-Path: msrp://192.0.2.1:2855/a;tcp\r\nMessage-ID: 1\r\n-------d93kswow$\r\n";

    private const string Answer =
        "MSRP a786hjs2 200 OK\r\nTo-Path: msrp://192.0.2.1:2855/a;tcp\r\nFrom-Path: msrp://192.0.2.2:7654/b;tcp\r\n-------a786hjs2$\r\n";

    private const string Report =
        "MSRP dkei38sd REPORT\r\nTo-Path: msrp://192.0.2.1:2855/a;tcp\r\nFrom-Path: msrp://192.0.2.2:7654/b;tcp\r\nMessage-ID: 2\r\nByte-Range: 1-3/3\r\nStatus: 000 200 OK\r\n-------dkei38sd$\r\n";

    private const string Head = "MSRP a786hjs2 SEND\r\nMessage-ID: 2\r\nContent-Type: text/plain\r\n\r\n";

    private const string EndLine = "\r\n-------a786hjs2+\r\n";

    // All that looks like its end-line and is none, and a whole message.
    private const string Misleading =
        Head + "-------a786hjs2$x\r\n-------a786hjs\r\n-------a786hjs2\r\n-------a786hjs2*\r\n-------a786hjs2$\r-------a786hjs2$\r\n\r\n------a786hjs2$\r\n\r\r\n--" + Report + EndLine;

    [Test]
    public void Messages_that_come_together_are_cut_apart() =>
        Assert.That(Cut(Binding + Answer + Report + Misleading + Answer), Is.EqualTo([Binding, Answer, Report, Misleading, Answer]));

    [Test]
    public void Wherever_the_octets_are_torn_the_pieces_are_the_same()
    {
        const string All = Binding + Misleading + Answer + Report;
        for (var at = 0; at <= All.Length; at++)
        {
            Assert.That(Cut(All[..at], All[at..]), Is.EqualTo([Binding, Misleading, Answer, Report]), $"torn at {at}");
        }

        Assert.That(Cut([.. All.Select(octet => octet.ToString())]), Is.EqualTo([Binding, Misleading, Answer, Report]), "octet by octet");
    }

    [Test]
    public void A_message_is_given_as_soon_as_its_last_octet_has_come()
    {
        var cutter = new MsrpCutter(1000);

        Assert.That(Take(cutter, Answer[..^1]), Is.Empty);
        Assert.That(Take(cutter, Answer[^1..]), Is.EqualTo([Answer]));
    }

    [Test]
    public void Line_ends_between_messages_are_a_piece() =>
        Assert.That(Cut("\r\n", Answer + "\r\n\r\n" + Report, "\r\n"), Is.EqualTo(["\r\n", Answer, "\r\n\r\n", Report, "\r\n"]));

    [Test]
    public void What_is_larger_than_a_piece_begins_with_its_head_and_keeps_its_end_line_whole([Values(1, 7, 100_000)] int step)
    {
        const int Largest = 120;
        for (var length = 0; length < 3 * Largest; length++)
        {
            var message = Head + new string('x', length) + EndLine;

            var pieces = Cut(Largest, [.. (message + Answer).Chunk(step).Select(octets => new string(octets))]);

            Assert.That(string.Concat(pieces), Is.EqualTo(message + Answer));
            Assert.That(pieces[^1], Is.EqualTo(Answer));
            Assert.That(pieces.Select(piece => piece.Length), Is.All.AtMost(Largest));
            Assert.That(pieces[0], Does.StartWith(Head));
            Assert.That(pieces[^2], Does.EndWith(EndLine).And.Length.GreaterThan(EndLine.Length));
            Assert.That(pieces, Has.Count.EqualTo(message.Length <= Largest ? 2 : 2 + (int)Math.Ceiling((message.Length - Largest) / (Largest - 20.0))));
        }
    }

    [Test]
    public void A_message_without_an_end_is_given_a_piece_at_a_time()
    {
        var cutter = new MsrpCutter(120);
        var body = new string('x', 400);

        var pieces = Take(cutter, Head + body);
        var rest = Encoding.ASCII.GetString(cutter.TakeRest());

        Assert.That(pieces.Select(piece => piece.Length), Is.EqualTo([100, 100, 100, 100]));
        Assert.That(string.Concat(pieces) + rest, Is.EqualTo(Head + body));
        Assert.That(cutter.TakeRest().Length, Is.Zero);
    }

    [TestCase("GET / HTTP/1.1\r\n")]
    [TestCase("msrp a786hjs2 200 OK\r\n")]
    [TestCase("MSRP  a786hjs2 200 OK\r\n")]
    [TestCase("MSRP a786\r\nhjs2 200 OK\r\n")]
    [TestCase("MSRP 12345678901234567890123456789012345678901234567890123456789012345 200 OK\r\n")]
    public void What_is_no_MSRP_is_given_as_it_comes(string octets)
    {
        Assert.That(Cut(Answer + octets, "1", Answer + Answer), Is.EqualTo([Answer, octets, "1", Answer + Answer]));
        Assert.That(string.Concat(Cut([.. octets.Select(octet => octet.ToString())])), Is.EqualTo(octets));
    }

    [Test]
    public void A_beginning_of_what_may_be_MSRP_is_held_and_not_lost()
    {
        var cutter = new MsrpCutter(1000);

        Assert.That(Take(cutter, "MSR"), Is.Empty);
        Assert.That(Take(cutter, "X"), Is.EqualTo(["MSRX"]));
    }

    [Test]
    public void What_has_begun_can_be_taken_but_not_a_part_of_its_end_line()
    {
        for (var at = Head.Length; at < Head.Length + 3 + EndLine.Length; at++)
        {
            var message = Head + "abc" + EndLine;
            var cutter = new MsrpCutter(1000);
            Assert.That(Take(cutter, message[..at]), Is.Empty);

            var begun = Encoding.ASCII.GetString(cutter.TakeBegun());
            var rest = Take(cutter, message[at..] + Answer);

            Assert.That(begun, Is.EqualTo(message[..Math.Min(at, Head.Length + 3)]).Or.EqualTo(Head[..^2]), $"at {at}");
            Assert.That(rest, Is.EqualTo([message[begun.Length..], Answer]), $"at {at}");
        }
    }

    [Test]
    public void The_transaction_id_is_that_of_the_message_at_hand()
    {
        var cutter = new MsrpCutter(1000);
        Assert.That(cutter.TransactionId.Length, Is.Zero);

        Take(cutter, Binding);
        Assert.That(Encoding.ASCII.GetString(cutter.TransactionId), Is.EqualTo("d93kswow"));

        Take(cutter, "MSRP a786hjs2 ");
        Assert.That(Encoding.ASCII.GetString(cutter.TransactionId), Is.EqualTo("a786hjs2"));
    }

    [Test]
    public void Nothing_is_lost_of_octets_made_to_confuse()
    {
        string[] parts = ["MSRP ", "MSRP a786hjs2 SEND", "a786hjs2", "-------", "\r\n-------a786hjs2", "\r\n", "\r", "\n", "$", "+\r\n", " ", "x", new('y', 90)];
        var random = new Random(4975);
        for (var run = 0; run < 2_000; run++)
        {
            var stream = "MSRP a786hjs2 SEND" + string.Concat(Enumerable.Range(0, random.Next(40)).Select(_ => parts[random.Next(parts.Length)]));
            var reads = new List<string>();
            for (var at = 0; at < stream.Length; at += reads[^1].Length)
            {
                reads.Add(stream.Substring(at, random.Next(1, stream.Length - at + 1)));
            }

            var pieces = Cut(120, [.. reads]);

            Assert.That(string.Concat(pieces), Is.EqualTo(stream));
            Assert.That(pieces.Select(piece => piece.Length), Is.All.InRange(1, 120));
        }
    }

    private static List<string> Cut(params string[] reads) => Cut(1000, reads);

    private static List<string> Cut(int largestPiece, string[] reads)
    {
        var cutter = new MsrpCutter(largestPiece);
        List<string> pieces = [.. reads.SelectMany(read => Take(cutter, read))];
        if (Encoding.ASCII.GetString(cutter.TakeRest()) is { Length: > 0 } rest)
        {
            pieces.Add(rest);
        }

        return pieces;
    }

    private static List<string> Take(MsrpCutter cutter, string read)
    {
        var pieces = new List<string>();
        ReadOnlySpan<byte> octets = Encoding.ASCII.GetBytes(read);
        for (ReadOnlySpan<byte> piece; !(piece = cutter.Take(ref octets)).IsEmpty;)
        {
            pieces.Add(Encoding.ASCII.GetString(piece));
        }

        Assert.That(octets.Length, Is.Zero, "all is taken");
        return pieces;
    }
}
