using SipPush.Sip;

namespace SipPush.Tests.Sip.Messages;

public sealed class SipResponseBuilderTests
{
    private static readonly SipRequest Request = SipRequest.Parse(Wire.Of("""
        INVITE sip:bob@192.0.2.4 SIP/2.0
        v: SIP/2.0/UDP proxy.example.com;branch=z9hG4bK2, SIP/2.0/UDP middle.example.com;branch=z9hG4bK1
        Max-Forwards: 68
        CSeq: 7   INVITE
        Via: SIP/2.0/TCP alice.example.com;branch= z9hG4bK0
        Record-Route: <sip:p2;lr>
        Record-Route: <sip:p1;lr>
        f: "Älice" <sip:alice@example.com>;tag=1
        t: "Bob" <sip:bob@example.com>
        i: 5@alice
        Subject: x


        """));

    [Test, Description("SIP-13, SIP-14")]
    public void A_final_response_carries_what_its_request_said_and_a_To_tag()
    {
        var response = new SipResponseBuilder(Request, 486, "b0b").Build();

        Assert.That(Wire.Text(response.Octets), Is.EqualTo(Wire.Text(Wire.Of("""
            SIP/2.0 486 Busy Here
            Via: SIP/2.0/UDP proxy.example.com;branch=z9hG4bK2, SIP/2.0/UDP middle.example.com;branch=z9hG4bK1
            CSeq: 7   INVITE
            Via: SIP/2.0/TCP alice.example.com;branch= z9hG4bK0
            From: "Älice" <sip:alice@example.com>;tag=1
            To: "Bob" <sip:bob@example.com>;tag=b0b
            Call-ID: 5@alice
            Content-Length: 0


            """))));
    }

    [Description("SIP-14")]
    [TestCase(100, "", 0)]
    [TestCase(180, "b0b", 2)]
    [TestCase(200, "b0b", 2)]
    [TestCase(404, "b0b", 0)]
    public void All_but_100_have_a_tag_and_what_makes_a_dialog_has_the_route(int status, string tag, int recordRoutes)
    {
        var response = new SipResponseBuilder(Request, status, "b0b").Build();

        Assert.That(response.To.Tag.ToString(), Is.EqualTo(tag));
        Assert.That(response.Lines("Record-Route").Count(), Is.EqualTo(recordRoutes));
        Assert.That(SipResponse.Parse(response.Octets.Span).StatusCode, Is.EqualTo(status));
    }

    [Test, Description("SIP-14")]
    public void A_tag_that_is_there_stays()
    {
        var request = SipRequest.Parse(Wire.Raw("BYE sip:a@b SIP/2.0\r\nTo: sip:bob@example.com;Tag=old\r\n\r\n"));

        Assert.That(new SipResponseBuilder(request, 200, "new").Build()["To"].ToString(), Is.EqualTo("sip:bob@example.com;Tag=old"));
    }

    [Test, Description("SIP-13")]
    public void Folded_values_come_back_on_one_line_with_every_octet()
    {
        var request = SipRequest.Parse(Wire.Raw(
            "BYE sip:a@b SIP/2.0\r\nVia: SIP/2.0/UDP h\r\n ;branch=z9hG4bK1\r\nFrom: \"\xE9\"\r\n\t<sip:a@b>;tag=1\r\nTo: \"\xFF\"\r\n <sip:c@d>\r\n\r\n"));

        var response = Wire.Text(new SipResponseBuilder(request, 200, "t").Build().Octets);

        Assert.That(response, Does.Contain("Via: SIP/2.0/UDP h ;branch=z9hG4bK1\r\nFrom: \"\xE9\" <sip:a@b>;tag=1\r\nTo: \"\xFF\" <sip:c@d>;tag=t\r\n"));
    }

    // RFC 4475 §3.1.1.2 has "NUL:\<NUL>" in a display name: a legal quoted-pair.
    [Test, Description("SIP-13")]
    public void What_only_a_builders_user_may_not_write_is_answered_all_the_same()
    {
        var request = SipRequest.Parse(Wire.Raw("BYE sip:a@b SIP/2.0\r\nTo: \"NUL:\\\0\" <sip:c@d>\r\nCall-ID: a\rb\r\n\r\n"));

        var response = new SipResponseBuilder(request, 200, "t").Build();

        Assert.That(Wire.Text(response["To"].Octets), Is.EqualTo("\"NUL:\\\0\" <sip:c@d>;tag=t"));
        Assert.That(response.CallId.ToString(), Is.EqualTo("a b"), "a CR alone must not travel on");
    }

    [Test]
    public void Neither_reason_nor_tag_can_end_its_line()
    {
        Assert.That(() => new SipResponseBuilder(Request, 200, "t", "OK\r\nEvil: 1"), Throws.ArgumentException.With.Property("ParamName").EqualTo("reason"));
        Assert.That(() => new SipResponseBuilder(Request, 200, "t\r\nEvil: 1"), Throws.ArgumentException.With.Property("ParamName").EqualTo("toTag"));
    }

    [TestCase(99)]
    [TestCase(700)]
    public void A_status_has_three_digits_of_a_known_class(int status) =>
        Assert.That(() => new SipResponseBuilder(Request, status, "t"), Throws.InstanceOf<ArgumentOutOfRangeException>());

    [Test]
    public void A_received_response_goes_on_byte_for_byte_without_its_top_Via()
    {
        var received = SipResponse.Parse(Wire.Raw("SIP/2.0 200 \xC9t\xE9\r\nv: SIP/2.0/UDP p;branch=z9hG4bK2 , SIP/2.0/UDP a;branch=z9hG4bK1\r\nX-Own :  y\r\nl: 1\r\n\r\n!"));
        var builder = new SipResponseBuilder(received);

        Assert.That(builder.RemoveFirstValue("Via"));
        Assert.That(Wire.Text(builder.Build().Octets), Is.EqualTo("SIP/2.0 200 \xC9t\xE9\r\nVia: SIP/2.0/UDP a;branch=z9hG4bK1\r\nX-Own :  y\r\nContent-Length: 1\r\n\r\n!"));
    }

    [Test]
    public void Every_status_has_a_phrase() => Assert.That(Enumerable.Range(100, 600).Select(SipReasons.Of), Has.None.Empty);
}
