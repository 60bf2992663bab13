using SipPush.Msrp;
using SipPush.Msrp.Chunking;

namespace SipPush.Tests.Msrp.Chunking;

[Parallelizable]
public sealed class ChunkMapTests
{
    private readonly ChunkMap _map = new(new ReassemblyLimits(MessageSize: 1000, GapBuffer: 0, Ranges: 4));

    [Test, Description("Edge 31, MSRP-17")]
    public void Chunks_in_any_order_are_written_where_they_belong()
    {
        Assert.Multiple(() =>
        {
            Assert.That(Chunk(8, 4, '$'), Is.EqualTo("4 at 8"));
            Assert.That(_map.IsComplete, Is.False);
            Assert.That(Chunk(0, 4), Is.EqualTo("4 at 0"));
            Assert.That(_map.Received, Is.EqualTo(8));
            Assert.That(Chunk(4, 4), Is.EqualTo("4 at 4"));
            Assert.That(_map.IsComplete, Is.True);
            Assert.That(_map.Total, Is.EqualTo(12));
        });
    }

    [Test, Description("Edge 31, MSRP-17")]
    public void A_later_chunk_is_written_over_an_earlier_one()
    {
        Chunk(0, 100);

        Assert.That(Chunk(49, 101), Is.EqualTo("101 at 49"));
        Assert.That(_map.Contiguous, Is.EqualTo(150));
        Assert.That(_map.Received, Is.EqualTo(150));
    }

    [Test, Description("MSRP-45")]
    public void A_message_that_is_complete_is_not_written_again()
    {
        Chunk(0, 100, '$');

        Assert.That(Chunk(0, 100, '$'), Is.EqualTo("0 at 0"));
        Assert.That(Chunk(5000, 100), Is.EqualTo("0 at 5000"));
        Chunk(0, 0, '#');
        Assert.That(_map.IsComplete, Is.True);
    }

    [Test, Description("MSRP-18")]
    public void The_first_end_counts_even_before_what_was_written()
    {
        Chunk(0, 100);
        Chunk(200, 100);
        Chunk(40, 10, '$');

        Assert.Multiple(() =>
        {
            Assert.That(_map.Total, Is.EqualTo(50));
            Assert.That(_map.IsComplete, Is.True);
            Assert.That(_map.Received, Is.EqualTo(50));
        });
    }

    [Test, Description("MSRP-18")]
    public void What_lies_beyond_the_end_is_not_written()
    {
        Chunk(90, 10, '$');

        Assert.That(Chunk(50, 100), Is.EqualTo("50 at 50"));
        Assert.That(Chunk(200, 100, '$'), Is.EqualTo("0 at 200"));
        Assert.That(_map.Total, Is.EqualTo(100));
    }

    [TestCase(901), TestCase(5L << 30), TestCase(long.MaxValue), Description("Edge 30, Edge 32, MSRP-21")]
    public void A_chunk_beyond_the_limit_is_refused(long offset)
    {
        Assert.That(Chunk(offset, 100), Is.EqualTo("MessageTooLarge"));
        Assert.That(Chunk(0, 100), Is.EqualTo("MessageTooLarge"), "the message is lost");
        Assert.That(_map.Received, Is.Zero);
    }

    [Test, Description("Edge 32")]
    public void More_separate_ranges_than_allowed_are_refused()
    {
        Chunk(0, 1);

        for (var i = 1; i <= 4; i++)
        {
            Assert.That(Chunk(10 * i, 1), Is.EqualTo($"1 at {10 * i}"));
        }
        Assert.That(Chunk(100, 1), Is.EqualTo("TooManyGaps"));
    }

    [Test, Description("Edge 34, MSRP-20")]
    public void An_abandoned_message_takes_nothing_more()
    {
        Chunk(0, 10, '#');

        Assert.That(Chunk(10, 10, '$'), Is.EqualTo("0 at 10"));
        Assert.That(_map.IsComplete, Is.False);
    }

    [Test, Description("MSRP-17")]
    public void Any_order_split_and_overlap_of_the_chunks_of_a_message_gives_the_message()
    {
        var random = new Random(552);

        for (var run = 0; run < 200; run++)
        {
            var message = new byte[random.Next(1, 50_000)];
            random.NextBytes(message);
            var written = new byte[message.Length];
            var chunks = ReassemblerTests.Split(random, message.Length);
            var map = new ChunkMap(new ReassemblyLimits(message.Length, 0, chunks.Count));

            foreach (var (start, end) in chunks)
            {
                map.BeginChunk(start);

                for (var at = start; at < end;)
                {
                    var slice = random.Next(1, end - at + 1);
                    Assert.That(map.Append(slice, out var offset, out var count), Is.EqualTo(ReassemblyOutcome.Taken));
                    message.AsSpan(at, count).CopyTo(written.AsSpan((int)offset));
                    at += slice;
                }
                map.EndChunk(end == message.Length ? ContinuationFlag.Complete : ContinuationFlag.More);
            }

            Assert.That(map.IsComplete, Is.True, $"run {run}");
            Assert.That(written, Is.EqualTo(message), $"run {run}");
        }
    }

    private string Chunk(long offset, int length, char flag = '+')
    {
        _map.BeginChunk(offset);
        var outcome = _map.Append(length, out var at, out var count);
        _map.EndChunk((ContinuationFlag)flag);
        return outcome == ReassemblyOutcome.Taken ? $"{count} at {at}" : outcome.ToString();
    }
}
