using System.Text;
using SipPush.Sip.Transactions;

namespace SipPush.Tests.Sip.Transactions;

[Description("SIP-33, SIP-38")]
[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
public sealed class CompletedTransactionsTests
{
    private readonly CompletedTransactions _completed = new(maxBytes: 64 * 1024 * 1024, segmentSize: 1024);

    [Test]
    public void A_response_is_found_by_its_key_until_its_deadline()
    {
        Add("key", "merge", "response", 32);

        Assert.That(Find("key"), Is.EqualTo("response"));
        Assert.That(Find("kez"), Is.Null);
        Assert.That(_completed.NextDeadline, Is.EqualTo(TimeSpan.FromSeconds(32)));
        Assert.That(_completed.RemoveExpired(TimeSpan.FromSeconds(31.999)), Is.Zero);
        Assert.That(_completed.RemoveExpired(TimeSpan.FromSeconds(32)), Is.EqualTo(1));
        Assert.That(Find("key"), Is.Null);
        Assert.That(_completed.NextDeadline, Is.Null);
        Assert.That((_completed.Count, _completed.Bytes), Is.EqualTo((0, 0L)));
    }

    [Test]
    [Description("SIP-38, RFC 3261 §8.2.2.2")]
    public void A_merge_key_is_found_under_another_key_alone()
    {
        Add("a", "merge", "1", 32);
        var alone = Merged("merge", except: "a");
        Add("b", "merge", "2", 33);

        Assert.That(alone, Is.False);
        Assert.That(Merged("merge", except: "a"), Is.True);
        Assert.That(Merged("merge", except: "b"), Is.True);
        Assert.That(Merged("merge", except: "c"), Is.True);
        Assert.That(Merged("other", except: "c"), Is.False);

        _completed.RemoveExpired(TimeSpan.FromSeconds(32));

        Assert.That(Merged("merge", except: "b"), Is.False);
    }

    [Test]
    public void Without_a_merge_key_it_is_found_by_its_key_alone()
    {
        Add("a", "", "1", 32);

        Assert.That(Find("a"), Is.EqualTo("1"));
        Assert.That(Merged("", except: "b"), Is.False);
        Assert.That(_completed.RemoveExpired(TimeSpan.FromSeconds(32)), Is.EqualTo(1));
    }

    [Test]
    public void An_empty_response_and_a_key_of_any_parity_are_as_good_as_others()
    {
        Add("", "m", "", 1);
        Add("k", "m", "1", 1);
        Add("k\0", "m", "2", 1);

        Assert.That(Find(""), Is.Empty);
        Assert.That(Find("k"), Is.EqualTo("1"));
        Assert.That(Find("k\0"), Is.EqualTo("2"));
    }

    [Test]
    public void Records_pass_through_the_segments_many_times_over()
    {
        const int Alive = 300;

        for (var i = 0; i < 20_000; i++)
        {
            Add($"key {i}", $"merge {i}", new string((char)('a' + (i % 26)), i % 400), i);
            Assert.That(_completed.RemoveExpired(TimeSpan.FromSeconds(i - Alive)), Is.EqualTo(i >= Alive ? 1 : 0));

            if (i % 97 == 0)
            {
                for (var j = Math.Max(0, i - Alive + 1); j <= i; j++)
                {
                    Assert.That(Find($"key {j}"), Is.EqualTo(new string((char)('a' + (j % 26)), j % 400)));
                    Assert.That(Merged($"merge {j}", except: ""), Is.True);
                }
                Assert.That(Find($"key {i - Alive}"), Is.Null);
                Assert.That(Merged($"merge {i - Alive}", except: ""), Is.False);
            }
        }

        Assert.That(_completed.Count, Is.EqualTo(Alive));
        Assert.That(_completed.Evicted, Is.Zero);
    }

    [Test]
    public void Segment_numbers_may_start_again()
    {
        var completed = new CompletedTransactions(1024 * 1024, segmentSize: 128);
        var response = new byte[88];

        // A segment a record: twice the 131 072 segments that can be numbered.
        for (var i = 0; i < 270_000; i++)
        {
            var key = BitConverter.GetBytes(i);
            completed.Add(key, [], response, TimeSpan.FromSeconds(i));
            completed.RemoveExpired(TimeSpan.FromSeconds(i - 50));

            if (!completed.TryFind(BitConverter.GetBytes(Math.Max(0, i - 49)), out _))
            {
                Assert.Fail($"lost at {i}");
            }
        }

        Assert.That(completed.Count, Is.EqualTo(50));
    }

    [Test]
    public void A_record_larger_than_a_segment_has_one_of_its_own()
    {
        var large = new string('x', 100_000);
        Add("a", "m", "1", 1);
        Add("large", "m", large, 2);
        Add("b", "m", "2", 3);

        Assert.That(Find("large"), Is.EqualTo(large));
        Assert.That(Find("b"), Is.EqualTo("2"));
        Assert.That(_completed.RemoveExpired(TimeSpan.FromSeconds(2)), Is.EqualTo(2));
        Assert.That(Find("b"), Is.EqualTo("2"));
        Assert.That(Merged("m", except: "b"), Is.False);
    }

    [Test]
    public void Beyond_its_capacity_the_oldest_go_and_are_counted()
    {
        var completed = new CompletedTransactions(10_000);

        for (var i = 0; i < 1000; i++)
        {
            completed.Add(Bytes($"key {i}"), Bytes("merge"), new byte[300], TimeSpan.FromSeconds(i));
            Assert.That(completed.Bytes, Is.LessThanOrEqualTo(10_000));
        }

        Assert.That(completed.Count + completed.Evicted, Is.EqualTo(1000));
        Assert.That(completed.Count, Is.InRange(25, 30));
        Assert.That(completed.TryFind(Bytes("key 999"), out _), Is.True);
        Assert.That(completed.TryFind(Bytes("key 0"), out _), Is.False);
    }

    [Test]
    public void What_is_larger_than_the_capacity_is_not_kept_and_drives_nothing_out()
    {
        var completed = new CompletedTransactions(10_000);
        completed.Add(Bytes("a"), [], Bytes("1"), TimeSpan.FromSeconds(1));

        completed.Add(Bytes("b"), [], new byte[10_000], TimeSpan.FromSeconds(1));

        Assert.That((completed.Count, completed.Evicted), Is.EqualTo((1, 1L)));
        Assert.That(completed.TryFind(Bytes("b"), out _), Is.False);
    }

    [Test]
    public void Keys_with_one_hash_are_told_apart()
    {
        var (first, second) = Collision();
        _completed.Add(first, first, Bytes("1"), TimeSpan.FromSeconds(1));
        var other = _completed.TryFind(second, out _) || _completed.ContainsMerged(second, []);
        _completed.Add(second, second, Bytes("2"), TimeSpan.FromSeconds(2));

        Assert.That(other, Is.False);
        Assert.That(Find(first), Is.EqualTo("1"));
        Assert.That(Find(second), Is.EqualTo("2"));
        Assert.That(_completed.ContainsMerged(second, second), Is.False);

        _completed.RemoveExpired(TimeSpan.FromSeconds(1));

        Assert.That(Find(first), Is.Null);
        Assert.That(Find(second), Is.EqualTo("2"));
    }

    [Test]
    public void Keys_that_differ_in_their_odd_last_octet_alone_have_different_hashes()
    {
        var hashes = Enumerable.Range(0, 256).Select(i => CompletedTransactions.Hash([1, 2, (byte)i])).Append(CompletedTransactions.Hash([1, 2]));

        Assert.That(hashes, Is.Unique);
    }

    [Test]
    [CancelAfter(30_000)]
    public void A_flood_with_one_merge_key_costs_no_more_than_any_other(CancellationToken cancellationToken)
    {
        const int Count = 200_000;

        for (var i = 0; i < Count; i++)
        {
            cancellationToken.ThrowIfCancellationRequested();
            var merged = _completed.ContainsMerged("one for all"u8, BitConverter.GetBytes(i));
            _completed.Add(BitConverter.GetBytes(i), "one for all"u8, "1"u8, TimeSpan.FromSeconds(i));

            if (merged != i > 0)
            {
                Assert.Fail($"wrong at {i}");
            }
        }

        for (var i = 0; i < Count; i++)
        {
            cancellationToken.ThrowIfCancellationRequested();
            _completed.RemoveExpired(TimeSpan.FromSeconds(i));
        }

        Assert.That(_completed.Count, Is.Zero);
    }

    [Test]
    public void A_record_with_two_keys_of_60_octets_and_a_response_of_345_takes_less_than_600()
    {
        const int Count = 200_000;
        var completed = new CompletedTransactions(1L << 30);
        var key = new byte[60];
        var response = new byte[345];
        var before = GC.GetTotalMemory(forceFullCollection: true);

        for (var i = 0; i < Count; i++)
        {
            BitConverter.TryWriteBytes(key, i);
            completed.Add(key, key, response, TimeSpan.FromSeconds(32));
        }

        var each = (GC.GetTotalMemory(forceFullCollection: true) - before) / (double)Count;
        TestContext.Out.WriteLine($"{each:F1} octets a record");
        Assert.That(completed.Count, Is.EqualTo(Count));
        // The target is 600; the rest is room for what else the runtime may be doing.
        Assert.That(each, Is.LessThan(700));
    }

    private static (byte[] First, byte[] Second) Collision()
    {
        var seen = new Dictionary<uint, int>();

        // Some 80 000 keys on average until two have the same 32 bits.
        for (var i = 0; ; i++)
        {
            var key = BitConverter.GetBytes(i);

            if (!seen.TryAdd(CompletedTransactions.Hash(key), i))
            {
                return (BitConverter.GetBytes(seen[CompletedTransactions.Hash(key)]), key);
            }
        }
    }

    private static byte[] Bytes(string text) => Encoding.ASCII.GetBytes(text);

    private void Add(string key, string mergeKey, string response, double deadline) =>
        _completed.Add(Bytes(key), Bytes(mergeKey), Bytes(response), TimeSpan.FromSeconds(deadline));

    private string? Find(string key) => Find(Bytes(key));

    private string? Find(byte[] key) => _completed.TryFind(key, out var response) ? Encoding.ASCII.GetString(response) : null;

    private bool Merged(string mergeKey, string except) => _completed.ContainsMerged(Bytes(mergeKey), Bytes(except));
}
