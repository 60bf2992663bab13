using SipPush.Msrp.Chunking;

namespace SipPush.Tests.Msrp.Chunking;

public sealed class ReceivedRangesTests
{
    [Test]
    public void Ranges_that_overlap_or_touch_become_one()
    {
        var ranges = Of((0, 100), (200, 50), (250, 50), (90, 20));

        Assert.Multiple(() =>
        {
            Assert.That(Text(ranges), Is.EqualTo("0-110 200-300"));
            Assert.That(ranges.Covered, Is.EqualTo(210));
            Assert.That(ranges.Contiguous, Is.EqualTo(110));
        });
    }

    [Test]
    public void A_range_that_spans_others_swallows_them()
    {
        var ranges = Of((10, 5), (20, 5), (30, 5), (40, 5), (12, 20));

        Assert.Multiple(() =>
        {
            Assert.That(Text(ranges), Is.EqualTo("10-35 40-45"));
            Assert.That(ranges.Covered, Is.EqualTo(30));
            Assert.That(ranges.Contiguous, Is.Zero);
        });
    }

    [Test]
    public void What_is_covered_already_and_what_is_empty_changes_nothing()
    {
        var ranges = Of((0, 100), (0, 100), (40, 10), (500, 0));

        Assert.That(Text(ranges), Is.EqualTo("0-100"));
        Assert.That(ranges.Covered, Is.EqualTo(100));
    }

    [Test]
    public void At_the_limit_only_what_joins_a_range_is_added()
    {
        var ranges = Of((0, 10), (20, 10));

        Assert.Multiple(() =>
        {
            Assert.That(ranges.TryAdd(40, 10, limit: 2), Is.False);
            Assert.That(ranges.TryAdd(30, 5, limit: 2), Is.True);
            Assert.That(Text(ranges), Is.EqualTo("0-10 20-35"));
            Assert.That(ranges.Covered, Is.EqualTo(25));
        });
    }

    [Test, Description("Edge 30")]
    public void Offsets_reach_to_the_end_of_what_a_number_holds()
    {
        var ranges = Of((5L << 30, 1L << 30), (long.MaxValue - 10, 100));

        Assert.That(Text(ranges), Is.EqualTo($"{5L << 30}-{6L << 30} {long.MaxValue - 10}-{long.MaxValue}"));
        Assert.That(ranges.Covered, Is.EqualTo((1L << 30) + 10));
    }

    [Test]
    public void Missing_counts_what_an_addition_would_add()
    {
        var ranges = Of((10, 10), (30, 10));

        Assert.Multiple(() =>
        {
            Assert.That(ranges.Missing(0, 100), Is.EqualTo(80));
            Assert.That(ranges.Missing(15, 20), Is.EqualTo(10));
            Assert.That(ranges.Missing(12, 5), Is.Zero);
            Assert.That(ranges.Missing(20, 10), Is.EqualTo(10));
        });
    }

    [Test]
    public void What_lies_before_or_behind_an_offset_can_be_forgotten()
    {
        var ranges = Of((0, 10), (20, 10), (40, 10));

        ranges.RemoveBefore(25);
        ranges.RemoveFrom(45);

        Assert.That(Text(ranges), Is.EqualTo("25-30 40-45"));
        Assert.That(ranges.Covered, Is.EqualTo(10));
    }

    [Test]
    public void Any_sequence_of_changes_agrees_with_a_plain_set()
    {
        var random = new Random(17);

        for (var run = 0; run < 200; run++)
        {
            var ranges = new ReceivedRanges();
            var model = new bool[100];

            for (var step = 0; step < 40; step++)
            {
                var offset = random.Next(90);
                var length = random.Next(11);
                var end = offset + length;

                Assert.That(ranges.Missing(offset, length), Is.EqualTo(model[offset..end].Count(covered => !covered)));

                switch (random.Next(12))
                {
                    case 0:
                        ranges.RemoveBefore(offset);
                        model.AsSpan(0, offset).Clear();
                        break;
                    case 1:
                        ranges.RemoveFrom(end);
                        model.AsSpan(end).Clear();
                        break;
                    default:
                        ranges.Add(offset, length);
                        model.AsSpan(offset, length).Fill(true);
                        break;
                }

                Assert.That(Text(ranges), Is.EqualTo(Text(model)), $"run {run}, step {step}");
                Assert.That(ranges.Covered, Is.EqualTo(model.Count(covered => covered)));
                Assert.That(ranges.Contiguous, Is.EqualTo(model.TakeWhile(covered => covered).Count()));
            }
        }
    }

    private static ReceivedRanges Of(params (long Offset, long Length)[] added)
    {
        var ranges = new ReceivedRanges();

        foreach (var (offset, length) in added)
        {
            ranges.Add(offset, length);
        }
        return ranges;
    }

    private static string Text(ReceivedRanges ranges) =>
        string.Join(' ', Enumerable.Range(0, ranges.Count).Select(i => $"{ranges[i].Start}-{ranges[i].End}"));

    private static string Text(bool[] model)
    {
        var parts = new List<string>();

        for (var i = 0; i < model.Length; i++)
        {
            if (model[i] && (i == 0 || !model[i - 1]))
            {
                var end = Array.IndexOf(model, false, i);
                parts.Add($"{i}-{(end < 0 ? model.Length : end)}");
            }
        }
        return string.Join(' ', parts);
    }
}
