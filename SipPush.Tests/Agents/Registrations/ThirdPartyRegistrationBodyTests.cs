using System.Text;
using SipPush.Sip;

namespace SipPush.Tests.Agents;

public sealed class ThirdPartyRegistrationBodyTests
{
    private const string ServiceInfo =
        """
        <?xml version="1.0" encoding="UTF-8"?>
        <ims-3gpp version="1"><service-info>push=gold &amp; <![CDATA[<quota>7</quota>]]></service-info></ims-3gpp>
        """;

    private const string Register =
        """
        REGISTER sip:domain.com SIP/2.0
        Via: SIP/2.0/UDP pra1.domain.com:5060;branch=z9hG4bK1
        To: "Bob" <sip:user@domain.com>
        From: "Bob" <sip:user@domain.com>;tag=456248
        Call-ID: 843817637684230@998sdasdh09
        CSeq: 1826 REGISTER
        Contact: <sip:user@192.0.2.4:5060>;+sip.instance="<urn:uuid:f81d4fae-7dec-11d0-a765-00a0c91e6bf6>";+g.oma.pusheventapp="mms.ua,wml.ua"
        Expires: 7200
        Content-Length: 0


        """;

    private const string Granted =
        """
        SIP/2.0 200 OK
        Via: SIP/2.0/UDP pra1.domain.com:5060;branch=z9hG4bK1
        To: "Bob" <sip:user@domain.com>;tag=2493k59kd
        From: "Bob" <sip:user@domain.com>;tag=456248
        Call-ID: 843817637684230@998sdasdh09
        CSeq: 1826 REGISTER
        Contact: <sip:user@192.0.2.9>;audio;expires=60, <sip:user@192.0.2.4:5060>
         ;pub-gruu="sip:user@domain.com;gr=urn:uuid:f81d4fae-7dec-11d0-a765-00a0c91e6bf6"
         ;temp-gruu="sip:tgruu.7hs==jd7vnzga5w7fajsc7-ajd6fabz0f8g5@domain.com;gr"
         ;+sip.instance="<urn:uuid:f81d4fae-7dec-11d0-a765-00a0c91e6bf6>"
         ;+g.3gpp.icsi-ref="urn%3Aurn-7%3A3gpp-service.ims.icsi.omapush";+g.oma.pusheventapp="mms.ua,wml.ua";expires=3600
        Expires: 7200
        Content-Length: 0


        """;

    [Test]
    public void Service_information_alone_is_read()
    {
        var body = Read("application/3gpp-ims+xml", ServiceInfo);

        Assert.That((body.ServiceInfo, body.HasUnreadable), Is.EqualTo(("push=gold & <quota>7</quota>", false)));
        Assert.That(body.Contacts, Is.Empty);
    }

    [Test]
    public void The_200_says_what_was_granted_and_its_push_contact_comes_first()
    {
        var (type, octets) = MultipartBody.Write(
        [
            new BodyPart("application/3gpp-ims+xml", Octets(ServiceInfo)),
            new BodyPart("application/unknown", Octets("\0\u0001")),
            new BodyPart("message/sip", Octets(Register)),
            new BodyPart("message/sip", Octets(Granted)),
        ]);

        var body = ThirdPartyRegistrationBody.Read(Outer(type, octets), new SipLimits());

        Assert.That(body.ServiceInfo, Does.StartWith("push=gold"));
        Assert.That(body.HasUnreadable, Is.False);
        Assert.That(body.Contacts.Select(contact => contact.Address?.ToString()), Is.EqualTo(["sip:user@192.0.2.4:5060", "sip:user@192.0.2.9"]));

        var first = body.Contacts[0];
        Assert.That(first.PublicGruu?.ToString(), Is.EqualTo("sip:user@domain.com;gr=urn:uuid:f81d4fae-7dec-11d0-a765-00a0c91e6bf6"));
        Assert.That(first.TemporaryGruu?.ToString(), Is.EqualTo("sip:tgruu.7hs==jd7vnzga5w7fajsc7-ajd6fabz0f8g5@domain.com;gr"));
        Assert.That(first.Instance, Is.EqualTo("urn:uuid:f81d4fae-7dec-11d0-a765-00a0c91e6bf6"));
        Assert.That(first.PushEventApplications, Is.EqualTo(["mms.ua", "wml.ua"]));
        Assert.That(first.Icsis, Is.EqualTo(["urn:urn-7:3gpp-service.ims.icsi.omapush"]));
        Assert.That(first.Expires, Is.EqualTo(TimeSpan.FromSeconds(3600)));
    }

    [Test]
    public void Without_a_200_the_REGISTER_is_what_there_is()
    {
        var contact = Read("message/sip", Register).Contacts.Single();

        Assert.That(contact.PushEventApplications, Is.EqualTo(["mms.ua", "wml.ua"]));
        Assert.That((contact.PublicGruu, contact.Expires), Is.EqualTo(((SipUri?)null, TimeSpan.FromSeconds(7200))));
    }

    [Test]
    public void A_message_that_lost_its_empty_line_to_the_delimiter_is_read()
    {
        var body = Read("multipart/mixed;boundary=b", "--b\nContent-Type: message/sip\n\n" + Granted.TrimEnd() + "\n--b--\n");

        Assert.That(body.Contacts, Has.Count.EqualTo(2));
        Assert.That(body.HasUnreadable, Is.False);
    }

    [TestCase(SipProfile.Strict, null)]
    [TestCase(SipProfile.Lenient, "sip:callee@example.com;gr=urn:uuid:f81d4fae")]
    [Description("PUSH-28")]
    public void A_public_GRUU_with_a_gap_in_it_is_mended_by_a_lenient_reader(SipProfile profile, string? gruu)
    {
        var octets = Octets("SIP/2.0 200 OK\nCSeq: 1 REGISTER\nContact: <sip:user@192.0.2.4>;pub-gruu=\"sip:callee@example.com; ;gr=urn:uuid:f81d4fae\"\n\n");
        var body = ThirdPartyRegistrationBody.Read(Outer("message/sip", octets), new SipLimits(), profile);

        Assert.That(body.Contacts.Single().PublicGruu?.ToString(), Is.EqualTo(gruu));
    }

    [TestCase("SIP/2.0 403 Forbidden\nCSeq: 1 REGISTER\nContact: <sip:a@b>\n\n")]
    [TestCase("SIP/2.0 200 OK\nCSeq: 1 INVITE\nContact: <sip:a@b>\n\n")]
    [TestCase("MESSAGE sip:a@b SIP/2.0\nCSeq: 1 MESSAGE\nContact: <sip:a@b>\n\n")]
    [TestCase("REGISTER sip:a@b SIP/2.0\nCSeq: 1 REGISTER\nContact: *\nExpires: 0\n\n")]
    public void Other_messages_tell_of_no_contact(string message)
    {
        var body = Read("message/sip", message);

        Assert.That((body.Contacts.Count, body.HasUnreadable), Is.EqualTo((0, false)));
    }

    [TestCase("message/sip", "")]
    [TestCase("application/unknown", "x")]
    [TestCase("nothing", "x")]
    public void What_is_not_understood_is_passed_over(string type, string content)
    {
        var body = Read(type, content);

        Assert.That((body.ServiceInfo, body.Contacts.Count, body.HasUnreadable), Is.EqualTo(((string?)null, 0, false)));
    }

    [TestCase("message/sip", "\n\n")]
    [TestCase("message/sip", "hello")]
    [TestCase("message/sip", "SIP/2.0 200 OK\nContent-Length: 5\n\n")]
    [TestCase("multipart/mixed", "--b\n\nx\n--b--")]
    [TestCase("application/3gpp-ims+xml", "<ims-3gpp version='1'><service-info>x</service-info>")]
    [TestCase("application/3gpp-ims+xml", "<other/>")]
    [TestCase("application/3gpp-ims+xml", "not xml")]
    [TestCase("application/3gpp-ims+xml", "<!DOCTYPE ims-3gpp [<!ENTITY e SYSTEM 'file:///etc/hostname'>]><ims-3gpp><service-info>&e;</service-info></ims-3gpp>")]
    [TestCase("application/3gpp-ims+xml", "<?xml version='1.0' encoding='utf-7'?><ims-3gpp><service-info>x</service-info></ims-3gpp>")]
    [TestCase("application/3gpp-ims+xml", "<?xml version='1.0' encoding='none'?><ims-3gpp><service-info>x</service-info></ims-3gpp>")]
    [TestCase("application/3gpp-ims+xml", "<?xml version='1.0' encoding='utf-16'?><ims-3gpp><service-info>x</service-info></ims-3gpp>")]
    public void What_is_broken_is_passed_over_and_told(string type, string content)
    {
        var body = Read(type, content);

        Assert.That((body.ServiceInfo, body.Contacts.Count, body.HasUnreadable), Is.EqualTo(((string?)null, 0, true)));
    }

    [Test]
    public void A_document_may_not_be_of_any_length()
    {
        var body = Read("application/3gpp-ims+xml", $"<ims-3gpp><service-info>{new string('x', 100_000)}</service-info></ims-3gpp>");

        Assert.That((body.ServiceInfo, body.HasUnreadable), Is.EqualTo(((string?)null, true)));
    }

    [Test]
    public void Line_ends_before_the_message_up_to_the_limit_and_beyond_do_no_harm()
    {
        foreach (var count in new[] { 32_700, 32_768, 40_000, 70_000 })
        {
            Assert.That(Read("message/sip", new string('\n', count) + Register).HasUnreadable, Is.True);
        }
    }

    [Test]
    public void No_mangled_body_throws()
    {
        var (type, octets) = MultipartBody.Write(
            [new BodyPart("application/3gpp-ims+xml", Octets(ServiceInfo)), new BodyPart("message/sip", Octets(Granted))]);
        var signs = "\r\n\t \";:<>=,!#%\\\0\u007f-b"u8.ToArray();
        var random = new Random(3841);

        for (var i = 0; i < 3_000; i++)
        {
            var mangled = octets.AsSpan(0, random.Next(octets.Length / 2, octets.Length + 1)).ToArray();
            for (var j = random.Next(6); j > 0; j--)
            {
                mangled[random.Next(mangled.Length)] = signs[random.Next(signs.Length)];
            }

            var body = ThirdPartyRegistrationBody.Read(Outer(type, mangled), new SipLimits());
            Assert.That(() => string.Concat(body.Contacts.Select(contact => contact.Features.ToString())), Throws.Nothing);
        }
    }

    private static ThirdPartyRegistrationBody Read(string type, string content) =>
        ThirdPartyRegistrationBody.Read(Outer(type, Octets(content)), new SipLimits());

    private static byte[] Octets(string text) => Encoding.UTF8.GetBytes(text.ReplaceLineEndings("\r\n"));

    private static SipRequest Outer(string contentType, byte[] body)
    {
        var builder = new SipRequestBuilder(SipMethod.Register, SipUri.Parse("sip:psa.domain.com"));
        builder.Add("To", "<sip:user@domain.com>");
        builder.Add("From", "<sip:scscf1.domain.com>;tag=538ya");
        builder.Add("Contact", "<sip:scscf1.domain.com>");
        builder.Add("Expires", "7200");
        builder.SetBody(contentType, body);
        return builder.Build();
    }
}
