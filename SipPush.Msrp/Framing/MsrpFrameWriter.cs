using System.Buffers;

namespace SipPush.Msrp.Framing;

/// <summary>Writes frames as RFC 4975 §9 has them: paths first, Content-Type last, CRLF everywhere. Each method asks for one span and advances once.</summary>
internal static class MsrpFrameWriter
{
    /// <summary><c>CRLF-------id flag CRLF</c> after a body; without the first CRLF when <paramref name="afterBody"/> is false.</summary>
    public static void WriteEndLine(IBufferWriter<byte> output, ReadOnlySpan<byte> transactionId, ContinuationFlag flag, bool afterBody) => throw new NotImplementedException();

    /// <summary>The head of a SEND up to and with the empty line. <paramref name="paths"/> holds both path lines with their CRLFs, <paramref name="headers"/>
    /// all that stays the same from chunk to chunk between Byte-Range and Content-Type, CRLFs included, or is empty.</summary>
    public static void WriteSendHead(IBufferWriter<byte> output, ReadOnlySpan<byte> transactionId, ReadOnlySpan<byte> paths, ReadOnlySpan<byte> messageId, ByteRange range, ReadOnlySpan<byte> headers, ReadOnlySpan<byte> contentType) => throw new NotImplementedException();

    /// <summary>A whole response. <paramref name="headers"/> are further header lines, CRLFs included, or empty.</summary>
    public static void WriteResponse(IBufferWriter<byte> output, ReadOnlySpan<byte> transactionId, int status, ReadOnlySpan<byte> toPath, ReadOnlySpan<byte> fromPath, ReadOnlySpan<byte> headers = default) => throw new NotImplementedException();

    /// <summary>A whole REPORT (RFC 4975 §7.1.2).</summary>
    public static void WriteReport(IBufferWriter<byte> output, ReadOnlySpan<byte> transactionId, ReadOnlySpan<byte> toPath, ReadOnlySpan<byte> fromPath, ReadOnlySpan<byte> messageId, ByteRange range, int status) => throw new NotImplementedException();

    /// <summary>A whole request without a body: AUTH, and the bodiless SEND that binds a session. <paramref name="headers"/> are header lines, CRLFs included.</summary>
    public static void WriteBodiless(IBufferWriter<byte> output, ReadOnlySpan<byte> transactionId, ReadOnlySpan<byte> method, ReadOnlySpan<byte> toPath, ReadOnlySpan<byte> fromPath, ReadOnlySpan<byte> headers) => throw new NotImplementedException();
}
