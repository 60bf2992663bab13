using System.Text;
using SipPush.Msrp.Chunking;

namespace SipPush.Tests.Msrp.Chunking;

public sealed class EndLineGuardTests
{
    [TestCase("Hey Bob", 7)]
    [TestCase("", 0)]
    [TestCase("-------a786hjs2$", 15)]
    [TestCase("-------a786hjs2+ and more", 15)]
    [TestCase("Hey\r\n-------a786hjs2#\r\n", 20)]
    [TestCase("----------a786hjs2$", 18)]
    [TestCase("-------a786hjs2-------a786hjs2$", 30)]
    [TestCase("-------a786hjs2 $", 17)]
    [TestCase("-------a786hjs2", 15)]
    [TestCase("------a786hjs2$", 15)]
    [TestCase("-------A786hjs2$", 16)]
    [TestCase("-------a786hjs", 14)]
    [Description("Edge 41, MSRP-04")]
    public void A_piece_may_be_sent_up_to_the_flag_of_an_end_line(string body, int sent)
    {
        var guard = new EndLineGuard();
        guard.Reset("a786hjs2"u8);

        Assert.That(guard.IndexOfConflict(Encoding.UTF8.GetBytes(body)), Is.EqualTo(sent));
    }

    [Test, Description("Edge 41, MSRP-04")]
    public void An_end_line_is_found_across_every_border_of_pieces()
    {
        var body = "ab---\r\n-------a786hjs2$\r\n"u8.ToArray();
        var flag = Array.IndexOf(body, (byte)'$');

        for (var first = 0; first <= body.Length; first++)
        {
            for (var second = first; second <= body.Length; second++)
            {
                var guard = new EndLineGuard();
                guard.Reset("a786hjs2"u8);

                Assert.That(Sent(ref guard, body[..first], body[first..second], body[second..]), Is.EqualTo(flag), $"cut at {first} and {second}");
            }
        }
    }

    [Test, Description("Edge 41, MSRP-04")]
    public void Octet_by_octet_the_flag_is_held_back()
    {
        var guard = new EndLineGuard();
        guard.Reset("a786hjs2"u8);

        Assert.That(Sent(ref guard, [.. "---------a786hjs2#"u8.ToArray().Select(octet => new[] { octet })]), Is.EqualTo(17));
    }

    [Test, Description("Edge 41, MSRP-04")]
    public void The_next_chunk_begins_where_the_last_was_interrupted()
    {
        var body = "-------a786hjs2$ -------b786hjs2$"u8.ToArray();
        var guard = new EndLineGuard();

        guard.Reset("a786hjs2"u8);
        var first = guard.IndexOfConflict(body);
        guard.Reset("b786hjs2"u8);
        var second = guard.IndexOfConflict(body.AsSpan(first));
        guard.Reset("c786hjs2"u8);
        var third = guard.IndexOfConflict(body.AsSpan(first + second));

        Assert.That((first, second, third), Is.EqualTo((15, 17, 1)));
    }

    [Test]
    public void An_id_may_have_thirty_two_characters_and_hyphens_of_its_own()
    {
        var id = "----------------a---------------"u8;
        var guard = new EndLineGuard();
        guard.Reset(id);

        Assert.That(Sent(ref guard, new byte[] { (byte)'-' }, Encoding.ASCII.GetBytes($"-------{Encoding.ASCII.GetString(id)}"), "+"u8.ToArray()), Is.EqualTo(40));
        Assert.That(() => new EndLineGuard().Reset(new byte[33]), Throws.InstanceOf<ArgumentOutOfRangeException>());
    }

    [Test, Description("MSRP-04")]
    public void Any_body_in_any_pieces_agrees_with_a_plain_search()
    {
        var random = new Random(41);
        const string Alphabet = "--a+";

        for (var run = 0; run < 20_000; run++)
        {
            var id = Text(4);
            var body = string.Concat(Enumerable.Range(0, 6).Select(_ => random.Next(3) switch
            {
                0 => "-------" + id,
                1 => "-------" + id[..random.Next(4)],
                _ => Text(random.Next(12)),
            }));
            var expected = Enumerable.Range(0, body.Length)
                .FirstOrDefault(i => body[i] == '+' && body[..i].EndsWith("-------" + id, StringComparison.Ordinal), body.Length);
            var pieces = new List<byte[]>();

            for (var at = 0; at < body.Length;)
            {
                var length = random.Next(1, Math.Min(30, body.Length - at) + 1);
                pieces.Add(Encoding.ASCII.GetBytes(body, at, length));
                at += length;
            }

            var guard = new EndLineGuard();
            guard.Reset(Encoding.ASCII.GetBytes(id));
            Assert.That(Sent(ref guard, [.. pieces]), Is.EqualTo(expected), $"{id}: {string.Join('|', pieces.Select(Encoding.ASCII.GetString))}");
        }

        string Text(int length) => string.Concat(Enumerable.Range(0, length).Select(_ => Alphabet[random.Next(Alphabet.Length)]));
    }

    private static int Sent(ref EndLineGuard guard, params byte[][] pieces)
    {
        var sent = 0;

        foreach (var piece in pieces)
        {
            var count = guard.IndexOfConflict(piece);
            sent += count;

            if (count < piece.Length)
            {
                break;
            }
        }
        return sent;
    }
}
