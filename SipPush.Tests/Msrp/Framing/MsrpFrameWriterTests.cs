using System.Buffers;
using System.Text;
using SipPush.Msrp;
using SipPush.Msrp.Framing;

namespace SipPush.Tests.Msrp.Framing;

public sealed class MsrpFrameWriterTests
{
    private const string To = "msrp://userpc.domain.com:8888/9di4ea;tcp";
    private const string From = "msrp://psa.domain.com:7654/a3cd20b8ae7f;tcp";

    // The three chunks of OMA Push using SIP, appendix B, in their corrected form.
    private static readonly string Sample = Push("d93kswow", "1-2048/4385", 2048, '+') + Answer("d93kswow") +
        Push("e84ltxpx", "2049-4096/4385", 2048, '+') + Answer("e84ltxpx") +
        Push("f75muyqy", "4097-4385/4385", 289, '$') + Answer("f75muyqy") +
        $"""
        MSRP dkei38sd REPORT
        To-Path: {From}
        From-Path: {To}
        Message-ID: 12339sdqwer
        Byte-Range: 1-4385/4385
        Status: 000 200 OK
        -------dkei38sd$

        """.ReplaceLineEndings("\r\n");

    private readonly ArrayBufferWriter<byte> _output = new();

    [SetUp]
    public void Clear() => _output.Clear();

    [Test]
    [Description("MSRP-55, MSRP-05, MSRP-08")]
    public void The_sample_is_written_as_it_stands()
    {
        WritePush("d93kswow"u8, new ByteRange(1, 2048, 4385), 2048, ContinuationFlag.More);
        WritePush("e84ltxpx"u8, new ByteRange(2049, 4096, 4385), 2048, ContinuationFlag.More);
        WritePush("f75muyqy"u8, new ByteRange(4097, 4385, 4385), 289, ContinuationFlag.Complete);
        MsrpFrameWriter.WriteReport(_output, "dkei38sd"u8, Utf8(From), Utf8(To), "12339sdqwer"u8, new ByteRange(1, 4385, 4385), 200);

        Assert.That(Written(), Is.EqualTo(Sample));

        void WritePush(ReadOnlySpan<byte> id, ByteRange range, int length, ContinuationFlag flag)
        {
            MsrpFrameWriter.WriteSendHead(
                _output, id, Utf8($"To-Path: {To}\r\nFrom-Path: {From}\r\n"), "12339sdqwer"u8, range, "Success-Report: yes\r\n"u8, "application/vnd.oma.push"u8);
            _output.Write(Utf8(new string('p', length)));
            MsrpFrameWriter.WriteEndLine(_output, id, flag, afterBody: true);
            MsrpFrameWriter.WriteResponse(_output, id, 200, Utf8(From), Utf8(To));
        }
    }

    [Test]
    [Description("MSRP-55")]
    public void The_sample_is_read_as_three_chunks_three_answers_and_one_report()
    {
        var trace = FrameTrace.Of(Sample);

        Assert.That(trace.Frames.Select(frame => (frame.TransactionId, frame.StatusCode, frame.ByteRange, frame.Octets.Length, (char)frame.Flag)), Is.EqualTo(
        [
            ("d93kswow", 0, new ByteRange(1, 2048, 4385), 2048, '+'), ("d93kswow", 200, (ByteRange?)null, 0, '$'),
            ("e84ltxpx", 0, new ByteRange(2049, 4096, 4385), 2048, '+'), ("e84ltxpx", 200, (ByteRange?)null, 0, '$'),
            ("f75muyqy", 0, new ByteRange(4097, 4385, 4385), 289, '$'), ("f75muyqy", 200, (ByteRange?)null, 0, '$'),
            ("dkei38sd", 0, new ByteRange(1, 4385, 4385), 0, '$'),
        ]));
        Assert.That(trace.Frames.All(frame => frame.Error.Fault == MsrpFault.None), Is.True);
        Assert.That(trace.Frames[^1].ReportStatus, Is.EqualTo(200));
    }

    [Test]
    [Description("MSRP-55")]
    public void The_sample_as_it_is_printed_is_read_as_two_chunks()
    {
        var trace = FrameTrace.Of(Push("d93kswow", "1-2048/4385", 2048, '+') + Push("e84ltxpx", "2049-*/4385", 2337, '$'));

        Assert.That(trace.Frames.Select(frame => (frame.ByteRange, frame.Octets.Length, (char)frame.Flag)), Is.EqualTo(
        [
            ((ByteRange?)new ByteRange(1, 2048, 4385), 2048, '+'),
            (new ByteRange(2049, null, 4385), 2337, '$'),
        ]));
    }

    [Test]
    public void An_answer_may_have_more_headers_and_no_words()
    {
        MsrpFrameWriter.WriteResponse(_output, "abcd"u8, 299, "a"u8, "b"u8, "Expires: 5\r\n"u8);

        Assert.That(Written(), Is.EqualTo("MSRP abcd 299\r\nTo-Path: a\r\nFrom-Path: b\r\nExpires: 5\r\n-------abcd$\r\n"));
    }

    [Test]
    [Description("MSRP-06, MSRP-34")]
    public void A_bodiless_request_has_neither_Content_Type_nor_empty_line()
    {
        MsrpFrameWriter.WriteBodiless(_output, "abcd"u8, "SEND"u8, "a"u8, "b"u8, "Message-ID: 1\r\n"u8);

        Assert.That(Written(), Is.EqualTo("MSRP abcd SEND\r\nTo-Path: a\r\nFrom-Path: b\r\nMessage-ID: 1\r\n-------abcd$\r\n"));
    }

    [Test]
    [Description("MSRP-07")]
    public void An_empty_body_has_both()
    {
        MsrpFrameWriter.WriteSendHead(_output, "abcd"u8, "To-Path: a\r\nFrom-Path: b\r\n"u8, "1"u8, new ByteRange(1, 0, 0), default, "text/plain"u8);
        MsrpFrameWriter.WriteEndLine(_output, "abcd"u8, ContinuationFlag.Complete, afterBody: true);

        Assert.That(Written(), Is.EqualTo(
            "MSRP abcd SEND\r\nTo-Path: a\r\nFrom-Path: b\r\nMessage-ID: 1\r\nByte-Range: 1-0/0\r\nContent-Type: text/plain\r\n\r\n\r\n-------abcd$\r\n"));
        Assert.That(FrameTrace.Of(Written()).Frames.Single(), Has.Property(nameof(ReadFrame.HasBody)).True.And.Property(nameof(ReadFrame.Body)).Empty);
    }

    [Test]
    public void An_end_line_without_a_body_has_no_CRLF_in_front()
    {
        MsrpFrameWriter.WriteEndLine(_output, "abcd"u8, ContinuationFlag.Aborted, afterBody: false);

        Assert.That(Written(), Is.EqualTo("-------abcd#\r\n"));
    }

    [Test]
    [Description("MSRP-12")]
    public void The_longest_numbers_and_a_star_have_room()
    {
        MsrpFrameWriter.WriteReport(_output, "abcd"u8, "a"u8, "b"u8, "1"u8, new ByteRange(long.MaxValue, long.MaxValue, long.MaxValue), 415);
        MsrpFrameWriter.WriteSendHead(_output, "abcd"u8, default, "1"u8, new ByteRange(1, null, null), default, "a/b"u8);

        Assert.That(Written(), Is.EqualTo(
            "MSRP abcd REPORT\r\nTo-Path: a\r\nFrom-Path: b\r\nMessage-ID: 1\r\n" +
            "Byte-Range: 9223372036854775807-9223372036854775807/9223372036854775807\r\nStatus: 000 415 Unsupported Media Type\r\n-------abcd$\r\n" +
            "MSRP abcd SEND\r\nMessage-ID: 1\r\nByte-Range: 1-*/*\r\nContent-Type: a/b\r\n\r\n"));
    }

    private static string Push(string id, string range, int length, char flag) =>
        $"""
        MSRP {id} SEND
        To-Path: {To}
        From-Path: {From}
        Message-ID: 12339sdqwer
        Byte-Range: {range}
        Success-Report: yes
        Content-Type: application/vnd.oma.push

        {new string('p', length)}
        -------{id}{flag}

        """.ReplaceLineEndings("\r\n");

    private static string Answer(string id) =>
        $"""
        MSRP {id} 200 OK
        To-Path: {From}
        From-Path: {To}
        -------{id}$

        """.ReplaceLineEndings("\r\n");

    private static byte[] Utf8(string text) => Encoding.UTF8.GetBytes(text);

    private string Written() => Encoding.Latin1.GetString(_output.WrittenSpan);
}
