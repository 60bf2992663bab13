using SipPush.Sip;
using SipPush.Sip.Parsing;

namespace SipPush.Tests.Sip.Messages;

public sealed class SipRequestTests
{
    private static readonly byte[] Message = Wire.Of("""
        MESSAGE sip:bob@example.com SIP/2.0
        Max-Forwards: 70
        Via: SIP/2.0/UDP a;rport;branch=z9hG4bK2
        Via: SIP/2.0/UDP b;branch=z9hG4bK1
        From: <sip:alice@example.com>;tag=1
        Call-ID: 5
        Content-Length: 4

        body and more
        """);

    [TestCase("SIP/2.0/UDP a;rport=5070;received=192.0.2.1;branch=z9hG4bK2")]
    [TestCase("SIP/2.0/UDP a;rport;branch=z9hG4bK2")]
    [TestCase("short")]
    [TestCase("")]
    public void A_copy_with_another_Via_reads_as_if_it_had_come_so(string via)
    {
        var index = new MessageIndex();
        SipParser.Parse(Message, new SipLimits(), index);

        var copy = SipRequest.Copy(Message, index, Wire.Raw(via));

        var plain = SipRequest.Parse(Wire.Raw(Wire.Text(Message).Replace("SIP/2.0/UDP a;rport;branch=z9hG4bK2", via, StringComparison.Ordinal)));
        Assert.That(copy.Octets.ToArray(), Is.EqualTo(plain.Octets.ToArray()));
        Assert.That(copy.Headers, Is.EqualTo(plain.Headers));
        Assert.That(Wire.Text(copy.Body), Is.EqualTo("body"));
        Assert.That(copy.HeadersEnd, Is.EqualTo(plain.HeadersEnd));
        Assert.That(new SipRequestBuilder(copy).Build().Octets.ToArray(), Is.EqualTo(plain.Octets.ToArray()));
    }

    [Test]
    public void A_copy_does_not_depend_on_the_index_or_the_octets_it_was_made_from()
    {
        var octets = Message.ToArray();
        var index = new MessageIndex();
        SipParser.Parse(octets, new SipLimits(), index);
        var copy = SipRequest.Copy(octets, index);

        octets.AsSpan().Fill((byte)'x');
        SipParser.Parse("OPTIONS sip:a SIP/2.0\r\na: b\r\n\r\n"u8, new SipLimits(), index);

        Assert.That(copy.Method, Is.EqualTo(SipMethod.Message));
        Assert.That(copy.From.Tag.ToString(), Is.EqualTo("1"));
    }

    [TestCase("70", 70)]
    [TestCase("0", 0)]
    [TestCase("255", 255)]
    [TestCase("0068", 68)]
    [TestCase("256", null)]
    [TestCase("-1", null)]
    [TestCase("", null)]
    public void Max_Forwards_is_a_number_up_to_255(string value, int? hops) =>
        Assert.That(With("Max-Forwards: " + value).MaxForwards, Is.EqualTo(hops));

    [TestCase("3600", 3600)]
    [TestCase("0", 0)]
    [TestCase("120 (I'm in a meeting)", 120)]
    [TestCase("18000;duration=3600", 18000)]
    [TestCase("5\n ;duration=60", 5)]
    [TestCase("4294967295", 4294967295d)]
    [TestCase("4294967296", null)]
    [TestCase("10s", null)]
    [TestCase("soon", null)]
    [TestCase("", null)]
    public void Seconds_may_have_a_comment_and_parameters(string value, double? seconds) =>
        Assert.That(With("Retry-After: " + value).Seconds("Retry-After")?.TotalSeconds, Is.EqualTo(seconds));

    [Test, Description("SIP-03")]
    public void Values_are_cut_at_commas_outside_quotes_and_brackets()
    {
        var request = With("Contact: \"a, b\" <sip:a,b@c>;x=\"1,2\" ,,<sip:d@e>", "m: sip:f@g", "Contact:");

        Assert.That(request.Values("Contact").Select(value => value.ToString()), Is.EqualTo(["\"a, b\" <sip:a,b@c>;x=\"1,2\"", "<sip:d@e>", "sip:f@g"]));
        Assert.That(request.Lines("Contact").Count(), Is.EqualTo(3));
        Assert.That(request.Addresses("Contact").Select(address => address.Address.ToString()), Is.EqualTo(["sip:a,b@c", "sip:d@e", "sip:f@g"]));
    }

    [Test]
    public void What_is_absent_or_unreadable_is_empty()
    {
        var request = With("Via: nonsense", "From: \"open <sip:a@b>", "CSeq: x", "c: text", "Expires: later");

        Assert.That(request.TopVia, Is.EqualTo(default(Via)));
        Assert.That(request.From, Is.EqualTo(default(NameAddress)));
        Assert.That(request.To.Uri, Is.Null);
        Assert.That(request.CSeq, Is.EqualTo(default(CSeq)));
        Assert.That(request.ContentType, Is.EqualTo(default(MediaType)));
        Assert.That(request.Expires, Is.Null);
        Assert.That(request["Route"].IsEmpty);
        Assert.That(request.Contains("Route"), Is.False);
    }

    [Test, Description("SIP-84")]
    public void P_Called_Party_ID_is_read_in_brackets_or_bare()
    {
        Assert.That(With("P-Called-Party-ID: <sip:bob@example.com;gr=1>").Addresses("P-Called-Party-ID").Single().Uri!.IsGruu);
        Assert.That(With("P-Called-Party-ID: sip:bob@example.com").Addresses("P-Called-Party-ID").Single().Uri, Is.EqualTo(SipUri.Parse("sip:bob@example.com")));
    }

    [Test]
    public void A_response_or_a_faulty_request_is_not_a_request()
    {
        Assert.That(() => SipRequest.Parse("SIP/2.0 200 OK\r\na: b\r\n\r\n"u8), Throws.InstanceOf<FormatException>());
        Assert.That(() => SipRequest.Parse("OPTIONS sip:a@b SIP/2.0\r\n"u8), Throws.InstanceOf<FormatException>());
        Assert.That(() => SipResponse.Parse(Message), Throws.InstanceOf<FormatException>());
    }

    [TestCase("MESSAGE", true)]
    [TestCase("PRACK", true)]
    [TestCase("message", false)]
    [TestCase("NEWMETHOD", false)]
    public void Methods_differ_in_case(string method, bool known)
    {
        var request = SipRequest.Parse(Wire.Raw($"{method} sip:a@b SIP/2.0\r\na: b\r\n\r\n"));

        Assert.That(request.Method, Is.EqualTo(new SipMethod(method)));
        Assert.That(request.Method.IsKnown, Is.EqualTo(known));
    }

    private static SipRequest With(params string[] lines) =>
        SipRequest.Parse(Wire.Raw($"MESSAGE sip:bob@example.com SIP/2.0\r\n{string.Join("\r\n", lines)}\r\n\r\n"));
}
