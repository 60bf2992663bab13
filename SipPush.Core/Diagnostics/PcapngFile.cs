using System.Buffers.Binary;
using System.Text;

namespace SipPush.Diagnostics;

/// <summary>A capture of IP packets as pcapng has it: blocks of a type, a length, a body padded to 32 bits, and the length again.</summary>
/// <remarks>Not safe for concurrent use.</remarks>
internal sealed class PcapngFile
{
    private const int LinkTypeRaw = 101;

    private readonly Stream _file;
    private readonly long? _maximumOctets;
    private bool _isClosed;

    /// <summary>Writes to a stream, which it disposes of. Beyond <paramref name="maximumOctets"/> no packet is begun.</summary>
    public PcapngFile(Stream file, long? maximumOctets)
    {
        _file = file;
        _maximumOctets = maximumOctets;
        WriteSectionHeader();
        WriteInterface();
    }

    /// <summary>Octets so far.</summary>
    public long Length { get; private set; }

    /// <summary>Why nothing more could be written; null when nothing has gone wrong.</summary>
    public IOException? Error { get; private set; }

    /// <summary>Whether it takes no more packets: closed, failed, or as large as it may be.</summary>
    public bool IsFull => _isClosed || Error is not null || Length >= _maximumOctets;

    /// <summary>Ends the file.</summary>
    public void Close()
    {
        if (!_isClosed)
        {
            _isClosed = true;
            try
            {
                _file.Dispose();
            }
            catch (IOException failure)
            {
                Error ??= failure;
            }
        }
    }

    /// <summary>Writes a packet, from the first octet of its IP header on; nothing when the file is full.</summary>
    public void WritePacket(DateTimeOffset time, ReadOnlySpan<byte> packet, string? comment)
    {
        if (IsFull)
        {
            return;
        }

        var padding = -packet.Length & 3;
        var option = comment is null ? [] : Encoding.UTF8.GetBytes(comment);
        var optionPadding = -option.Length & 3;
        var length = 32 + packet.Length + padding + (comment is null ? 0 : 8 + option.Length + optionPadding);
        var microseconds = (ulong)(time - DateTimeOffset.UnixEpoch).Ticks / TimeSpan.TicksPerMicrosecond;

        Span<byte> head = stackalloc byte[28];
        BinaryPrimitives.WriteUInt32LittleEndian(head, 6);
        BinaryPrimitives.WriteInt32LittleEndian(head[4..], length);
        BinaryPrimitives.WriteInt32LittleEndian(head[8..], 0);
        BinaryPrimitives.WriteUInt32LittleEndian(head[12..], (uint)(microseconds >> 32));
        BinaryPrimitives.WriteUInt32LittleEndian(head[16..], (uint)microseconds);
        BinaryPrimitives.WriteInt32LittleEndian(head[20..], packet.Length);
        BinaryPrimitives.WriteInt32LittleEndian(head[24..], packet.Length);
        Write(head);
        Write(packet);

        Span<byte> tail = stackalloc byte[4];
        tail.Clear();
        Write(tail[..padding]);
        if (comment is not null)
        {
            BinaryPrimitives.WriteUInt16LittleEndian(tail, 1);
            BinaryPrimitives.WriteUInt16LittleEndian(tail[2..], (ushort)option.Length);
            Write(tail);
            Write(option);
            tail.Clear();
            Write(tail[..optionPadding]);
            Write(tail);
        }

        BinaryPrimitives.WriteInt32LittleEndian(tail, length);
        Write(tail);
    }

    private void WriteSectionHeader()
    {
        Span<byte> block = stackalloc byte[28];
        BinaryPrimitives.WriteUInt32LittleEndian(block, 0x0A0D0D0A);
        BinaryPrimitives.WriteInt32LittleEndian(block[4..], block.Length);
        BinaryPrimitives.WriteUInt32LittleEndian(block[8..], 0x1A2B3C4D);
        BinaryPrimitives.WriteUInt16LittleEndian(block[12..], 1);
        BinaryPrimitives.WriteInt64LittleEndian(block[16..], -1);
        BinaryPrimitives.WriteInt32LittleEndian(block[24..], block.Length);
        Write(block);
    }

    private void WriteInterface()
    {
        Span<byte> block = stackalloc byte[20];
        BinaryPrimitives.WriteUInt32LittleEndian(block, 1);
        BinaryPrimitives.WriteInt32LittleEndian(block[4..], block.Length);
        BinaryPrimitives.WriteUInt16LittleEndian(block[8..], LinkTypeRaw);
        BinaryPrimitives.WriteInt32LittleEndian(block[12..], 0);
        BinaryPrimitives.WriteInt32LittleEndian(block[16..], block.Length);
        Write(block);
    }

    // A full disk ends the recording and nothing else.
    private void Write(ReadOnlySpan<byte> octets)
    {
        if (Error is null)
        {
            try
            {
                _file.Write(octets);
                Length += octets.Length;
            }
            catch (IOException failure)
            {
                Error = failure;
            }
        }
    }
}
