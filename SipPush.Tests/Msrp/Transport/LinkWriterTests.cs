using System.Buffers;
using SipPush.Msrp.Transport;

namespace SipPush.Tests.Msrp.Transport;

public sealed class LinkWriterTests
{
    private static readonly byte[] Octets = [.. Enumerable.Range(0, 700_000).Select(i => (byte)(i % 251))];

    [TestCase(1, 1)]
    [TestCase(2048, 60)]
    [TestCase(100_000, 7)]
    [TestCase(700_000, 1)]
    public async Task What_is_flushed_together_is_written_together(int size, int pieces)
    {
        using var stream = new Stream();
        var writer = new LinkWriter(stream);

        for (var i = 0; i < pieces; i++)
        {
            writer.Write(Octets.AsSpan(i * size, size));
        }

        Assert.That(stream.Writes, Is.Zero);
        Assert.That(writer.UnflushedBytes, Is.EqualTo(size * pieces));
        var result = await writer.FlushAsync();
        Assert.That(result.IsCompleted || result.IsCanceled, Is.False);
        Assert.That(stream.Writes, Is.EqualTo(1));
        Assert.That(stream.ToArray(), Is.EqualTo(Octets[..(size * pieces)]));
        Assert.That(writer.UnflushedBytes, Is.Zero);
    }

    [Test]
    public async Task A_flush_takes_as_long_as_the_stream_does()
    {
        using var stream = new Stream { Taken = new TaskCompletionSource() };
        var writer = new LinkWriter(stream);
        writer.Write(Octets.AsSpan(0, 10));

        var flush = writer.FlushAsync().AsTask();

        Assert.That(flush.IsCompleted, Is.False);
        stream.Taken.SetResult();
        await flush.WaitAsync(MsrpWire.Patience);
        Assert.That(writer.UnflushedBytes, Is.Zero);
    }

    [Test]
    public void A_flush_fails_as_the_stream_does()
    {
        using var stream = new Stream { Taken = new TaskCompletionSource() };
        stream.Taken.SetException(new IOException("broken"));
        var writer = new LinkWriter(stream);
        writer.Write(Octets.AsSpan(0, 10));

        Assert.That(async () => await writer.FlushAsync(), Throws.TypeOf<IOException>());
        Assert.That(writer.UnflushedBytes, Is.Zero);
    }

    [Test]
    public void What_was_not_flushed_is_dropped()
    {
        using var stream = new Stream();
        var writer = new LinkWriter(stream);
        writer.Write(Octets.AsSpan(0, 10));

        writer.Complete();

        Assert.That(writer.UnflushedBytes, Is.Zero);
        Assert.That(stream.Writes, Is.Zero);
    }

    private sealed class Stream : MemoryStream
    {
        public TaskCompletionSource? Taken { get; init; }

        public int Writes { get; private set; }

        public override async ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
        {
            Writes++;
            Write(buffer.Span);
            await (Taken?.Task ?? Task.CompletedTask);
        }
    }
}
