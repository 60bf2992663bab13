using System.Buffers;
using SipPush.Msrp;
using SipPush.Msrp.Framing;

namespace SipPush.Benchmarks;

/// <summary>Streams of chunks to read.</summary>
internal static class MsrpStreams
{
    /// <summary>The end-line of every frame up to its flag.</summary>
    public static ReadOnlySpan<byte> Needle => "\r\n-------k3mzq8vh2xw9c4nd"u8;

    /// <summary>Frames with bodies of <paramref name="chunk"/> octets, as many as <paramref name="length"/> octets of body need.</summary>
    /// <param name="falseEndLines">The bodies are lines that are end-lines but for their flag, in place of random octets.</param>
    public static byte[] Create(int length, int chunk, bool falseEndLines)
    {
        var output = new ArrayBufferWriter<byte>(length + (length / 4) + 4096);
        var body = Body(chunk, falseEndLines);

        for (var at = 0; at < length; at += chunk)
        {
            MsrpFrameWriter.WriteSendHead(
                output, Needle[9..],
                "To-Path: msrp://userpc.domain.com:8888/9di4eae923wzd;tcp\r\nFrom-Path: msrp://psa.domain.com:7654/a3cd20b8ae7f;tcp\r\n"u8,
                "12339sdqwer4fgh5"u8, new ByteRange(at + 1, null, length), "Success-Report: yes\r\nFailure-Report: partial\r\nContent-Disposition: render\r\n"u8,
                "application/vnd.oma.push"u8);
            output.Write(body);
            MsrpFrameWriter.WriteEndLine(output, Needle[9..], at + chunk < length ? ContinuationFlag.More : ContinuationFlag.Complete, afterBody: true);
        }

        return output.WrittenSpan.ToArray();
    }

    private static byte[] Body(int length, bool falseEndLines)
    {
        var body = new byte[length];
        if (!falseEndLines)
        {
            new Random(4975).NextBytes(body);
            return body;
        }

        byte[] line = [.. Needle, (byte)'*'];
        for (var i = 0; i < length; i++)
        {
            body[i] = line[i % line.Length];
        }

        return body;
    }
}
