using System.Buffers;
using System.Text;

namespace SipPush.Msrp.Framing;

/// <summary>Writes frames as RFC 4975 §9 has them: paths first, Content-Type last, CRLF everywhere. Each method asks for one span and advances once.</summary>
internal static class MsrpFrameWriter
{
    // The words, colons, spaces, line ends and numbers of any frame here; a REPORT, which has most, has fewer than 200 of them.
    private const int FixedLength = 256;

    /// <summary><c>CRLF-------id flag CRLF</c> after a body; without the first CRLF when <paramref name="afterBody"/> is false.</summary>
    public static void WriteEndLine(IBufferWriter<byte> output, ReadOnlySpan<byte> transactionId, ContinuationFlag flag, bool afterBody)
    {
        var pen = new Pen(output.GetSpan(FixedLength + transactionId.Length));

        if (afterBody)
        {
            pen.Put("\r\n"u8);
        }

        pen.PutEndLine(transactionId, flag);
        output.Advance(pen.Length);
    }

    /// <summary>The head of a SEND up to and with the empty line. <paramref name="paths"/> holds both path lines with their CRLFs, <paramref name="headers"/>
    /// all that stays the same from chunk to chunk between Byte-Range and Content-Type, CRLFs included, or is empty.</summary>
    public static void WriteSendHead(IBufferWriter<byte> output, ReadOnlySpan<byte> transactionId, ReadOnlySpan<byte> paths, ReadOnlySpan<byte> messageId, ByteRange range, ReadOnlySpan<byte> headers, ReadOnlySpan<byte> contentType)
    {
        var pen = new Pen(output.GetSpan(FixedLength + transactionId.Length + paths.Length + messageId.Length + headers.Length + contentType.Length));

        pen.PutStart(transactionId);
        pen.Put("SEND\r\n"u8);
        pen.Put(paths);
        pen.PutLine("Message-ID: "u8, messageId);
        pen.PutRange(range);
        pen.Put(headers);
        pen.PutLine("Content-Type: "u8, contentType);
        pen.Put("\r\n"u8);
        output.Advance(pen.Length);
    }

    /// <summary>A whole response. <paramref name="headers"/> are further header lines, CRLFs included, or empty.</summary>
    public static void WriteResponse(IBufferWriter<byte> output, ReadOnlySpan<byte> transactionId, int status, ReadOnlySpan<byte> toPath, ReadOnlySpan<byte> fromPath, ReadOnlySpan<byte> headers = default)
    {
        var pen = new Pen(output.GetSpan(FixedLength + (2 * transactionId.Length) + toPath.Length + fromPath.Length + headers.Length));

        pen.PutStart(transactionId);
        pen.PutStatus(status);
        pen.PutPaths(toPath, fromPath);
        pen.Put(headers);
        pen.PutEndLine(transactionId, ContinuationFlag.Complete);
        output.Advance(pen.Length);
    }

    /// <summary>A whole REPORT (RFC 4975 §7.1.2).</summary>
    public static void WriteReport(IBufferWriter<byte> output, ReadOnlySpan<byte> transactionId, ReadOnlySpan<byte> toPath, ReadOnlySpan<byte> fromPath, ReadOnlySpan<byte> messageId, ByteRange range, int status)
    {
        var pen = new Pen(output.GetSpan(FixedLength + (2 * transactionId.Length) + toPath.Length + fromPath.Length + messageId.Length));

        pen.PutStart(transactionId);
        pen.Put("REPORT\r\n"u8);
        pen.PutPaths(toPath, fromPath);
        pen.PutLine("Message-ID: "u8, messageId);
        pen.PutRange(range);
        pen.Put("Status: 000 "u8);
        pen.PutStatus(status);
        pen.PutEndLine(transactionId, ContinuationFlag.Complete);
        output.Advance(pen.Length);
    }

    /// <summary>A whole request without a body: AUTH, and the bodiless SEND that binds a session. <paramref name="headers"/> are header lines, CRLFs included.</summary>
    public static void WriteBodiless(IBufferWriter<byte> output, ReadOnlySpan<byte> transactionId, ReadOnlySpan<byte> method, ReadOnlySpan<byte> toPath, ReadOnlySpan<byte> fromPath, ReadOnlySpan<byte> headers)
    {
        var pen = new Pen(output.GetSpan(FixedLength + (2 * transactionId.Length) + method.Length + toPath.Length + fromPath.Length + headers.Length));

        pen.PutStart(transactionId);
        pen.PutLine(method, default);
        pen.PutPaths(toPath, fromPath);
        pen.Put(headers);
        pen.PutEndLine(transactionId, ContinuationFlag.Complete);
        output.Advance(pen.Length);
    }

    private ref struct Pen(Span<byte> span)
    {
        private readonly Span<byte> _span = span;

        public int Length { get; private set; }

        public void Put(ReadOnlySpan<byte> octets)
        {
            octets.CopyTo(_span[Length..]);
            Length += octets.Length;
        }

        public void PutLine(ReadOnlySpan<byte> name, ReadOnlySpan<byte> value)
        {
            Put(name);
            Put(value);
            Put("\r\n"u8);
        }

        public void PutStart(ReadOnlySpan<byte> transactionId)
        {
            Put("MSRP "u8);
            Put(transactionId);
            Put(" "u8);
        }

        public void PutPaths(ReadOnlySpan<byte> toPath, ReadOnlySpan<byte> fromPath)
        {
            PutLine("To-Path: "u8, toPath);
            PutLine("From-Path: "u8, fromPath);
        }

        public void PutRange(ByteRange range)
        {
            Put("Byte-Range: "u8);
            Length += range.Format(_span[Length..]);
            Put("\r\n"u8);
        }

        /// <summary>The code, its words when there are any, and the end of the line.</summary>
        public void PutStatus(int status)
        {
            status.TryFormat(_span[Length..], out var digits, "D3");
            Length += digits;

            if (MsrpStatus.ReasonOf(status) is { Length: > 0 } reason)
            {
                Put(" "u8);
                Length += Encoding.ASCII.GetBytes(reason, _span[Length..]);
            }

            Put("\r\n"u8);
        }

        public void PutEndLine(ReadOnlySpan<byte> transactionId, ContinuationFlag flag)
        {
            Put("-------"u8);
            Put(transactionId);
            _span[Length++] = (byte)flag;
            Put("\r\n"u8);
        }
    }
}
