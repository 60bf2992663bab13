using System.Text;
using SipPush.Msrp.Framing;

namespace SipPush.Tests.Msrp.Framing;

/// <summary>Frames that chance has spoilt: nothing escapes, and what comes out doesn't depend on how the octets came.</summary>
[Parallelizable]
public sealed class FrameFuzzTests
{
    private const string Stream =
        "MSRP d93k SEND\r\nTo-Path: msrp://b:1/b;tcp\r\nFrom-Path: msrp://a:1/a;tcp\r\nMessage-ID: 1\r\nByte-Range: 1-*/*\r\nContent-Type: a/b\r\n\r\n" +
        "body\r\n-------d93k+x\r\n-------d93k+\r\n" +
        "MSRP d93k 200 OK\r\nTo-Path: msrp://b:1/b;tcp\r\nFrom-Path: msrp://a:1/a;tcp\r\n-------d93k$\r\n\r\n" +
        "MSRP dkei REPORT\r\nTo-Path: msrp://b:1/b;tcp\r\nFrom-Path: msrp://a:1/a;tcp\r\nMessage-ID: 1\r\nByte-Range: 1-4/4\r\nStatus: 000 200 OK\r\n-------dkei$\r\n";

    private static readonly MsrpFrameLimits Limits = new(Head: 200, Headers: 7, NonSendBody: 60);

    [Test]
    [Description("Edge 1, Edge 18, Edge 24")]
    public void A_spoilt_stream_is_read_alike_however_it_is_cut()
    {
        var chance = new Random(4975);
        var clean = Encoding.Latin1.GetBytes(Stream);
        var broken = 0;

        for (var run = 0; run < 4000; run++)
        {
            var wire = Spoil(clean, chance);
            var whole = FrameTrace.Of(wire, Limits);
            var expected = whole.ToString();
            broken += whole.Error.Fault == MsrpFault.None ? 0 : 1;

            int[] cuts = [.. Enumerable.Range(0, 5).Select(_ => chance.Next(wire.Length + 1)).Order()];
            Assert.That(FrameTrace.Of(wire, Limits, cuts).ToString(), Is.EqualTo(expected), $"run {run}: {string.Join(' ', cuts)}");
            Assert.That(FrameTrace.InSegments(wire, chance.Next(1, 20), Limits).ToString(), Is.EqualTo(expected), $"run {run}");
            if (run % 8 == 0)
            {
                Assert.That(FrameTrace.ByteByByte(wire, Limits).ToString(), Is.EqualTo(expected), $"run {run}");
                Assert.That(FrameTrace.BySegmentsOfOne(wire, Limits).ToString(), Is.EqualTo(expected), $"run {run}");
            }
        }

        // Chance is no test when it breaks nothing or everything.
        Assert.That(broken, Is.InRange(500, 3500));
    }

    [Test]
    [Description("Edge 4, Edge 5, Edge 6, Edge 8, Edge 9, MSRP-01")]
    public void A_body_made_of_pieces_of_end_lines_ends_where_a_plain_search_finds_it()
    {
        var chance = new Random(4976);
        string[] pieces = ["\r\n", "\r", "\n", "-", "-------", "--------", "d93k", "d93", "$", "+", "#", "\r\n-------d93k", "\r\n-------d93k$", "\r\n-------d93k$\r", "x"];
        var head = Stream[..(Stream.IndexOf("\r\n\r\n", StringComparison.Ordinal) + 4)];
        var limits = MsrpFrameLimits.Default;

        for (var run = 0; run < 6000; run++)
        {
            var text = string.Concat(Enumerable.Range(0, chance.Next(12)).Select(_ => pieces[chance.Next(pieces.Length)])) + "\r\n-------d93k+\r\n";
            var expected = "+$#".Select(flag => text.IndexOf($"\r\n-------d93k{flag}\r\n", StringComparison.Ordinal)).Where(at => at >= 0).Min();
            var wire = Encoding.Latin1.GetBytes(head + text[..(expected + 16)]);

            foreach (var trace in new[] { FrameTrace.Of(wire), FrameTrace.Of(wire, chance.Next(head.Length, wire.Length)), FrameTrace.InSegments(wire, chance.Next(1, 12), limits) })
            {
                Assert.That(trace.Frames.Single().Body, Is.EqualTo(text[..expected]), $"run {run}");
                Assert.That((char)trace.Frames.Single().Flag, Is.EqualTo(text[expected + 13]), $"run {run}");
                Assert.That(trace.IsBetweenFrames, Is.True);
            }
        }
    }

    private static byte[] Spoil(byte[] clean, Random chance)
    {
        var wire = clean.ToList();
        var interesting = "\r\n-:$+# \0M\u00FF"u8.ToArray();

        for (var changes = chance.Next(1, 4); changes > 0; changes--)
        {
            var at = chance.Next(wire.Count);
            var length = Math.Min(chance.Next(1, 30), wire.Count - at);
            switch (chance.Next(5))
            {
                case 0:
                    wire[at] = (byte)chance.Next(256);
                    break;
                case 1:
                    wire[at] = interesting[chance.Next(interesting.Length)];
                    break;
                case 2:
                    wire.RemoveRange(at, length);
                    break;
                case 3:
                    wire.InsertRange(at, wire.GetRange(chance.Next(wire.Count - length + 1), length));
                    break;
                default:
                    wire.Insert(at, interesting[chance.Next(interesting.Length)]);
                    break;
            }
        }

        return [.. wire];
    }
}
