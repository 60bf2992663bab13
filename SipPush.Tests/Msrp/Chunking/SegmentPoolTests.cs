using System.Buffers;
using SipPush.Msrp.Chunking;

namespace SipPush.Tests.Msrp.Chunking;

public sealed class SegmentPoolTests
{
    [Test]
    public void Segments_grow_from_4_to_64_KiB_with_what_has_been_rented()
    {
        using var pool = new SegmentPool();

        var lengths = Enumerable.Range(0, 8).Select(_ =>
        {
            using var segment = pool.Rent();
            return segment.Memory.Length / 1024;
        });

        Assert.That(lengths, Is.EqualTo([4, 4, 8, 16, 32, 64, 64, 64]));
    }

    [Test]
    public void A_larger_piece_is_given_as_large_as_it_was_asked_for()
    {
        using var pool = new SegmentPool();

        using var segment = pool.Rent(100_000);

        Assert.That(segment.Memory.Length, Is.GreaterThanOrEqualTo(100_000));
    }

    [Test]
    public void A_segment_gives_its_array_back_once()
    {
        using var pool = new SegmentPool();
        var segment = pool.Rent();

        segment.Dispose();
        segment.Dispose();

        var first = ArrayPool<byte>.Shared.Rent(SegmentPool.Smallest);
        var second = ArrayPool<byte>.Shared.Rent(SegmentPool.Smallest);
        Assert.That(second, Is.Not.SameAs(first));
        Assert.That(segment.Memory.Length, Is.Zero);
        ArrayPool<byte>.Shared.Return(first);
        ArrayPool<byte>.Shared.Return(second);
    }
}
