using System.Buffers;
using System.IO.Pipelines;
using System.Text;
using SipPush.Msrp;
using SipPush.Msrp.Framing;

namespace SipPush.Tests.Msrp.Framing;

public sealed class MsrpFrameReaderTests
{
    private const string Paths = "To-Path: msrp://b.example.com:8888/9di4ea;tcp\r\nFrom-Path: msrp://a.example.com:7654/iau39;tcp\r\n";

    private const string Start = "MSRP d93kswow SEND\r\n" + Paths + "Message-ID: 12339sdqwer\r\nByte-Range: 1-*/*\r\nContent-Type: text/plain\r\n\r\n";

    private const string Next = "MSRP dkei38sd SEND\r\n" + Paths + "Message-ID: 456\r\nContent-Type: text/plain\r\n\r\nsentinel\r\n-------dkei38sd$\r\n";

    [Test]
    [Description("Edge 11")]
    public void Every_frame_of_one_read_comes_out_in_it()
    {
        var trace = FrameTrace.Of(Start + "one\r\n-------d93kswow+\r\n" + Next + "MSRP abcd 200 OK\r\n" + Paths + "-------abcd$\r\n");

        Assert.That(trace.Frames.Select(frame => (frame.TransactionId, frame.IsResponse, frame.Body, frame.Flag)), Is.EqualTo(
        [
            ("d93kswow", false, "one", ContinuationFlag.More),
            ("dkei38sd", false, "sentinel", ContinuationFlag.Complete),
            ("abcd", true, "", ContinuationFlag.Complete),
        ]));
        Assert.That(trace.IsBetweenFrames, Is.True);
    }

    [Test]
    public void A_head_says_what_its_lines_say()
    {
        var frame = FrameTrace.Of(
            "MSRP d93kswow SEND\r\n" + Paths +
            "Message-ID: 12339sdqwer\r\nByte-Range: 1-137/148\r\nSuccess-Report: yes\r\nFailure-Report: partial\r\nX-Other: a: b: c\r\n" +
            "Content-Type: message/cpim;charset=utf-8\r\n\r\nbody\r\n-------d93kswow+\r\n").Frames.Single();

        Assert.Multiple(() =>
        {
            Assert.That(frame.Error, Is.EqualTo(default(MsrpParseError)));
            Assert.That(frame.Method, Is.EqualTo(MsrpMethod.Send));
            Assert.That(frame.ToPath, Is.EqualTo("msrp://b.example.com:8888/9di4ea;tcp"));
            Assert.That(frame.FromPath, Is.EqualTo("msrp://a.example.com:7654/iau39;tcp"));
            Assert.That(frame.MessageId, Is.EqualTo("12339sdqwer"));
            Assert.That(frame.ByteRange, Is.EqualTo(new ByteRange(1, 137, 148)));
            Assert.That(frame.SuccessReport, Is.True);
            Assert.That(frame.FailureReport, Is.EqualTo(FailureReportMode.Partial));
            Assert.That(frame.ContentType, Is.EqualTo("message/cpim;charset=utf-8"));
            Assert.That(frame.Headers, Has.Length.EqualTo(8));
            Assert.That(frame.Headers[6], Is.EqualTo("X-Other=a: b: c"));
            Assert.That(frame.HasBody, Is.True);
        });
    }

    [Test]
    [Description("Edge 1, MSRP-01")]
    public void A_stream_means_the_same_however_it_is_cut()
    {
        var wire = Encoding.Latin1.GetBytes(
            Start + "a\r\n-------d93kswow\r\r\n------d93kswow$\r\n-------d93kswow+\r\n\r\n" +
            "MSRP abcd 200 OK\r\n" + Paths + "-------abcd$\r\n" + Next);
        var whole = FrameTrace.Of(wire);

        Assert.That(whole.Frames.Select(frame => frame.Body), Is.EqualTo(["a\r\n-------d93kswow\r\r\n------d93kswow$", "", "sentinel"]));

        for (var cut = 0; cut <= wire.Length; cut++)
        {
            Assert.That(FrameTrace.Of(wire, cut).ToString(), Is.EqualTo(whole.ToString()), $"cut at {cut}");
        }

        for (var size = 1; size < 64; size++)
        {
            Assert.That(FrameTrace.InSegments(wire, size).ToString(), Is.EqualTo(whole.ToString()), $"segments of {size}");
        }

        Assert.That(FrameTrace.ByteByByte(wire).ToString(), Is.EqualTo(whole.ToString()));
        Assert.That(FrameTrace.BySegmentsOfOne(wire, MsrpFrameLimits.Default).ToString(), Is.EqualTo(whole.ToString()));
    }

    [Test]
    [Description("Edge 1, MSRP-01")]
    public void Two_cuts_anywhere_change_nothing()
    {
        var wire = Encoding.Latin1.GetBytes(
            "MSRP a123 SEND\r\nTo-Path:a\r\nFrom-Path:b\r\nMessage-ID:c\r\nContent-Type:d\r\n\r\n\r\n-------a123+X\r\n-------a123+\r\n" +
            "MSRP b123 200\r\nTo-Path:a\r\nFrom-Path:b\r\n-------b123$\r\n");
        var whole = FrameTrace.Of(wire).ToString();

        for (var first = 0; first <= wire.Length; first++)
        {
            for (var second = first; second <= wire.Length; second++)
            {
                Assert.That(FrameTrace.Of(wire, first, second).ToString(), Is.EqualTo(whole));
            }
        }
    }

    [TestCase("MSRP ab|cd1234 SEND\r\n" + Paths + "Message-ID: 1\r\n-------abcd1234$\r\n", "", '$', Description = "Edge 2")]
    [TestCase(Start + "body\r\n-------d93kswow|+\r\n", "body", '+', Description = "Edge 3")]
    [TestCase(Start + "body\r\n-------d93kswow+|\r\n", "body", '+', Description = "Edge 3")]
    [TestCase(Start + "body\r\n-------d93kswow+\r|\n", "body", '+', Description = "Edge 3")]
    public void A_read_may_end_anywhere(string wire, string body, char flag)
    {
        var cut = wire.IndexOf('|', StringComparison.Ordinal);

        var frame = FrameTrace.Of(wire.Remove(cut, 1) + Next, cut).Frames[0];

        Assert.That((frame.Body, (char)frame.Flag), Is.EqualTo((body, flag)));
    }

    [TestCase("a\r\n-------d93kswowX\r\nb", Description = "Edge 4: no flag")]
    [TestCase("a\r\n-------d93kswow5$\r\nb", Description = "Edge 5: the id is the beginning of a longer one")]
    [TestCase("a\r\n-------d93kswow$b", Description = "Edge 6: no end of line")]
    [TestCase("a\r\n-------d93kswow$\rb", Description = "Edge 6: half an end of line")]
    [TestCase("a\r\n-------d93kswow$$\r\nb", Description = "Edge 6: two flags")]
    [TestCase("a-------d93kswow$\r\nb", Description = "Edge 7: not at the start of a line")]
    [TestCase("-------d93kswow$\r\nb", Description = "Edge 7: at the start of the body, without a CRLF of its own")]
    [TestCase("a\n-------d93kswow$\nb", Description = "Edge 20: bare LF")]
    [TestCase("a\n-------d93kswow$\r\nb", Description = "Edge 20: bare LF in front")]
    [TestCase("a\r\n-------d93kswow$\nb", Description = "Edge 20: bare LF behind")]
    [TestCase("a\r\n--------d93kswow$\r\nb", Description = "Edge 8: eight hyphens")]
    [TestCase("a\r\n------d93kswow$\r\nb", Description = "Edge 8: six hyphens")]
    [TestCase("a\r\n------- d93kswow$\r\nb", Description = "MSRP-02: a space before the id")]
    [TestCase("a\r\n-------D93KSWOW$\r\nb", Description = "the id in other letters")]
    [TestCase("\r", Description = "Edge 9")]
    [TestCase("\r\n", Description = "Edge 9")]
    [TestCase("a\r", Description = "Edge 9")]
    [TestCase("a\r\n", Description = "Edge 9")]
    [TestCase("a-------", Description = "Edge 9")]
    [TestCase("a\r\n-------", Description = "Edge 9")]
    [TestCase("a\r\n-------d93kswow", Description = "Edge 9")]
    [TestCase("a\r\n-------d93kswow$\r", Description = "Edge 9")]
    [TestCase("a\r\n---", Description = "Edge 8: the end-line begins inside a false one")]
    [TestCase("a\r\r", Description = "Edge 8")]
    [TestCase(Next, Description = "Edge 10: a whole message quoted")]
    [TestCase("", Description = "MSRP-07, Edge 14")]
    public void What_is_like_an_end_line_is_body(string body)
    {
        var wire = Encoding.Latin1.GetBytes(Start + body + "\r\n-------d93kswow$\r\n" + Next);
        var whole = FrameTrace.Of(wire);

        Assert.That(whole.Frames.Select(frame => frame.Body), Is.EqualTo([body, "sentinel"]));
        Assert.That(whole.Frames[0].HasBody, Is.True);
        Assert.That(FrameTrace.ByteByByte(wire).ToString(), Is.EqualTo(whole.ToString()));
        Assert.That(FrameTrace.InSegments(wire, 1).ToString(), Is.EqualTo(whole.ToString()));
        Assert.That(FrameTrace.BySegmentsOfOne(wire, MsrpFrameLimits.Default).ToString(), Is.EqualTo(whole.ToString()));
        for (var cut = 0; cut <= wire.Length; cut++)
        {
            Assert.That(FrameTrace.Of(wire, cut).ToString(), Is.EqualTo(whole.ToString()), $"cut at {cut}");
        }
    }

    [Test]
    [Description("Edge 25, MSRP-08")]
    public void A_body_keeps_every_octet()
    {
        byte[] body = [.. Enumerable.Range(0, 1024).Select(i => (byte)i), .. Enumerable.Range(0, 256).SelectMany(i => new byte[] { (byte)'\r', (byte)i })];

        var wire = Encoding.Latin1.GetBytes(Start).Concat(body).Concat("\r\n-------d93kswow#\r\n"u8.ToArray()).ToArray();

        foreach (var trace in new[] { FrameTrace.Of(wire), FrameTrace.ByteByByte(wire), FrameTrace.InSegments(wire, 7) })
        {
            Assert.That(trace.Frames.Single().Octets, Is.EqualTo(body));
            Assert.That(trace.Frames.Single().Flag, Is.EqualTo(ContinuationFlag.Aborted));
        }
    }

    [TestCase("a123")]
    [TestCase("a.-+%=12345678901234567890123456")]
    [TestCase("a...")]
    [TestCase("0+++")]
    [Description("Edge 12, MSRP-03")]
    public void An_id_of_4_to_32_characters_is_matched_letter_by_letter(string id)
    {
        // What a pattern would take the characters of the id for is no end-line.
        var like = $"\r\n-------{id.Replace('.', 'x').Replace("++", "+", StringComparison.Ordinal)}x$\r\n";

        var trace = FrameTrace.Of($"MSRP {id} SEND\r\n{Paths}Message-ID: 1\r\nContent-Type: text/plain\r\n\r\nbody{like}\r\n-------{id}$\r\n{Next}");

        Assert.That(trace.Frames.Select(frame => frame.Body), Is.EqualTo(["body" + like, "sentinel"]));
        Assert.That(trace.Frames[0].TransactionId, Is.EqualTo(id));
    }

    [TestCase("MSRP abc SEND\r\n", 9)]
    [TestCase("MSRP a23456789012345678901234567890123 SEND\r\n", 38)]
    [TestCase("MSRP .bcd SEND\r\n", 6)]
    [TestCase("MSRP ab/d SEND\r\n", 8)]
    [TestCase("MSRP abc\u00E9 SEND\r\n", 9)]
    [TestCase("MSRP  abcd SEND\r\n", 6)]
    [Description("Edge 12, MSRP-03")]
    public void Without_a_valid_id_nobody_knows_where_the_frame_ends(string wire, int knownAfter)
    {
        Assert.That(FrameTrace.Of(wire[..(knownAfter - 1)]).Error.Fault, Is.EqualTo(MsrpFault.None));
        Assert.That(FrameTrace.Of(wire[..knownAfter]).Error.Fault, Is.EqualTo(MsrpFault.BadTransactionId));
        Assert.That(FrameTrace.ByteByByte(Encoding.Latin1.GetBytes(wire)).Error.Fault, Is.EqualTo(MsrpFault.BadTransactionId));
    }

    [TestCase("GET / HTTP/1.1\r\n\r\n", 1)]
    [TestCase("\u0016\u0003\u0001\u0002\u0000", 1)]
    [TestCase("MSRQ", 4)]
    [TestCase("msrp abcd SEND\r\n", 1)]
    [TestCase("MSRP\tabcd SEND\r\n", 5)]
    [TestCase("\n", 1)]
    [TestCase("\rM", 2)]
    [TestCase(" MSRP", 1)]
    [Description("Edge 18")]
    public void What_is_not_MSRP_is_known_by_its_first_wrong_octet(string wire, int knownAfter)
    {
        Assert.That(FrameTrace.Of(wire[..(knownAfter - 1)]).Error.Fault, Is.EqualTo(MsrpFault.None));
        Assert.That(FrameTrace.Of(wire[..knownAfter]).Error.Fault, Is.EqualTo(MsrpFault.NotMsrp));
        Assert.That(FrameTrace.Of(Next + wire).Frames, Has.Count.EqualTo(1));
        Assert.That(FrameTrace.Of(Next + wire).Error.Fault, Is.EqualTo(MsrpFault.NotMsrp));
    }

    [Test]
    [Description("Edge 13, MSRP-06")]
    public void A_bodiless_request_ends_behind_its_headers()
    {
        var trace = FrameTrace.Of($"MSRP d93kswow SEND\r\n{Paths}Message-ID: 1\r\n-------d93kswow$\r\n{Next}");

        Assert.That(trace.Frames[0], Has.Property(nameof(ReadFrame.HasBody)).False.And.Property(nameof(ReadFrame.Flag)).EqualTo(ContinuationFlag.Complete));
        Assert.That(trace.Frames[0].Error.Fault, Is.EqualTo(MsrpFault.None));
        Assert.That(trace.Frames[1].Body, Is.EqualTo("sentinel"));
    }

    [TestCase("MSRP abcd 200\r\n", 200, "")]
    [TestCase("MSRP abcd 200 OK\r\n", 200, "OK")]
    [TestCase("MSRP abcd 481 \u00E9 no session\r\n", 481, "\u00E9 no session")]
    [TestCase("MSRP abcd 200 \r\n", 200, "")]
    [Description("Edge 15, Edge 24")]
    public void A_response_has_its_paths_and_perhaps_a_comment(string start, int status, string comment)
    {
        var frame = FrameTrace.Of(start + Paths + "-------abcd$\r\n").Frames.Single();

        Assert.That(frame.IsResponse, Is.True);
        Assert.That((frame.StatusCode, frame.Comment, frame.Error.Fault), Is.EqualTo((status, comment, MsrpFault.None)));
    }

    [Test]
    [Description("Edge 15")]
    public void A_report_has_a_status()
    {
        var frame = FrameTrace.Of("MSRP dkei38sd REPORT\r\n" + Paths + "Message-ID: 12339sdqwer\r\nByte-Range: 1-106/106\r\nStatus: 000 200 OK\r\n-------dkei38sd$\r\n").Frames.Single();

        Assert.That((frame.Method, frame.ReportStatus, frame.ByteRange, frame.Error.Fault), Is.EqualTo((MsrpMethod.Report, 200, new ByteRange(1, 106, 106), MsrpFault.None)));
    }

    [Test]
    [Description("Edge 16")]
    public void An_unknown_method_is_read_to_its_end()
    {
        var trace = FrameTrace.Of("MSRP abcd NICKNAME\r\n" + Paths + "Use-Nickname: \"Al\"\r\nContent-Type: a/b\r\n\r\nbody\r\n-------abcd$\r\n" + Next);

        Assert.That((trace.Frames[0].Method, trace.Frames[0].Error.Fault, trace.Frames[0].Body), Is.EqualTo((MsrpMethod.Other, MsrpFault.None, "body")));
        Assert.That(trace.Frames[1].Body, Is.EqualTo("sentinel"));
    }

    [TestCase(10_240, nameof(MsrpFault.None))]
    [TestCase(10_241, nameof(MsrpFault.BodyTooLarge))]
    [Description("Edge 17, MSRP-09")]
    public void A_body_above_10240_octets_is_for_SEND_only(int length, string fault)
    {
        var body = new string('x', length);
        var report = Encoding.Latin1.GetBytes("MSRP abcd REPORT\r\n" + Paths + "Message-ID: 1\r\nStatus: 000 200\r\nContent-Type: a/b\r\n\r\n" + body + "\r\n-------abcd$\r\n");

        Assert.That(FrameTrace.Of(report).Error.Fault.ToString(), Is.EqualTo(fault));
        Assert.That(FrameTrace.ByteByByte(report).ToString(), Is.EqualTo(FrameTrace.Of(report).ToString()));
        Assert.That(FrameTrace.Of(Start + body + "\r\n-------d93kswow$\r\n").Error.Fault, Is.EqualTo(MsrpFault.None));
    }

    [Test]
    [Description("Edge 19")]
    public void A_head_has_at_most_so_many_octets()
    {
        var head = "MSRP abcd SEND\r\n" + Paths + "Message-ID: 1\r\nX: ";
        var limits = MsrpFrameLimits.Default with { Head = head.Length + 10 };

        foreach (var (filler, fault) in new[] { (6, MsrpFault.None), (7, MsrpFault.HeadTooLarge), (100_000, MsrpFault.HeadTooLarge) })
        {
            var wire = Encoding.Latin1.GetBytes(head + new string('x', filler) + "\r\n\r\nbody");

            Assert.That(FrameTrace.Of(wire, limits).Error.Fault, Is.EqualTo(fault), $"{filler}");
            Assert.That(FrameTrace.ByteByByte(wire, limits).Error.Fault, Is.EqualTo(fault), $"{filler}");
            Assert.That(FrameTrace.InSegments(wire, 5, limits).Error.Fault, Is.EqualTo(fault), $"{filler}");
        }
    }

    [TestCase(64, nameof(MsrpFault.None))]
    [TestCase(65, nameof(MsrpFault.TooManyHeaders))]
    [Description("Edge 19")]
    public void A_head_has_at_most_so_many_headers(int count, string fault)
    {
        var wire = "MSRP abcd 200 OK\r\n" + Paths + string.Concat(Enumerable.Repeat("X: y\r\n", count - 2)) + "-------abcd$\r\n";

        var trace = FrameTrace.Of(wire);

        Assert.That(trace.Error.Fault.ToString(), Is.EqualTo(fault));
        Assert.That(trace.Frames, Has.Count.EqualTo(fault == nameof(MsrpFault.None) ? 1 : 0));
    }

    [TestCase("MSRP abcd SEND\n")]
    [TestCase("MSRP abcd\n")]
    [TestCase("MSRP abcd SEND\r\nTo-Path: a\n")]
    [Description("Edge 20")]
    public void A_bare_LF_in_a_head_is_not_MSRP(string wire)
    {
        Assert.That(FrameTrace.Of(wire).Error.Fault, Is.EqualTo(MsrpFault.BareLineFeed));
    }

    [TestCase("MSRP abcd\r\n", Paths, nameof(MsrpFault.BadStartLine), null)]
    [TestCase("MSRP abcd \r\n", Paths, nameof(MsrpFault.BadStartLine), null)]
    [TestCase("MSRP abcd send\r\n", Paths, nameof(MsrpFault.BadStartLine), null)]
    [TestCase("MSRP abcd SEND \r\n", Paths, nameof(MsrpFault.BadStartLine), null)]
    [TestCase("MSRP abcd 20\r\n", Paths, nameof(MsrpFault.BadStartLine), null)]
    [TestCase("MSRP abcd 2000\r\n", Paths, nameof(MsrpFault.BadStartLine), null)]
    [TestCase("MSRP abcd SE\rND\r\n", Paths, nameof(MsrpFault.BadStartLine), null)]
    [TestCase("MSRP abcd SEND\r\n", "", nameof(MsrpFault.MissingPath), "To-Path", Description = "Edge 23")]
    [TestCase("MSRP abcd SEND\r\n", "To-Path: a\r\nMessage-ID: 1\r\n", nameof(MsrpFault.MissingPath), "From-Path", Description = "Edge 23")]
    [TestCase("MSRP abcd SEND\r\n", "To-Path: \r\nFrom-Path: a\r\nMessage-ID: 1\r\n", nameof(MsrpFault.MissingPath), "To-Path", Description = "Edge 23")]
    [TestCase("MSRP abcd SEND\r\n", "From-Path: a\r\nMessage-ID: 1\r\n", nameof(MsrpFault.MissingPath), "To-Path", Description = "Edge 23")]
    [TestCase("MSRP abcd SEND\r\n", "From-Path: a\r\nTo-Path: b\r\nMessage-ID: 1\r\n", nameof(MsrpFault.MisplacedPath), "From-Path", Description = "Edge 23, MSRP-05")]
    [TestCase("MSRP abcd SEND\r\n", "Message-ID: 1\r\n" + Paths, nameof(MsrpFault.MisplacedPath), "To-Path", Description = "Edge 23, MSRP-05")]
    [TestCase("MSRP abcd SEND\r\n", Paths + "Message-ID: 1\r\nTo-Path: a\r\n", nameof(MsrpFault.DuplicateHeader), "To-Path", Description = "Edge 23")]
    [TestCase("MSRP abcd SEND\r\n", Paths + "Message-ID: 1\r\nFrom-Path: a\r\n", nameof(MsrpFault.DuplicateHeader), "From-Path", Description = "Edge 23")]
    [TestCase("MSRP abcd SEND\r\n", Paths + "Message-ID: 1\r\nmessage-id: 1\r\n", nameof(MsrpFault.DuplicateHeader), "Message-ID", Description = "Edge 23")]
    [TestCase("MSRP abcd SEND\r\n", Paths + "Message-ID: 1\r\nByte-Range: 1-0/0\r\nByte-Range: 1-0/0\r\n", nameof(MsrpFault.DuplicateHeader), "Byte-Range", Description = "Edge 23")]
    [TestCase("MSRP abcd SEND\r\n", Paths, nameof(MsrpFault.MissingMessageId), "Message-ID")]
    [TestCase("MSRP abcd SEND\r\n", Paths + "Message-ID: a b\r\n", nameof(MsrpFault.BadMessageId), "Message-ID")]
    [TestCase("MSRP abcd SEND\r\n", Paths + "Message-ID: \u00E9\r\n", nameof(MsrpFault.BadMessageId), "Message-ID")]
    [TestCase("MSRP abcd SEND\r\n", Paths + "Message-ID: 1\r\nByte-Range: 0-5/5\r\n", nameof(MsrpFault.BadByteRange), "Byte-Range", Description = "Edge 29")]
    [TestCase("MSRP abcd SEND\r\n", Paths + "Message-ID: 1\r\nSuccess-Report: maybe\r\n", nameof(MsrpFault.BadReportMode), "Success-Report")]
    [TestCase("MSRP abcd SEND\r\n", Paths + "Message-ID: 1\r\nFailure-Report:\r\n", nameof(MsrpFault.BadReportMode), "Failure-Report")]
    [TestCase("MSRP abcd REPORT\r\n", Paths + "Message-ID: 1\r\nStatus: 200\r\n", nameof(MsrpFault.BadStatus), "Status")]
    [TestCase("MSRP abcd REPORT\r\n", Paths + "Message-ID: 1\r\nStatus: 000 20\r\n", nameof(MsrpFault.BadStatus), "Status")]
    [TestCase("MSRP abcd SEND\r\n", Paths + "Message-ID: 1\r\n folded\r\n", nameof(MsrpFault.BadHeaderLine), null, Description = "Edge 21")]
    [TestCase("MSRP abcd SEND\r\n", Paths + "Message-ID: 1\r\n\tX: folded\r\n", nameof(MsrpFault.BadHeaderLine), null, Description = "Edge 21")]
    [TestCase("MSRP abcd SEND\r\n", Paths + "Message-ID: 1\r\nno colon\r\n", nameof(MsrpFault.BadHeaderLine), null)]
    [TestCase("MSRP abcd SEND\r\n", Paths + "Message-ID: 1\r\n: no name\r\n", nameof(MsrpFault.BadHeaderLine), null)]
    [TestCase("MSRP abcd SEND\r\n", Paths + "Message-ID : 1\r\n", nameof(MsrpFault.BadHeaderLine), null)]
    [TestCase("MSRP abcd SEND\r\n", Paths + "Message-ID: 1\r\nX: a\rb\r\n", nameof(MsrpFault.BadHeaderLine), null)]
    [TestCase("MSRP abcd SEND\r\n", Paths + "Message-ID: 1\r\n-------abce$\r\n", nameof(MsrpFault.BadHeaderLine), null)]
    [TestCase("MSRP abcd SEND\r\n", Paths + "Message-ID: 1\r\nContent-Type: a/b\r\n", nameof(MsrpFault.ContentTypeWithoutBody), "Content-Type", Description = "MSRP-06")]
    public void A_head_that_is_wrong_is_told_and_the_next_frame_is_intact(string start, string headers, string fault, string? header)
    {
        var wire = Encoding.Latin1.GetBytes(start + headers + "-------abcd$\r\n" + Next);
        var trace = FrameTrace.Of(wire);

        Assert.That(trace.Frames[0].Error, Is.EqualTo(new MsrpParseError(Enum.Parse<MsrpFault>(fault), header)));
        Assert.That(trace.Frames[0].TransactionId, Is.EqualTo("abcd"));
        Assert.That(trace.Frames[1].Body, Is.EqualTo("sentinel"));
        Assert.That(FrameTrace.ByteByByte(wire).ToString(), Is.EqualTo(trace.ToString()));
        Assert.That(FrameTrace.InSegments(wire, 3).ToString(), Is.EqualTo(trace.ToString()));
    }

    [Test]
    [Description("MSRP-07")]
    public void A_body_without_a_Content_Type_is_told()
    {
        var trace = FrameTrace.Of("MSRP abcd SEND\r\n" + Paths + "Message-ID: 1\r\n\r\nbody\r\n-------abcd$\r\n" + Next);

        Assert.That(trace.Frames[0].Error, Is.EqualTo(new MsrpParseError(MsrpFault.BodyWithoutContentType, "Content-Type")));
        Assert.That(trace.Frames.Select(frame => frame.Body), Is.EqualTo(["body", "sentinel"]));
    }

    [Test]
    [Description("Edge 22")]
    public void Header_names_and_spaces_are_taken_as_they_come()
    {
        var frame = FrameTrace.Of(
            "MSRP abcd SEND\r\nto-path:a\r\nFROM-PATH:  b \r\nmessage-ID:\tm1\r\nX-Whatever:\r\nContent-ID: <1>\r\nContent-Description: d: e\r\n" +
            "Content-Disposition: attachment\r\nfailure-report: NO\r\ncontent-TYPE:text/plain\r\n\r\nbody\r\n-------abcd$\r\n").Frames.Single();

        Assert.That((frame.Error.Fault, frame.ToPath, frame.FromPath, frame.MessageId, frame.FailureReport, frame.ContentType, frame.Headers.Length), Is.EqualTo(
            (MsrpFault.None, "a", "b", "m1", FailureReportMode.No, "text/plain", 9)));
    }

    [Test]
    [Description("Edge 24")]
    public void What_is_no_UTF_8_stands_in_a_value_as_it_came()
    {
        var frame = FrameTrace.Of("MSRP abcd SEND\r\n" + Paths + "Message-ID: 1\r\nX: \u00C3\u00A9\u00FF\u00FE\u0000\u0001\r\n-------abcd$\r\n").Frames.Single();

        Assert.That(frame.Error.Fault, Is.EqualTo(MsrpFault.None));
        Assert.That(frame.Headers[3], Is.EqualTo("X=\u00C3\u00A9\u00FF\u00FE\u0000\u0001"));
    }

    [Test]
    [Description("Edge 49")]
    public void CRLFs_between_frames_are_nothing()
    {
        var wire = Encoding.Latin1.GetBytes("\r\n" + Next + "\r\n\r\n" + Next + "\r\n");

        Assert.That(FrameTrace.Of(wire).Frames, Has.Count.EqualTo(2));
        Assert.That(FrameTrace.Of(wire).IsBetweenFrames, Is.True);
        Assert.That(FrameTrace.ByteByByte(wire).ToString(), Is.EqualTo(FrameTrace.Of(wire).ToString()));
        Assert.That(FrameTrace.InSegments(wire, 1).ToString(), Is.EqualTo(FrameTrace.Of(wire).ToString()));
    }

    [Test]
    [Description("MSRP-01")]
    public void Nothing_of_a_body_is_held_back_but_what_may_be_its_end_line()
    {
        var wire = Encoding.Latin1.GetBytes(Start + new string('-', 100) + string.Concat(Enumerable.Repeat("\r\n-------d93kswow$\r\r", 10)) + "\r\n-------d93kswow$\r\n");

        Assert.That(FrameTrace.ByteByByte(wire).MostHeldOfBody, Is.EqualTo("\r\n-------d93kswow$\r".Length));
        Assert.That(FrameTrace.Of(Start + "body\r\nbody").MostHeldOfBody, Is.Zero);
        Assert.That(FrameTrace.Of(Start + "body\r\n---").MostHeldOfBody, Is.EqualTo(5));
        Assert.That(FrameTrace.Of(Start + "body\r\n---").Frames.Single().IsOver, Is.False);
    }

    [Test]
    public void A_caller_who_stops_at_any_token_goes_on_there_with_what_is_left_of_the_buffer()
    {
        var wire = Encoding.Latin1.GetBytes(Start + "body\r\n-------d93kswow+\r\nMSRP abcd 200 OK\r\n" + Paths + "-------abcd$\r\n" + Next);
        using var state = new MsrpFrameState(MsrpFrameLimits.Default);
        var tokens = new List<MsrpFrameToken>();

        for (var buffer = new ReadOnlySequence<byte>(wire); !buffer.IsEmpty;)
        {
            var reader = new MsrpFrameReader(buffer, state);
            Assert.That(reader.Read(), Is.True);
            tokens.Add(reader.Token);
            Assert.That(reader.Examined, Is.EqualTo(reader.Consumed));
            buffer = buffer.Slice(reader.Consumed);
        }

        Assert.That(tokens, Is.EqualTo([
            MsrpFrameToken.Head, MsrpFrameToken.Body, MsrpFrameToken.End,
            MsrpFrameToken.Head, MsrpFrameToken.End,
            MsrpFrameToken.Head, MsrpFrameToken.Body, MsrpFrameToken.End,
        ]));
        Assert.That(state.IsBetweenFrames, Is.True);
    }

    [Test]
    public async Task A_pipe_is_advanced_by_what_the_reader_says()
    {
        var wire = Encoding.Latin1.GetBytes(string.Concat(Enumerable.Repeat(Start + "a\r\n-------d93kswow!\r\n-------d93kswow+\r\n\r\n" + Next, 20)));
        var pipe = new Pipe(new PipeOptions(minimumSegmentSize: 16));
        using var state = new MsrpFrameState(MsrpFrameLimits.Default);
        var bodies = new StringBuilder();

        for (var at = 0; at < wire.Length; at += 11)
        {
            await pipe.Writer.WriteAsync(wire.AsMemory(at, Math.Min(11, wire.Length - at)));
            var result = await pipe.Reader.ReadAsync();
            ReadAll(result.Buffer);
        }

        Assert.That(bodies.ToString(), Is.EqualTo(string.Concat(Enumerable.Repeat("a\r\n-------d93kswow!|sentinel|", 20))));
        Assert.That(state.IsBetweenFrames, Is.True);

        void ReadAll(in ReadOnlySequence<byte> buffer)
        {
            var reader = new MsrpFrameReader(buffer, state);
            while (reader.Read())
            {
                bodies.Append(Encoding.Latin1.GetString(reader.Body)).Append(reader.Token == MsrpFrameToken.End ? "|" : "");
            }

            pipe.Reader.AdvanceTo(reader.Consumed, reader.Examined);
        }
    }

    [TestCase("", true)]
    [TestCase("\r\n", true)]
    [TestCase("M", false)]
    [TestCase(Start, false)]
    [TestCase(Start + "body\r\n-------d93kswow$\r", false)]
    [TestCase(Next, true)]
    public void The_end_of_a_stream_loses_nothing_between_frames_only(string wire, bool isBetween)
    {
        Assert.That(FrameTrace.Of(wire).IsBetweenFrames, Is.EqualTo(isBetween));
    }

    [Test]
    public void A_header_is_found_by_its_name()
    {
        using var state = new MsrpFrameState(MsrpFrameLimits.Default);
        var wire = Encoding.Latin1.GetBytes("MSRP abcd 200 OK\r\n" + Paths + "Expires: 5\r\nExpires: 6\r\n-------abcd$\r\n");
        var reader = new MsrpFrameReader(new ReadOnlySequence<byte>(wire), state);

        Assert.That(reader.Read(), Is.True);
        Assert.That(reader.Head.TryGetHeader("EXPIRES"u8, out var value), Is.True);
        Assert.That(Encoding.Latin1.GetString(value), Is.EqualTo("5"));
        Assert.That(reader.Head.TryGetHeader("Expire"u8, out _), Is.False);
    }

    [Test]
    public void No_frame_costs_an_allocation()
    {
        var wire = Encoding.Latin1.GetBytes(string.Concat(Enumerable.Repeat(Start + "body\r\n-------d93kswow+\r\n" + Next, 50)));
        var sequence = new ReadOnlySequence<byte>(wire);
        using var state = new MsrpFrameState(MsrpFrameLimits.Default);
        CountTokens(sequence, state);

        var before = GC.GetAllocatedBytesForCurrentThread();
        var tokens = CountTokens(sequence, state);

        Assert.That(GC.GetAllocatedBytesForCurrentThread() - before, Is.Zero);
        Assert.That(tokens, Is.EqualTo(300));
    }

    private static int CountTokens(in ReadOnlySequence<byte> buffer, MsrpFrameState state)
    {
        var reader = new MsrpFrameReader(buffer, state);
        var tokens = 0;
        while (reader.Read())
        {
            tokens++;
        }

        return tokens;
    }
}
