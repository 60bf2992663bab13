using System.Buffers;
using System.Text;
using SipPush.Msrp;
using SipPush.Msrp.Chunking;

namespace SipPush.Tests.Msrp.Chunking;

[Parallelizable]
public sealed class ReassemblerTests
{
    private static readonly ReassemblyLimits Limits = new(MessageSize: 1000, GapBuffer: 500, Ranges: 8);

    private readonly ArrayBufferWriter<byte> _output = new();
    private readonly Reassembler _reassembler = new(Limits);

    [TearDown]
    public void End() => _reassembler.Dispose();

    [Test]
    public void Octets_in_order_go_to_the_output_as_they_come()
    {
        _reassembler.BeginChunk(0);
        _reassembler.Append("Hey "u8, _output);
        Assert.That(Output, Is.EqualTo("Hey "));

        _reassembler.Append("Bob"u8, _output);
        Assert.That(Output, Is.EqualTo("Hey Bob"));
        Assert.That(_reassembler.IsComplete, Is.False);

        _reassembler.EndChunk(ContinuationFlag.Complete, _output);
        Assert.Multiple(() =>
        {
            Assert.That(_reassembler.IsComplete, Is.True);
            Assert.That(_reassembler.Total, Is.EqualTo(7));
            Assert.That(_reassembler.Received, Is.EqualTo(7));
            Assert.That(_reassembler.Rented, Is.Zero);
        });
    }

    [Test, Description("Edge 31, MSRP-17")]
    public void The_last_chunk_may_come_first()
    {
        Chunk(4, "Bob", '$');

        Assert.Multiple(() =>
        {
            Assert.That(Output, Is.Empty);
            Assert.That(_reassembler.Total, Is.EqualTo(7));
            Assert.That(_reassembler.Held, Is.EqualTo(3));
            Assert.That(_reassembler.Received, Is.EqualTo(3));
            Assert.That(_reassembler.IsComplete, Is.False);
        });

        Chunk(0, "Hey ");

        Assert.Multiple(() =>
        {
            Assert.That(Output, Is.EqualTo("Hey Bob"));
            Assert.That(_reassembler.IsComplete, Is.True);
            Assert.That(_reassembler.Held, Is.Zero);
            Assert.That(_reassembler.Rented, Is.Zero);
        });
    }

    [Test, Description("Edge 31")]
    public void A_message_is_complete_only_when_it_has_no_hole_and_its_end_has_come()
    {
        Chunk(0, "aaaa");
        Chunk(8, "cccc", '$');
        Assert.That(_reassembler.IsComplete, Is.False);

        Chunk(4, "bb");
        Assert.That(_reassembler.IsComplete, Is.False);

        Chunk(6, "bb");
        Assert.That(_reassembler.IsComplete, Is.True);
        Assert.That(Output, Is.EqualTo("aaaabbbbcccc"));
    }

    [Test, Description("Edge 31, MSRP-45")]
    public void Octets_that_come_again_change_nothing()
    {
        Chunk(0, "aaaa");
        Chunk(8, "cccc");
        Chunk(0, "aaaa");
        Chunk(8, "cccc");

        Assert.Multiple(() =>
        {
            Assert.That(Output, Is.EqualTo("aaaa"));
            Assert.That(_reassembler.Held, Is.EqualTo(4));
            Assert.That(_reassembler.Received, Is.EqualTo(8));
        });
    }

    [Test, Description("MSRP-45")]
    public void A_message_that_is_complete_is_not_delivered_again()
    {
        Chunk(0, "aaaa", '$');

        Assert.That(Chunk(0, "aaaa", '$'), Is.EqualTo(ReassemblyOutcome.Taken));
        Assert.That(Chunk(2000, "x"), Is.EqualTo(ReassemblyOutcome.Taken));
        Chunk(0, "", '#');

        Assert.That(Output, Is.EqualTo("aaaa"));
        Assert.That(_reassembler.IsComplete, Is.True);
    }

    [Test, Description("Edge 31, MSRP-17")]
    public void Among_held_octets_the_last_received_win()
    {
        Chunk(2, "11111111");
        Chunk(4, "2222");
        Chunk(6, "333333", '$');
        Chunk(0, "00");

        Assert.That(Output, Is.EqualTo("001122333333"));
    }

    [Test, Description("Edge 31, MSRP-17")]
    public void What_was_delivered_stays_where_a_later_chunk_overlaps_it()
    {
        Chunk(0, "aaaaaaaa");
        Chunk(4, "bbbbbbbb", '$');

        Assert.That(Output, Is.EqualTo("aaaaaaaabbbb"));
        Assert.That(_reassembler.IsComplete, Is.True);
    }

    [Test, Description("MSRP-17")]
    public void A_chunk_that_closes_a_gap_wins_over_what_was_held_until_it_ends()
    {
        Chunk(4, "hhhhhhhh", '$');

        _reassembler.BeginChunk(0);
        _reassembler.Append("cccccc"u8, _output);
        Assert.That(Output, Is.EqualTo("cccccc"));

        _reassembler.Append("cc"u8, _output);
        Assert.That(_reassembler.Held, Is.EqualTo(4));

        _reassembler.EndChunk(ContinuationFlag.More, _output);
        Assert.That(Output, Is.EqualTo("cccccccchhhh"));
        Assert.That(_reassembler.IsComplete, Is.True);
    }

    [Test, Description("Edge 26, Edge 27, MSRP-19")]
    public void A_chunk_is_as_long_as_its_octets_for_only_its_start_is_taken_from_its_range()
    {
        Chunk(0, "Hey ");
        Chunk(4, "Bob", '$');

        Assert.That(Output, Is.EqualTo("Hey Bob"));
        Assert.That(_reassembler.Total, Is.EqualTo(7));
    }

    [Test, Description("Edge 28")]
    public void The_length_of_a_message_may_be_unknown_until_its_end()
    {
        Chunk(0, "aaaa");
        Chunk(4, "bbbb");
        Assert.That(_reassembler.Total, Is.Null);

        Chunk(8, "", '$');
        Assert.That(_reassembler.Total, Is.EqualTo(8));
        Assert.That(_reassembler.IsComplete, Is.True);
    }

    [Test, Description("Edge 29")]
    public void A_single_chunk_is_the_whole_message()
    {
        Chunk(0, "Hey Bob", '$');

        Assert.That(Output, Is.EqualTo("Hey Bob"));
        Assert.That(_reassembler.IsComplete, Is.True);
    }

    [Test]
    public void An_empty_message_is_complete_with_its_end()
    {
        Assert.That(_reassembler.IsComplete, Is.False);

        Chunk(0, "", '$');

        Assert.That(_reassembler.IsComplete, Is.True);
        Assert.That(_reassembler.Total, Is.Zero);
    }

    [Test, Description("MSRP-18")]
    public void What_lies_beyond_the_end_is_ignored()
    {
        Chunk(8, "xxxx");
        Chunk(4, "bb", '$');
        Chunk(4, "BBxx", '$');
        Chunk(20, "xxxx");
        Chunk(0, "aaaaBBxxxx");

        Assert.Multiple(() =>
        {
            Assert.That(Output, Is.EqualTo("aaaaBB"));
            Assert.That(_reassembler.Total, Is.EqualTo(6));
            Assert.That(_reassembler.Held, Is.Zero);
            Assert.That(_reassembler.IsComplete, Is.True);
        });
    }

    [Test, Description("MSRP-18")]
    public void An_end_before_what_is_delivered_takes_nothing_back()
    {
        Chunk(0, "aaaaaaaa");
        Chunk(0, "aaaa", '$');

        Assert.That(_reassembler.Total, Is.EqualTo(8));
        Assert.That(_reassembler.IsComplete, Is.True);
    }

    [Test, Description("MSRP-21")]
    public void A_message_that_grows_beyond_its_limit_is_refused()
    {
        Assert.That(Chunk(0, new string('a', 1000)), Is.EqualTo(ReassemblyOutcome.Taken));
        Assert.That(Chunk(1000, "b"), Is.EqualTo(ReassemblyOutcome.MessageTooLarge));
        Assert.That(Output, Has.Length.EqualTo(1000));
    }

    [TestCase(1000), TestCase(5L << 30), TestCase(long.MaxValue - 1), TestCase(long.MaxValue), Description("Edge 30, Edge 32, MSRP-21")]
    public void A_chunk_far_beyond_the_limit_is_refused_and_rents_nothing(long offset)
    {
        Assert.Multiple(() =>
        {
            Assert.That(Chunk(offset, "x"), Is.EqualTo(ReassemblyOutcome.MessageTooLarge));
            Assert.That(_reassembler.Rented, Is.Zero);
            Assert.That(_reassembler.Received, Is.Zero);
        });
    }

    [Test, Description("Edge 32")]
    public void An_empty_chunk_cannot_put_the_end_beyond_the_limit()
    {
        Assert.That(Chunk(long.MaxValue, "", '$'), Is.EqualTo(ReassemblyOutcome.MessageTooLarge));
        Assert.That(_reassembler.Total, Is.Null);
    }

    [Test, Description("Edge 32")]
    public void More_before_its_turn_than_the_gap_buffer_holds_is_refused()
    {
        Assert.That(Chunk(1, new string('a', 500)), Is.EqualTo(ReassemblyOutcome.Taken));
        Assert.That(Chunk(1, new string('b', 500)), Is.EqualTo(ReassemblyOutcome.Taken), "in the place of what is held");
        Assert.That(_reassembler.Held, Is.EqualTo(500));

        Assert.That(Chunk(501, "c"), Is.EqualTo(ReassemblyOutcome.TooManyGaps));
        Assert.That(_reassembler.Rented, Is.Zero, "a message that is lost holds nothing");
        Assert.That(Chunk(0, "a"), Is.EqualTo(ReassemblyOutcome.TooManyGaps));
        Assert.That(Output, Is.Empty);
    }

    [Test, Description("Edge 32")]
    public void More_separate_ranges_than_allowed_are_refused()
    {
        Chunk(0, "a");

        for (var i = 0; i < Limits.Ranges; i++)
        {
            Assert.That(Chunk(2 + (2 * i), "x"), Is.EqualTo(ReassemblyOutcome.Taken));
        }

        Assert.That(Chunk(3, "y"), Is.EqualTo(ReassemblyOutcome.Taken), "joins two");
        Assert.That(Chunk(100, "x"), Is.EqualTo(ReassemblyOutcome.Taken));
        Assert.That(Chunk(200, "x"), Is.EqualTo(ReassemblyOutcome.TooManyGaps));
    }

    [Test, Description("Edge 32")]
    public void A_hundred_thousand_chunks_of_one_octet_backwards_take_no_more_room_than_their_octets()
    {
        const int Length = 100_000;
        using var reassembler = new Reassembler(new ReassemblyLimits(Length, Length, Ranges: 1));

        for (var i = Length - 1; i > 0; i--)
        {
            reassembler.BeginChunk(i);
            reassembler.Append([(byte)i], _output);
            reassembler.EndChunk(i == Length - 1 ? ContinuationFlag.Complete : ContinuationFlag.More, _output);
        }
        Assert.That(reassembler.Held, Is.EqualTo(Length - 1));
        Assert.That(reassembler.Rented, Is.LessThan(Length + Reassembler.PageSize));

        reassembler.BeginChunk(0);
        reassembler.Append([0], _output);
        reassembler.EndChunk(ContinuationFlag.More, _output);

        Assert.That(reassembler.IsComplete, Is.True);
        Assert.That(_output.WrittenSpan.SequenceEqual([.. Enumerable.Range(0, Length).Select(i => (byte)i)]), Is.True);
    }

    [Test, Description("Edge 32")]
    public void Ranges_far_apart_take_at_most_two_pages_each()
    {
        using var reassembler = new Reassembler(new ReassemblyLimits(long.MaxValue, 1 << 20, Ranges: 16));

        for (var i = 1; i <= 16; i++)
        {
            reassembler.BeginChunk(((long)i << 40) - 1);
            Assert.That(reassembler.Append("xx"u8, _output), Is.EqualTo(ReassemblyOutcome.Taken));
        }

        Assert.That(reassembler.Rented, Is.EqualTo(32 * Reassembler.PageSize));
        reassembler.Dispose();
        Assert.That(reassembler.Rented, Is.Zero);
    }

    [Test, Description("Edge 30")]
    public void Offsets_above_four_gibibytes_work()
    {
        const long Length = 5L << 30;
        var counter = new CountingWriter();
        using var reassembler = new Reassembler(new ReassemblyLimits(Length, 1 << 20, Ranges: 4));
        var piece = new byte[1 << 20];

        reassembler.BeginChunk(Length - piece.Length);
        reassembler.Append(piece, counter);
        reassembler.EndChunk(ContinuationFlag.Complete, counter);
        reassembler.BeginChunk(0);

        while (reassembler.Delivered < Length - piece.Length)
        {
            reassembler.Append(piece, counter);
        }
        reassembler.EndChunk(ContinuationFlag.More, counter);

        Assert.That(reassembler.IsComplete, Is.True);
        Assert.That(counter.Written, Is.EqualTo(Length));
    }

    [Test, Description("Edge 33")]
    public void Messages_that_come_by_turns_do_not_mix()
    {
        var otherOutput = new ArrayBufferWriter<byte>();
        using var other = new Reassembler(Limits);

        for (var i = 0; i < 3; i++)
        {
            Chunk(2 * i, "aa", i == 2 ? '$' : '+');
            other.BeginChunk(3 * i);
            other.Append("bbb"u8, otherOutput);
            other.EndChunk(i == 2 ? ContinuationFlag.Complete : ContinuationFlag.More, otherOutput);
        }

        Assert.That(Output, Is.EqualTo("aaaaaa"));
        Assert.That(Encoding.UTF8.GetString(otherOutput.WrittenSpan), Is.EqualTo("bbbbbbbbb"));
    }

    [Test, Description("Edge 34, MSRP-20")]
    public void An_abandoned_message_lets_go_what_it_held_and_takes_nothing_more()
    {
        Chunk(0, "aaaa");
        Chunk(8, "cccc");
        Chunk(4, "b", '#');

        Assert.That(_reassembler.Rented, Is.Zero);
        Chunk(5, "bbb", '$');

        Assert.Multiple(() =>
        {
            Assert.That(Output, Is.EqualTo("aaaab"));
            Assert.That(_reassembler.Held, Is.Zero);
            Assert.That(_reassembler.IsComplete, Is.False);
        });
    }

    [Test, Description("Edge 34")]
    public void A_message_may_be_abandoned_before_its_first_octet()
    {
        Assert.That(Chunk(0, "", '#'), Is.EqualTo(ReassemblyOutcome.Taken));
        Assert.That(_reassembler.IsComplete, Is.False);
    }

    [Test, Description("MSRP-54")]
    public void A_chunk_may_be_as_large_as_the_message()
    {
        Assert.That(Chunk(0, new string('a', 1000), '$'), Is.EqualTo(ReassemblyOutcome.Taken));
        Assert.That(_reassembler.IsComplete, Is.True);
    }

    [Test]
    public void Octets_in_order_allocate_nothing()
    {
        var counter = new CountingWriter();
        using var reassembler = new Reassembler(new ReassemblyLimits(long.MaxValue, 1 << 20, Ranges: 4));
        var piece = new byte[2048];
        var before = 0L;

        for (var i = 0; i < 200; i++)
        {
            if (i == 100)
            {
                before = GC.GetAllocatedBytesForCurrentThread();
            }
            reassembler.BeginChunk(reassembler.Delivered);
            reassembler.Append(piece, counter);
            reassembler.EndChunk(ContinuationFlag.More, counter);
        }

        Assert.That(GC.GetAllocatedBytesForCurrentThread() - before, Is.Zero);
    }

    [Test, Description("MSRP-17, MSRP-21")]
    public void Any_chunks_in_any_order_give_what_a_plain_model_gives()
    {
        var random = new Random(4975);

        for (var run = 0; run < 400; run++)
        {
            var limits = new ReassemblyLimits(random.Next(50, 30_000), random.Next(20_000), random.Next(1, 6));
            var model = new PlainReassembler(limits);
            var output = new ArrayBufferWriter<byte>();
            using var reassembler = new Reassembler(limits);

            for (var chunk = 0; chunk < 30; chunk++)
            {
                var near = random.Next(3) > 0 ? reassembler.Delivered : random.Next(0, (int)limits.MessageSize);
                var offset = Math.Max(0, near + random.Next(-300, 300) * random.Next(0, 3));
                reassembler.BeginChunk(offset);
                model.BeginChunk(offset);

                for (var slice = random.Next(4); slice > 0; slice--)
                {
                    var octets = new byte[random.Next(random.Next(2) == 0 ? 20 : 9000)];
                    random.NextBytes(octets);
                    Assert.That(reassembler.Append(octets, output), Is.EqualTo(model.Append(octets)), $"run {run}, chunk {chunk}");
                    Compare();
                }

                var flag = random.Next(20) switch
                {
                    0 => ContinuationFlag.Complete,
                    1 when random.Next(5) == 0 => ContinuationFlag.Aborted,
                    _ => ContinuationFlag.More,
                };
                Assert.That(reassembler.EndChunk(flag, output), Is.EqualTo(model.EndChunk(flag)), $"run {run}, chunk {chunk}");
                Compare();
            }

            void Compare()
            {
                Assert.That(output.WrittenSpan.SequenceEqual(model.Output.ToArray()), Is.True, $"run {run}");
                Assert.That((reassembler.Delivered, (long)reassembler.Held, reassembler.Total, reassembler.IsComplete),
                    Is.EqualTo(((long)model.Output.Count, (long)model.Held.Count, model.Total, model.Total == model.Output.Count)), $"run {run}");
                Assert.That(reassembler.Rented, Is.LessThanOrEqualTo(limits.GapBuffer + (2 * limits.Ranges * Reassembler.PageSize)));
                Assert.That(reassembler.Held, Is.LessThanOrEqualTo(limits.GapBuffer));
                Assert.That(reassembler.Held > 0 || reassembler.Rented == 0, Is.True, "nothing is rented for nothing");
            }
        }
    }

    [Test, Description("MSRP-17")]
    public void Any_order_split_and_overlap_of_the_chunks_of_a_message_gives_the_message()
    {
        var random = new Random(731);

        for (var run = 0; run < 200; run++)
        {
            var message = new byte[random.Next(1, 50_000)];
            random.NextBytes(message);
            var output = new ArrayBufferWriter<byte>();
            var chunks = Split(random, message.Length);
            using var reassembler = new Reassembler(new ReassemblyLimits(message.Length, message.Length, chunks.Count));

            foreach (var (start, end) in chunks)
            {
                var rest = message.AsSpan(start..end);
                reassembler.BeginChunk(start);

                while (!rest.IsEmpty)
                {
                    var slice = random.Next(1, rest.Length + 1);
                    Assert.That(reassembler.Append(rest[..slice], output), Is.EqualTo(ReassemblyOutcome.Taken));
                    rest = rest[slice..];
                }
                reassembler.EndChunk(end == message.Length ? ContinuationFlag.Complete : ContinuationFlag.More, output);
            }

            Assert.That(reassembler.IsComplete, Is.True, $"run {run}");
            Assert.That(output.WrittenSpan.SequenceEqual(message), Is.True, $"run {run}");
            Assert.That(reassembler.Rented, Is.Zero);
        }
    }

    /// <summary>Chunks that cover so many octets, some of them more than once, in any order.</summary>
    internal static List<(int Start, int End)> Split(Random random, int length)
    {
        var chunks = new List<(int Start, int End)>();

        for (var start = 0; start < length;)
        {
            var end = random.Next(start + 1, Math.Min(length, start + 6000) + 1);
            chunks.Add((Math.Max(0, start - (random.Next(3) == 0 ? random.Next(3000) : 0)), end));
            start = end;
        }

        chunks.AddRange(chunks.Where(_ => random.Next(4) == 0).ToArray());
        var shuffled = chunks.ToArray();
        random.Shuffle(shuffled);
        return [.. shuffled];
    }

    private string Output => Encoding.UTF8.GetString(_output.WrittenSpan);

    private ReassemblyOutcome Chunk(long offset, string octets, char flag = '+')
    {
        _reassembler.BeginChunk(offset);
        var outcome = octets.Length == 0 ? ReassemblyOutcome.Taken : _reassembler.Append(Encoding.UTF8.GetBytes(octets), _output);
        var ended = _reassembler.EndChunk((ContinuationFlag)flag, _output);
        return outcome == ReassemblyOutcome.Taken ? ended : outcome;
    }

    /// <summary>The same rules, octet by octet.</summary>
    private sealed class PlainReassembler(ReassemblyLimits limits)
    {
        private long _position;
        private ReassemblyOutcome? _closed;

        public List<byte> Output { get; } = [];

        public SortedDictionary<long, byte> Held { get; } = [];

        public long? Total { get; private set; }

        public void BeginChunk(long offset) => _position = offset;

        public ReassemblyOutcome Append(byte[] octets)
        {
            if (_closed is { } outcome)
            {
                return outcome;
            }
            if (Total == Output.Count)
            {
                return ReassemblyOutcome.Taken;
            }
            if (_position + octets.Length > limits.MessageSize)
            {
                return Close(ReassemblyOutcome.MessageTooLarge);
            }

            foreach (var octet in octets)
            {
                if (!(_position >= Total))
                {
                    if (_position == Output.Count)
                    {
                        Output.Add(octet);
                        Held.Remove(_position);
                    }
                    else if (_position > Output.Count)
                    {
                        Held[_position] = octet;
                    }
                }
                _position++;
            }

            var ranges = Held.Keys.Count(offset => !Held.ContainsKey(offset - 1));
            return Held.Count > limits.GapBuffer || ranges > limits.Ranges ? Close(ReassemblyOutcome.TooManyGaps) : ReassemblyOutcome.Taken;
        }

        public ReassemblyOutcome EndChunk(ContinuationFlag flag)
        {
            if (_closed is { } outcome)
            {
                return outcome;
            }
            if (flag == ContinuationFlag.Aborted)
            {
                return Total == Output.Count ? ReassemblyOutcome.Taken : Close(ReassemblyOutcome.Taken);
            }
            if (flag == ContinuationFlag.Complete && Total is null)
            {
                if (_position > limits.MessageSize)
                {
                    return Close(ReassemblyOutcome.MessageTooLarge);
                }
                Total = Math.Max(_position, Output.Count);

                foreach (var offset in Held.Keys.Where(offset => offset >= Total).ToArray())
                {
                    Held.Remove(offset);
                }
            }
            while (Held.Remove(Output.Count, out var octet))
            {
                Output.Add(octet);
            }
            return ReassemblyOutcome.Taken;
        }

        private ReassemblyOutcome Close(ReassemblyOutcome outcome)
        {
            _closed = outcome;
            Held.Clear();
            return outcome;
        }
    }

    private sealed class CountingWriter : IBufferWriter<byte>
    {
        private readonly byte[] _buffer = new byte[1 << 20];

        public long Written { get; private set; }

        public void Advance(int count) => Written += count;

        public Memory<byte> GetMemory(int sizeHint = 0) => _buffer;

        public Span<byte> GetSpan(int sizeHint = 0) => _buffer;
    }
}
