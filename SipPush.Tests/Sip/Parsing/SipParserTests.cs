using SipPush.Sip;
using SipPush.Sip.Parsing;

namespace SipPush.Tests.Sip.Parsing;

public sealed class SipParserTests
{
    private static readonly SipLimits Limits = new();

    private readonly MessageIndex _index = new();

    [Test]
    public void A_list_goes_on_in_a_line_that_lost_the_white_space_of_its_fold()
    {
        // As RFC 3665 §3.10 prints it.
        var request = SipRequest.Parse(Wire.Raw("OPTIONS sip:a@b SIP/2.0\r\nRecord-Route: <sip:p2.example.com;lr>,\r\n<sip:p1.example.com;lr>\r\nCall-ID: 1\r\n\r\n"));

        Assert.That(request.Values(SipHeaderNames.RecordRoute).Select(value => value.ToString()), Is.EqualTo(["<sip:p2.example.com;lr>", "<sip:p1.example.com;lr>"]));
        Assert.That(request.CallId.ToString(), Is.EqualTo("1"));
    }

    [Test]
    public void A_request_line_has_three_words()
    {
        var message = Wire.Of("""
            OPTIONS sip:bob@example.com;gr SIP/2.0
            Call-ID: a


            """);

        Assert.That(SipParser.Parse(message, Limits, _index), Is.EqualTo(SipParseError.None));
        Assert.That(_index.IsRequest);
        Assert.That(Cut(message, _index.MethodStart, _index.MethodLength), Is.EqualTo("OPTIONS"));
        Assert.That(Cut(message, _index.UriStart, _index.UriLength), Is.EqualTo("sip:bob@example.com;gr"));
    }

    [Description("SIP-09, SIP-10")]
    [TestCase("OPTIONS sip:bob@example.com", SipParseError.StartLine)]
    [TestCase("OPTIONS", SipParseError.StartLine)]
    [TestCase("OPTIONS  sip:bob@example.com SIP/2.0", SipParseError.StartLine)]
    [TestCase("OPTIONS sip:bob@example.com  SIP/2.0", SipParseError.StartLine)]
    [TestCase("OPTIONS sip:bob@example.com SIP/2.0 ", SipParseError.StartLine)]
    [TestCase("OPTIONS sip:bob@exa\tmple.com SIP/2.0", SipParseError.StartLine)]
    [TestCase("OPTIONS sip:bob@exa\rmple.com SIP/2.0", SipParseError.StartLine)]
    [TestCase("OPTIONS sip:bob@exa\0mple.com SIP/2.0", SipParseError.StartLine)]
    [TestCase("OPTIONS <sip:bob@example.com> SIP/2.0", SipParseError.StartLine)]
    [TestCase("OPTIONS sip:bob@example.com\" SIP/2.0", SipParseError.StartLine)]
    [TestCase("OPT(IONS sip:bob@example.com SIP/2.0", SipParseError.StartLine)]
    [TestCase(" OPTIONS sip:bob@example.com SIP/2.0", SipParseError.StartLine)]
    [TestCase("OPTIONS sip:bob@example.com HTTP/1.1", SipParseError.StartLine)]
    [TestCase("OPTIONS sip:bob@example.com SIP/x", SipParseError.StartLine)]
    public void Any_other_request_line_is_a_bad_one(string line, SipParseError error)
    {
        Assert.That(Parse(line + "\r\nCall-ID: a\r\n\r\n"), Is.EqualTo(error));
        Assert.That(_index.IsRequest);
        Assert.That(error.Status(), Is.EqualTo(400));
    }

    [Description("SIP-11")]
    [TestCase("OPTIONS sip:bob@example.com SIP/7.0", SipParseError.Version)]
    [TestCase("OPTIONS sip:bob@example.com SIP/2.1", SipParseError.Version)]
    [TestCase("OPTIONS sip:bob@example.com SIP/20", SipParseError.Version)]
    [TestCase("OPTIONS sip:bob@example.com sip/2.0", SipParseError.None)]
    public void Only_version_2_0_is_spoken(string line, SipParseError error)
    {
        Assert.That(Parse(line + "\r\nCall-ID: a\r\n\r\n"), Is.EqualTo(error));
        Assert.That(SipParseError.Version.Status(), Is.EqualTo(505));
    }

    [TestCase("SIP/2.0 200 OK", 200, "OK")]
    [TestCase("sip/2.0 180 Ringing", 180, "Ringing")]
    [TestCase("SIP/2.0 100 ", 100, "")]
    [TestCase("SIP/2.0 100", 100, "")]
    [TestCase("SIP/2.0 699 = 2**3 * 19**2", 699, "= 2**3 * 19**2")]
    public void A_status_line_has_a_code_and_perhaps_a_reason(string line, int status, string reason)
    {
        var message = Wire.Raw(line + "\r\nCall-ID: a\r\n\r\n");

        Assert.That(SipParser.Parse(message, Limits, _index), Is.EqualTo(SipParseError.None));
        Assert.That(_index.IsRequest, Is.False);
        Assert.That(_index.Status, Is.EqualTo(status));
        Assert.That(Cut(message, _index.ReasonStart, _index.ReasonLength), Is.EqualTo(reason));
    }

    [TestCase("SIP/2.0 4294967301 better not break the receiver", SipParseError.StartLine)]
    [TestCase("SIP/2.0 099 Low", SipParseError.StartLine)]
    [TestCase("SIP/2.0 700 High", SipParseError.StartLine)]
    [TestCase("SIP/2.0 20", SipParseError.StartLine)]
    [TestCase("SIP/2.0  200 OK", SipParseError.StartLine)]
    [TestCase("SIP/2.0", SipParseError.StartLine)]
    [TestCase("SIP/3.0 200 OK", SipParseError.Version)]
    [TestCase("SIP/ 200 OK", SipParseError.StartLine)]
    public void A_bad_status_line_is_still_not_a_request_that_could_be_answered(string line, SipParseError error)
    {
        Assert.That(Parse(line + "\r\nCall-ID: a\r\n\r\n"), Is.EqualTo(error));
        Assert.That(_index.IsRequest, Is.False);
    }

    [Description("SIP-05")]
    [TestCase("\r\n\r\n")]
    [TestCase("\n\r\n\n")]
    public void Empty_lines_before_the_start_line_are_skipped(string lead)
    {
        Assert.That(Parse(lead + "OPTIONS sip:a@b SIP/2.0\r\nCall-ID: a\r\n\r\nbody"), Is.EqualTo(SipParseError.None));
        Assert.That(_index.BodyLength, Is.EqualTo(4));
    }

    [Test]
    public void More_empty_lines_than_a_header_section_may_have_octets_are_a_fault_and_no_accident()
    {
        var message = new string('\n', 40_000) + "OPTIONS sip:a@b SIP/2.0\r\nCall-ID: a\r\n\r\n";

        Assert.That(Parse(message), Is.EqualTo(SipParseError.HeaderSection));
    }

    [TestCase("")]
    [TestCase("\r\n\r\n")]
    public void Nothing_but_line_ends_is_empty(string message)
    {
        Assert.That(Parse(message), Is.EqualTo(SipParseError.Empty));
        Assert.That(_index.IsRequest, Is.False);
    }

    [Test, Description("SIP-04")]
    public void A_fold_belongs_to_its_value_and_reads_as_one_space()
    {
        var request = SipRequest.Parse(Wire.Raw(
            "OPTIONS sip:a@b SIP/2.0\r\nSubject: I know   \r\n\t  you're there,\r\n \r\n pick up\r\nCall-ID: 1\r\n\r\n"));

        Assert.That(request["Subject"].ToString(), Is.EqualTo("I know you're there, pick up"));
        Assert.That(request.CallId.ToString(), Is.EqualTo("1"));
    }

    [Test, Description("SIP-04")]
    public void A_value_may_begin_on_the_next_line()
    {
        var request = SipRequest.Parse(Wire.Raw("OPTIONS sip:a@b SIP/2.0\r\nCSeq:\r\n 7\r\n OPTIONS\r\n\r\n"));

        Assert.That(request.CSeq, Is.EqualTo(new CSeq(7, SipMethod.Options)));
    }

    [Test]
    public void A_bare_LF_ends_a_line_too()
    {
        var request = SipRequest.Parse(Wire.Raw("OPTIONS sip:a@b SIP/2.0\nCSeq: 7\n OPTIONS\nCall-ID: 1\n\nbody"));

        Assert.That(request.CSeq, Is.EqualTo(new CSeq(7, SipMethod.Options)));
        Assert.That(request.CallId.ToString(), Is.EqualTo("1"));
        Assert.That(Wire.Text(request.Body), Is.EqualTo("body"));
    }

    [Test, Description("SIP-02, SIP-03")]
    public void Compact_names_any_case_and_white_space_before_the_colon_are_taken()
    {
        var request = SipRequest.Parse(Wire.Of("""
            OPTIONS sip:a@b SIP/2.0
            v: SIP/2.0/UDP host;branch=z9hG4bK1
            F  : <sip:a@b>;tag=1
            TO	:<sip:c@d>
            i :x
            cSEQ:1 OPTIONS
            l: 0


            """));

        Assert.That(request.TopVia.Branch.ToString(), Is.EqualTo("z9hG4bK1"));
        Assert.That(request.From.Tag.ToString(), Is.EqualTo("1"));
        Assert.That(request.To.Address.ToString(), Is.EqualTo("sip:c@d"));
        Assert.That(request.CallId.ToString(), Is.EqualTo("x"));
        Assert.That(request.CSeq.Number, Is.EqualTo(1));
        Assert.That(request.Contains("Content-Length"));
    }

    [TestCase("no colon")]
    [TestCase(": no name")]
    [TestCase("bad name: x")]
    [TestCase("b@d: x")]
    [TestCase("na\r\n me: x")]
    public void A_line_that_is_no_header_is_a_fault_but_the_others_are_kept(string line)
    {
        Assert.That(Parse($"OPTIONS sip:a@b SIP/2.0\r\nCall-ID: a\r\n{line}\r\nCSeq: 1 OPTIONS\r\n\r\n"), Is.EqualTo(SipParseError.HeaderLine));
        Assert.That(_index.Count, Is.EqualTo(2));
        Assert.That(SipParseError.HeaderLine.Status(), Is.EqualTo(400));
    }

    [Test]
    public void A_first_header_line_can_not_be_a_continuation() =>
        Assert.That(Parse("OPTIONS sip:a@b SIP/2.0\r\n Call-ID: a\r\n\r\n"), Is.EqualTo(SipParseError.HeaderLine));

    [Test, Description("SIP-96")]
    public void A_start_line_over_its_limit_is_414()
    {
        var limits = new SipLimits { StartLine = 30 };

        Assert.That(Parse("OPTIONS sip:a@bcdefghi SIP/2.0\nv: x\n\n", limits), Is.EqualTo(SipParseError.None));
        Assert.That(Parse("OPTIONS sip:a@bcdefghij SIP/2.0\nv: x\n\n", limits), Is.EqualTo(SipParseError.StartLineTooLong));
        Assert.That(_index.IsRequest);
        Assert.That(_index.Count, Is.EqualTo(1), "Via is there to answer by");
        Assert.That(SipParseError.StartLineTooLong.Status(), Is.EqualTo(414));
    }

    [Test, Description("SIP-96")]
    public void A_header_section_over_its_limit_is_513()
    {
        var limits = new SipLimits { HeaderSection = 39 };

        Assert.That(Parse("OPTIONS sip:a@b SIP/2.0\r\nCall-ID: a\r\n", limits), Is.EqualTo(SipParseError.HeadersTruncated));
        Assert.That(Parse("OPTIONS sip:a@b SIP/2.0\r\nCall-ID: a\r\n\r\n", limits), Is.EqualTo(SipParseError.None));
        Assert.That(Parse("OPTIONS sip:a@b SIP/2.0\r\nCall-ID: ab\r\n\r\n", limits), Is.EqualTo(SipParseError.HeaderSection));
        Assert.That(_index.Count, Is.EqualTo(1));
        Assert.That(SipParseError.HeaderSection.Status(), Is.EqualTo(513));
    }

    [Test, Description("SIP-96")]
    public void Offsets_do_not_wrap_whatever_limit_is_asked_for()
    {
        var limits = new SipLimits { HeaderSection = SipLimits.MaximumHeaderSection, StartLine = int.MaxValue };
        var filler = new string('x', 66_000);

        Assert.That(Parse($"OPTIONS sip:a@b SIP/2.0\r\nCall-ID: a\r\nSubject: {filler}\r\n\r\n", limits), Is.EqualTo(SipParseError.HeaderSection));
        Assert.That(Parse($"OPTIONS sip:{filler} SIP/2.0\r\nCall-ID: a\r\n\r\n", limits), Is.EqualTo(SipParseError.HeaderSection));
    }

    [Test, Description("SIP-96")]
    public void More_header_lines_than_the_limit_are_513()
    {
        var limits = new SipLimits { HeaderCount = 2 };

        Assert.That(Parse("OPTIONS sip:a@b SIP/2.0\r\na: 1\r\nb: 2\r\n\r\n", limits), Is.EqualTo(SipParseError.None));
        Assert.That(Parse("OPTIONS sip:a@b SIP/2.0\r\na: 1\r\nb: 2\r\nc: 3\r\n\r\n", limits), Is.EqualTo(SipParseError.HeaderCount));
        Assert.That(_index.Count, Is.EqualTo(2));
        Assert.That(SipParseError.HeaderCount.Status(), Is.EqualTo(513));
    }

    [Test, Description("SIP-96")]
    public void A_header_line_over_its_limit_is_513_and_its_folds_count()
    {
        var limits = new SipLimits { HeaderLine = 12 };

        Assert.That(Parse("OPTIONS sip:a@bcdef SIP/2.0\nSubject: abc\n\n", limits), Is.EqualTo(SipParseError.None));
        Assert.That(Parse("OPTIONS sip:a@bcdef SIP/2.0\nSubject: abcd\nv: x\n\n", limits), Is.EqualTo(SipParseError.HeaderLineTooLong));
        Assert.That(_index.Count, Is.EqualTo(2), "Via is there to answer by");
        Assert.That(Parse("OPTIONS sip:a@bcdef SIP/2.0\nSubject:\n ab\n cd\n\n", limits), Is.EqualTo(SipParseError.HeaderLineTooLong));
        Assert.That(SipParseError.HeaderLineTooLong.Status(), Is.EqualTo(513));
        Assert.That(Limits.HeaderLine, Is.EqualTo(8_192));
    }

    [TestCase(1, 70, ExpectedResult = SipParseError.None)]
    [TestCase(1, 71, ExpectedResult = SipParseError.TooManyVias)]
    [TestCase(70, 1, ExpectedResult = SipParseError.None)]
    [TestCase(71, 1, ExpectedResult = SipParseError.TooManyVias)]
    [TestCase(36, 2, ExpectedResult = SipParseError.TooManyVias)]
    [Description("SIP-96")]
    public SipParseError More_Vias_than_the_limit_are_400_in_one_line_or_in_many(int lines, int values)
    {
        var line = "v:" + string.Join(',', Enumerable.Repeat("SIP/2.0/X h", values)) + "\n";

        Assert.That((Limits.Vias, SipParseError.TooManyVias.Status()), Is.EqualTo((70, 400)));
        return Parse("OPTIONS sip:a@b SIP/2.0\n" + string.Concat(Enumerable.Repeat(line, lines)) + "\n");
    }

    [Test, Description("SIP-96")]
    public void A_body_over_its_limit_is_413()
    {
        var limits = new SipLimits { Body = 4 };

        Assert.That(Parse("OPTIONS sip:a@b SIP/2.0\r\nl: 4\r\n\r\nbody", limits), Is.EqualTo(SipParseError.None));
        Assert.That(Parse("OPTIONS sip:a@b SIP/2.0\r\nl: 5\r\n\r\nbody!", limits), Is.EqualTo(SipParseError.BodyTooLarge));
        Assert.That(Parse("OPTIONS sip:a@b SIP/2.0\r\nSubject: x\r\n\r\nbody!", limits), Is.EqualTo(SipParseError.BodyTooLarge));
        Assert.That(SipParseError.BodyTooLarge.Status(), Is.EqualTo(413));
    }

    [Test, Description("SIP-07")]
    public void Without_Content_Length_the_body_runs_to_the_end()
    {
        Assert.That(Parse("OPTIONS sip:a@b SIP/2.0\r\nSubject: x\r\n\r\nbody and more"), Is.EqualTo(SipParseError.None));
        Assert.That(_index.BodyLength, Is.EqualTo(13));
    }

    [Test, Description("SIP-07")]
    public void Octets_after_the_body_are_dropped()
    {
        var request = SipRequest.Parse(Wire.Raw("OPTIONS sip:a@b SIP/2.0\r\nContent-Length: 4\r\n\r\nbody and more"));

        Assert.That(Wire.Text(request.Body), Is.EqualTo("body"));
        Assert.That(Wire.Text(request.Octets), Does.EndWith("\r\n\r\nbody"));
    }

    [Test, Description("SIP-08")]
    public void A_body_shorter_than_its_length_is_truncated()
    {
        Assert.That(Parse("OPTIONS sip:a@b SIP/2.0\r\nContent-Length: 5\r\n\r\nbody"), Is.EqualTo(SipParseError.BodyTruncated));
        Assert.That(SipParseError.BodyTruncated.Status(), Is.EqualTo(400));
    }

    [TestCase("-999")]
    [TestCase("4294967296")]
    [TestCase("99999999999999")]
    [TestCase("4 4")]
    [TestCase("")]
    [TestCase("4\r\nl: 3")]
    public void A_Content_Length_that_is_no_number_or_two_is_a_fault(string value)
    {
        Assert.That(Parse($"OPTIONS sip:a@b SIP/2.0\r\nContent-Length: {value}\r\n\r\nbody"), Is.EqualTo(SipParseError.ContentLength));
        Assert.That(SipParseError.ContentLength.Status(), Is.EqualTo(400));
    }

    [Test]
    public void The_same_Content_Length_twice_is_none() =>
        Assert.That(Parse("OPTIONS sip:a@b SIP/2.0\r\nContent-Length: 4\r\nl: 4\r\n\r\nbody"), Is.EqualTo(SipParseError.None));

    [TestCase("OPTIONS sip:a@b SIP/2.0")]
    [TestCase("OPTIONS sip:a@b SIP/2.0\r\n")]
    [TestCase("OPTIONS sip:a@b SIP/2.0\r\nCall-ID: a")]
    [TestCase("OPTIONS sip:a@b SIP/2.0\r\nCall-ID: a\r\n")]
    [TestCase("OPTIONS sip:a@b SIP/2.0\r\nCall-ID: a\r\n b")]
    public void Headers_that_never_end_are_truncated_and_not_too_large(string message)
    {
        Assert.That(Parse(message), Is.EqualTo(SipParseError.HeadersTruncated));
        Assert.That(SipParseError.HeadersTruncated.Status(), Is.EqualTo(400));
    }

    [TestCase("OPTIONS sip:a@b SIP/9.0", "l: 0", ExpectedResult = SipParseError.Version)]
    [TestCase("OPTIONS  sip:a@b SIP/2.0", "l: 0", ExpectedResult = SipParseError.StartLine)]
    [TestCase("OPTIONS sip:a@b SIP/2.0", "nonsense", ExpectedResult = SipParseError.HeaderLine)]
    [TestCase("OPTIONS sip:a@b SIP/2.0", "l: 9", ExpectedResult = SipParseError.BodyTruncated)]
    [TestCase("OPTIONS sip:a@b SIP/2.0", "l: x", ExpectedResult = SipParseError.ContentLength)]
    [TestCase("OPTIONS sip:a@b SIP/9.0", "nonsense", ExpectedResult = SipParseError.Version)]
    public SipParseError A_faulty_request_can_still_be_answered(string startLine, string line)
    {
        var message = Wire.Raw($"{startLine}\r\n{line}\r\nv: SIP/2.0/UDP h;branch=z9hG4bK1\r\nf: <sip:a@b>;tag=1\r\nt: <sip:c@d>\r\ni: 5\r\nCSeq: 1 OPTIONS\r\n\r\nbody");
        var error = SipParser.Parse(message, Limits, _index);

        var answer = new SipResponseBuilder(SipRequest.Copy(message, _index), error.Status(), "t", error.Reason()).Build();

        Assert.That(answer.TopVia.Branch.ToString(), Is.EqualTo("z9hG4bK1"));
        Assert.That(answer.To.Tag.ToString(), Is.EqualTo("t"));
        Assert.That(answer.CSeq.Method, Is.EqualTo(SipMethod.Options));
        Assert.That(answer.ReasonPhrase, Is.Not.Empty);
        return error;
    }

    [Test]
    public void An_index_forgets_the_message_before()
    {
        Parse("OPTIONS sip:a@b SIP/2.0\r\nCall-ID: a\r\n\r\nbody");
        Parse("\r\n");

        Assert.That((_index.IsRequest, _index.Count, _index.MethodLength, _index.Length), Is.EqualTo((false, 0, 0, 0)));
    }

    private SipParseError Parse(string message, SipLimits? limits = null) => SipParser.Parse(Wire.Raw(message), limits ?? Limits, _index);

    private static string Cut(byte[] message, int start, int length) => Wire.Text(message.AsMemory(start, length));
}
