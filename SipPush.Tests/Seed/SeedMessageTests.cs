using System.Text;
using SipPush.Sip;
using SipPush.Sip.Parsing;

namespace SipPush.Tests.Seed;

/// <summary>The printed flows, read and made whole.</summary>
[Description("PUSH-27")]
public sealed class SeedMessageTests
{
    private const string Instance = "urn:uuid:f81d4fae-7dec-11d0-a765-00a0c91e6bf6";

    // The faults that each printed message shows by itself.
    [TestCase("B.1 1 REGISTER", "D01 D02 D03")]
    [TestCase("B.1 2 200", "D01 D02 D24 D25")]
    [TestCase("B.1 3 REGISTER", "D01 D02")]
    [TestCase("B.1 3 200", "D01 D02")]
    [TestCase("B.2 1 MESSAGE", "D01 D02 D03 D05 D06 D07 D08 D09 D15 D34 D36")]
    [TestCase("B.2 2 MESSAGE", "D01 D02 D03 D05 D06 D07 D08 D09 D13 D15 D34 D41")]
    [TestCase("B.2 4 200", "D01 D02 D45")]
    [TestCase("B.3 1 INVITE", "D01 D02 D03 D05 D06 D07 D08 D09 D15 D18")]
    [TestCase("B.3 2 INVITE", "D01 D02 D03 D05 D06 D07 D13 D15 D41")]
    [TestCase("B.3 4 200", "D01 D02 D03 D05 D06 D07 D09 D18 D45")]
    [TestCase("B.3 6 ACK", "D01 D02 D09 D13 D14")]
    [TestCase("B.3 12 BYE", "D01 D02 D08 D09 D82 D83")]
    public void The_print_has_the_faults_that_are_known_of_it(string name, string faults) =>
        Assert.That(DefectForms.Find(SeedMessages.Raw(name)), Is.SupersetOf(faults.Split(' ')));

    [TestCaseSource(typeof(SeedMessages), nameof(SeedMessages.Names))]
    public void Every_message_can_be_loaded_and_comes_out_without_a_fault(string name)
    {
        var text = SeedMessages.Repaired(name, out _);

        Assert.That(DefectForms.Find(text), Is.Empty, text);
        var octets = Encoding.UTF8.GetBytes(text);
        SipMessage message = name.EndsWith("200", StringComparison.Ordinal) ? SipResponse.Parse(octets) : SipRequest.Parse(octets);

        Assert.That((message.From.Uri, message.To.Uri), Is.EqualTo((SipUri.Parse(name.StartsWith("B.1", StringComparison.Ordinal) ? From(name) : "sip:psa.domain.com"), SipUri.Parse("sip:user@domain.com"))));
        Assert.That(message.Values("Via").All(value => Via.TryParse(value, out _)));
        Assert.That(message.Addresses("Contact").All(contact => contact.Uri is not null));
        Assert.That(message.Values("Accept-Contact").All(value => CallerPreference.TryParse(value, out _)));
        Assert.That(message.Contains("P-Asserted-Identity"), Is.EqualTo(AssertedIdentity.TryRead(message, "P-Asserted-Identity", out _)));
        Assert.That(message.Contains("P-Asserted-Service"), Is.EqualTo(ServiceId.TryParse(message["P-Asserted-Service"], out _)));
        Assert.That(LenientRepair.TryRepair(octets, new SipLimits(), isDatagram: true, out _), Is.Null, "once is enough");

        static string From(string name) => name.Contains('3', StringComparison.Ordinal) ? "sip:registrar.domain.com" : "sip:user@domain.com";
    }

    [Test]
    public void The_granted_registration_is_that_of_the_corrected_flow()
    {
        Assert.That(SeedMessages.Repaired("B.1 2 200", out var repairs), Is.EqualTo($"""
            SIP/2.0 200 OK
            Via: SIP/2.0/UDP pra1.domain.com:5060;branch=z9hG4bKnashds7;rport=5060;received=192.0.2.4
            To: "Bob" <sip:user@domain.com>;tag=2493k59kd
            From: "Bob" <sip:user@domain.com>;tag=456248
            Call-ID: 843817637684230@998sdasdh09
            CSeq: 1826 REGISTER
            Contact: <sip:user@192.0.2.4>;pub-gruu="sip:user@domain.com;gr={Instance}";temp-gruu="sip:tgruu.7hs==jd7vnzga5w7fajsc7-ajd6fabz0f8g5@domain.com;gr";+sip.instance="<{Instance}>";+g.3gpp.icsi-ref="urn%3Aurn-7%3A3gpp-service.ims.icsi.omapush";+g.oma.pusheventapp="mms.ua";expires=3600
            Content-Length: 0


            """.ReplaceLineEndings("\r\n")));
        Assert.That(repairs, Is.EqualTo(LenientRepairs.EmptyParameter));
    }

    [Test]
    public void The_delivered_message_is_that_of_the_corrected_flow()
    {
        Assert.That(SeedMessages.Repaired("B.2 2 MESSAGE", out var repairs), Is.EqualTo($"""
            MESSAGE sip:user@192.0.2.4 SIP/2.0
            Via: SIP/2.0/UDP proxy.domain.com;branch=z9hG4bK123dsghds
            Via: SIP/2.0/TCP psa.domain.com;branch=z9hG4bK776sgdkse;received=192.0.2.10
            Max-Forwards: 69
            P-Asserted-Identity: <sip:psa@domain.com>
            P-Called-Party-ID: <sip:user@domain.com;gr={Instance}>
            From: <sip:psa.domain.com>;tag=49583
            To: "Bob" <sip:user@domain.com>
            Supported: gruu
            Accept-Contact: *;+g.3gpp.icsi-ref="urn%3Aurn-7%3A3gpp-service.ims.icsi.omapush";+g.oma.pusheventapp="mms.ua";require;explicit
            Call-ID: 723459815768908@998sdasdh09
            CSeq: 1 MESSAGE
            Content-Type: application/vnd.oma.push
            Content-Length: 103

            Content-Type: application/vnd.wap.mms-message
            X-Wap-Application-Id: x-wap-application:mms.ua

            octets
            """.ReplaceLineEndings("\r\n")));
        Assert.That(repairs, Is.EqualTo(
            LenientRepairs.StrayQuote | LenientRepairs.BareCalledParty | LenientRepairs.UnclosedBracket | LenientRepairs.CurlyQuotes
            | LenientRepairs.IcsiUnderscore | LenientRepairs.ContentLengthPlaceholder));
    }

    [Test]
    public void The_BYE_and_its_answer_are_those_of_the_corrected_flow()
    {
        Assert.That(SeedMessages.Repaired("B.3 12 BYE", out var repairs), Is.EqualTo($"""
            BYE sip:user@domain.com;gr={Instance} SIP/2.0
            Via: SIP/2.0/TCP psa.domain.com;branch=z9hG4bK776sgdksh
            Max-Forwards: 70
            To: Bob <sip:user@domain.com>;tag=456248
            From: <sip:psa.domain.com>;tag=49583
            Call-ID: 390458126334871@998sdasdh09
            CSeq: 198457 BYE
            Content-Length: 0


            """.ReplaceLineEndings("\r\n")));
        Assert.That(repairs, Is.EqualTo(LenientRepairs.StrayQuote | LenientRepairs.UnclosedBracket | LenientRepairs.ExtraBracket));
        Assert.That(SeedMessages.Repaired("B.3 15 200", out _), Does.Contain("\r\nCSeq: 198457 BYE\r\n"));
    }
}
