namespace SipPush.Tests.Torture;

/// <summary>A body of any length, of which every octet is known by its place.</summary>
internal sealed class MsrpGeneratedBody(long length) : Stream
{
    /// <summary>Where it begins to fail; never by default.</summary>
    public long FailsAt { get; init; } = long.MaxValue;

    public override bool CanRead => true;

    public override bool CanSeek => false;

    public override bool CanWrite => false;

    public override long Length => length;

    public override long Position { get; set; }

    /// <summary>The octet at that offset, counted from 0.</summary>
    public static byte At(long offset) => (byte)('a' + (((offset * 7) + (offset >> 8)) % 26));

    /// <summary>Octets from that offset on.</summary>
    public static byte[] Octets(long offset, int count)
    {
        var octets = new byte[count];
        for (var i = 0; i < count; i++)
        {
            octets[i] = At(offset + i);
        }

        return octets;
    }

    public override int Read(byte[] buffer, int offset, int count) => Read(buffer.AsSpan(offset, count));

    public override int Read(Span<byte> buffer)
    {
        var count = (int)Math.Min(buffer.Length, Math.Min(length, FailsAt) - Position);
        if (count == 0 && Position == FailsAt)
        {
            throw new IOException(SutLog.Ordered);
        }

        Octets(Position, count).CopyTo(buffer);
        Position += count;
        return count;
    }

    public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        try
        {
            return new ValueTask<int>(Read(buffer.Span));
        }
        catch (IOException failure)
        {
            return ValueTask.FromException<int>(failure);
        }
    }

    public override void Flush()
    {
    }

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();
}
