using System.Text;
using SipPush.Sip;
using SipPush.Sip.Parsing;

namespace SipPush.Tests.Sip.Parsing;

public sealed class LenientRepairTests
{
    private static readonly SipLimits Limits = new();

    // One fault a line; what stands behind the arrow is what the parser gets to see.
    [TestCase("OPTIONS  sip:a@b   SIP/2.0", "OPTIONS sip:a@b SIP/2.0", LenientRepairs.RequestLineSpaces)]
    [TestCase("OPTIONS sip:a@b;gr=1\" SIP/2.0", "OPTIONS sip:a@b;gr=1 SIP/2.0", LenientRepairs.StrayQuote)]
    [TestCase("OPTIONS sip:a@b;gr=1\"  SIP/2.0", "OPTIONS sip:a@b;gr=1 SIP/2.0", LenientRepairs.StrayQuote | LenientRepairs.RequestLineSpaces)]
    [Description("SIP-10, PUSH-28")]
    public void A_request_line_of_three_words_is_repaired(string line, string repaired, object expected)
    {
        Assert.That(Repair($"{line}\r\nCall-ID: 1\r\n\r\nbody", out var repairs), Is.EqualTo($"{repaired}\r\nCall-ID: 1\r\n\r\nbody"));
        Assert.That(repairs, Is.EqualTo(expected));
    }

    [TestCase("To: \u201cBob\u201d <sip:a@b>;tag=1", "To: \"Bob\" <sip:a@b>;tag=1", LenientRepairs.CurlyQuotes)]
    [TestCase("t: \u201cBob <sip:x@y>\u201d <sip:a@b>", "t: \"Bob <sip:x@y>\" <sip:a@b>", LenientRepairs.CurlyQuotes)]
    [TestCase("To: <sip:a@b", "To: <sip:a@b>", LenientRepairs.UnclosedBracket)]
    [TestCase("From: Bob <sip:a@b;TAG=1;x=y ", "From: Bob <sip:a@b>;TAG=1;x=y", LenientRepairs.UnclosedBracket)]
    [TestCase("From: <sip:a@b>;tag=1>", "From: <sip:a@b>;tag=1", LenientRepairs.ExtraBracket)]
    [TestCase("From: <sip:a@b\">;tag=1", "From: <sip:a@b>;tag=1", LenientRepairs.StrayQuote)]
    [TestCase("P-Asserted-Identity: <sip:a@b", "P-Asserted-Identity: <sip:a@b>", LenientRepairs.UnclosedBracket)]
    [TestCase("P-Called-Party-ID: sip:a@b;gr=1\"", "P-Called-Party-ID: <sip:a@b;gr=1>", LenientRepairs.BareCalledParty | LenientRepairs.StrayQuote)]
    [TestCase("P-Called-Party-ID: sip:a@b;gr=1", "P-Called-Party-ID: <sip:a@b;gr=1>", LenientRepairs.BareCalledParty)]
    [TestCase("Contact: <sip:a@b>;+g.x=\"y\u201d;+g.z=\"w\"", "Contact: <sip:a@b>;+g.x=\"y\";+g.z=\"w\"", LenientRepairs.CurlyQuotes)]
    [TestCase("m: <sip:a@b>;+g.x=\u201cy\u201d;+G.3GPP.ICSI_REF=\"1\"", "m: <sip:a@b>;+g.x=\"y\";+G.3GPP.ICSI-REF=\"1\"", LenientRepairs.CurlyQuotes | LenientRepairs.IcsiUnderscore)]
    [TestCase("Contact: <sip:a@b>; ;q=1;;pub-gruu=\"sip:a@b; ;gr=1\"", "Contact: <sip:a@b>;q=1;pub-gruu=\"sip:a@b;gr=1\"", LenientRepairs.EmptyParameter)]
    [TestCase("Accept-Contact: *; audio,\r\n +g.x=\"y\", *;video", "Accept-Contact: *; audio;\r\n +g.x=\"y\", *;video", LenientRepairs.FeatureComma)]
    [Description("PUSH-28")]
    public void A_fault_with_one_meaning_is_repaired(string line, string repaired, object expected)
    {
        Assert.That(Repair(Message(line), out var repairs), Is.EqualTo(Message(repaired)));
        Assert.That(repairs, Is.EqualTo(expected));
    }

    [TestCase("To: \"He said \u201chi\u201d\" <sip:a@b>")]
    [TestCase("Contact: <sip:a@b>;x=\"+g.3gpp.icsi_ref ; ; \"")]
    [TestCase("Subject: \u201cQuoted\u201d ; ; <text")]
    [TestCase("To: \"Bob <sip:a@b>")]
    [TestCase("To: <sip:a@b>;tag=1;x=\"y>\"")]
    [TestCase("To: <sip:a@b>;tag=1>>")]
    [TestCase("From: <sip:a@b>;x>")]
    [TestCase("P-Called-Party-ID: <sip:a@b;gr=1>;x=y")]
    [TestCase("P-Called-Party-ID: sip:a@b sip:c@d")]
    [TestCase("P-Asserted-Identity: a@b")]
    [TestCase("Via: SIP/2.0/UDP psa@b;branch=z9hG4bK1")]
    [TestCase("Accept-Contact: +g.x=\"y\"")]
    [TestCase("Accept-Contact: *;x=\"a,+b\"")]
    [TestCase("Accept-Contact: *;audio,video")]
    [TestCase("Content-Length: -1")]
    [TestCase("Content-Length: 5 5")]
    [TestCase("Content-Length:")]
    [TestCase("Content-Length: ..\r\nl: 4")]
    [TestCase("no colon \u201d")]
    [Description("PUSH-28")]
    public void What_is_right_and_what_could_mean_two_things_is_left_alone(string line) =>
        Assert.That(Repair(Message(line), out _), Is.Null);

    [TestCase("", Description = "a string without end")]
    [TestCase("\"x", Description = "one that ends where none may end")]
    public void Every_octet_is_searched_once_for_the_ends_of_strings(string end)
    {
        var value = Encoding.UTF8.GetBytes($"\u201d\"{string.Concat(Enumerable.Repeat("\\\"", 10_000))}{end}");
        var found = LenientRepairs.None;

        LenientRepair.StraightenQuotes(value, ref found, out var searched);

        Assert.That(searched, Is.LessThanOrEqualTo(value.Length));
    }

    [TestCase("OPTIONS sip:a@b gr=1\" SIP/2.0", Description = "RFC 4475 §3.1.2.8, D82")]
    [TestCase("OPTIONS <sip:a@b> SIP/2.0")]
    [TestCase("OPTIONS sip:a@b SIP/2.0 ")]
    [TestCase(" OPTIONS sip:a@b SIP/2.0")]
    [TestCase("SIP/2.0  200 OK")]
    [TestCase("OPTIONS")]
    public void Another_start_line_is_left_for_the_parser_to_refuse(string line) =>
        Assert.That(Repair($"{line}\r\nCall-ID: 1\r\n\r\n", out _), Is.Null);

    [Test, Description("PUSH-28, D07")]
    public void A_Content_Length_without_digits_is_filled_in_for_a_datagram_and_never_on_a_stream()
    {
        var message = Message("Content-Length: ..");

        Assert.That(Repair(message, out var repairs), Is.EqualTo(message.Replace("..", "4", StringComparison.Ordinal)));
        Assert.That(repairs, Is.EqualTo(LenientRepairs.ContentLengthPlaceholder));
        Assert.That(LenientRepair.TryRepair(Encoding.UTF8.GetBytes(message), Limits, isDatagram: false, out _), Is.Null);
    }

    [Test]
    public void The_body_is_never_touched_even_where_it_looks_like_a_header()
    {
        const string Body = "\r\n\r\n To: <sip:a@b\r\nTo: \u201cx\u201d\r\n";

        Assert.That(Repair("OPTIONS  sip:a@b SIP/2.0\r\nCall-ID: 1" + "\r\n\r\n" + Body, out _), Is.EqualTo("OPTIONS sip:a@b SIP/2.0\r\nCall-ID: 1" + "\r\n\r\n" + Body));
    }

    [Test]
    public void A_section_over_its_limits_is_left_for_the_parser_to_refuse()
    {
        var lines = string.Concat(Enumerable.Repeat("To: <sip:a@b\r\n", 300));

        Assert.That(Repair($"OPTIONS sip:a@b SIP/2.0\r\n{lines}\r\n", out _), Is.Null);
    }

    [Test]
    public void A_repaired_message_has_the_same_header_lines()
    {
        var signs = "\r\n\t \";:<>=,\\>-+.*\u201c\u201d"u8.ToArray();
        var random = new Random(4475);
        var seed = Encoding.UTF8.GetBytes(
            "MESSAGE  sip:u@d;gr=1\" SIP/2.0\r\nTo: \u201cBob\u201d <sip:u@d;tag=1\r\nFrom: <sip:p@d>;tag=2>\r\nP-Called-Party-ID: sip:u@d;gr=1\"\r\n"
            + "Contact: <sip:u@h>;pub-gruu=\"sip:c@e; ;gr=1\";+g.3gpp.icsi_ref=\"x\u201d\r\nAccept-Contact: *;a, +g.y=\"z\u201d\r\nContent-Length: ..\r\n\r\nbody");

        for (var i = 0; i < 4_000; i++)
        {
            var mangled = seed.AsSpan(0, random.Next(seed.Length / 2, seed.Length + 1)).ToArray();
            for (var j = random.Next(8); j > 0; j--)
            {
                mangled[random.Next(mangled.Length)] = signs[random.Next(signs.Length)];
            }

            var repaired = LenientRepair.TryRepair(mangled, Limits, isDatagram: true, out _);
            if (repaired is not null)
            {
                Assert.That(repaired.Count(octet => octet == '\n'), Is.LessThanOrEqualTo(mangled.Count(octet => octet == '\n')));
                Assert.That(Lines(repaired), Is.EqualTo(Lines(mangled)));
            }
        }

        static List<string> Lines(byte[] message)
        {
            var index = new MessageIndex();
            SipParser.Parse(message, Limits, index);
            return [.. index.Entries.Take(index.Count).Select(entry => Encoding.Latin1.GetString(message, entry.Start, entry.NameLength))];
        }
    }

    private static string Message(string line) => $"OPTIONS sip:a@b SIP/2.0\r\n{line}\r\nCall-ID: 1\r\n\r\nbody";

    private static string? Repair(string message, out LenientRepairs repairs) =>
        LenientRepair.TryRepair(Encoding.UTF8.GetBytes(message), Limits, isDatagram: true, out repairs) is { } repaired ? Encoding.UTF8.GetString(repaired) : null;
}
