using System.Text;
using SipPush.Sip;

namespace SipPush.Tests.Sip.Capabilities;

public sealed class CallerPreferencesTests
{
    private const string Push = "<sip:push@h>;+g.3gpp.icsi-ref=\"urn%3Aurn-7%3A3gpp-service.ims.icsi.omapush\";+g.oma.pusheventapp=\"mms.ua,wml.ua\"";
    private const string OtherPush = "<sip:other@h>;+g.3gpp.icsi-ref=\"urn%3Aurn-7%3A3gpp-service.ims.icsi.omapush\";+g.oma.pusheventapp=\"ulp.ua\"";
    private const string Phone = "<sip:phone@h>;audio;methods=\"INVITE,BYE\"";
    private const string Plain = "<sip:plain@h>";

    [Test]
    public void The_example_of_RFC_3841_7_2_5_comes_out_as_it_says()
    {
        var matches = Match(
            """
            Reject-Contact: *;actor="msg-taker";video
            Accept-Contact: *;audio;require
            Accept-Contact: *;video;explicit
            Accept-Contact: *;methods="BYE";class="business";q=1.0
            """,
            """sip:u1@h.example.com;audio;video;methods="INVITE,BYE";q=0.2""",
            """sip:u2@h.example.com;audio="FALSE";methods="INVITE";actor="msg-taker";q=0.2""",
            """sip:u3@h.example.com;audio;actor="msg-taker";methods="INVITE";video;q=0.3""",
            """sip:u4@h.example.com;audio;methods="INVITE,OPTIONS";q=0.2""",
            "sip:u5@h.example.com;q=0.5");

        Assert.That(
            matches.Select(match => (match.Contact.Address.ToString(), match.Q, Math.Round(match.Qa, 2))),
            Is.EqualTo([("sip:u5@h.example.com", 0.5, 1.0), ("sip:u1@h.example.com", 0.2, 0.83), ("sip:u4@h.example.com", 0.2, 0.5)]));
    }

    // The four ways through Figure 1 for a contact that mentions one tag of two, and contradicts none.
    [TestCase("require;explicit", null)]
    [TestCase("explicit", 0.0)]
    [TestCase("require", 0.5)]
    [TestCase("x", 0.5)]
    public void A_score_below_one_is_applied_as_figure_1_draws_it(string flags, double? qa)
    {
        var matches = Match($"Accept-Contact: *;audio;video;{flags}", Phone);

        Assert.That(matches.Select(match => (double?)match.Qa), Is.EqualTo(qa is null ? [] : new double?[] { qa }));
    }

    [TestCase("require;explicit", 1.0)]
    [TestCase("explicit", 1.0)]
    [TestCase("require", 1.0)]
    [TestCase("x", 1.0)]
    public void A_score_of_one_is_left_alone(string flags, double qa)
    {
        var matches = Match($"Accept-Contact: *;audio;methods=\"BYE\";{flags}", Phone);

        Assert.That(matches.Single().Qa, Is.EqualTo(qa));
    }

    [TestCase("require;explicit", 0)]
    [TestCase("explicit", 1)]
    [TestCase("require", 0)]
    [TestCase("x", 1)]
    public void A_contradiction_drops_the_contact_only_when_a_match_is_required(string flags, int left)
    {
        var matches = Match($"Accept-Contact: *;methods=\"MESSAGE\";{flags}", Phone);

        Assert.That(matches, Has.Count.EqualTo(left));
        Assert.That(matches.Sum(match => match.Qa), Is.Zero);
    }

    [Test]
    public void Contacts_without_features_are_immune()
    {
        var matches = Match("Reject-Contact: *;audio\nAccept-Contact: *;+g.oma.pusheventapp=\"mms.ua\";require;explicit", Phone, Plain);

        Assert.That(Names(matches), Is.EqualTo(["plain"]));
        Assert.That(matches[0].Qa, Is.EqualTo(1));
    }

    [Test]
    public void Nobody_is_left_when_no_contact_has_what_is_required()
    {
        var matches = Match("Accept-Contact: *;+g.oma.pusheventapp=\"vms.ua\";require;explicit", Push, OtherPush, Phone);

        Assert.That(matches, Is.Empty);
    }

    [Test]
    public void Reject_Contact_spares_a_contact_that_does_not_mention_the_tag()
    {
        var matches = Match("Reject-Contact: *;audio;video", Phone, Push);

        Assert.That(Names(matches), Is.EqualTo(["phone", "push"]));
    }

    [Test]
    public void Q_orders_before_Qa_does()
    {
        var matches = Match("a: *;audio", Push, Phone, Phone + ";q=0.5", "<sip:last@h>;q=0.1");

        Assert.That(Names(matches), Is.EqualTo(["phone", "push", "phone", "last"]));
    }

    // The first form of the flow, with the comma, the tag with the underscore and the typographic quote, and the second.
    [Description("PUSH-28")]
    [TestCase("Accept-Contact: *; +g.3gpp.icsi_ref=\"urn%3Aurn-7%3A3gpp-service.ims.icsi.omapush\", +g.oma.pusheventapp=\"mms.ua\u201d")]
    [TestCase("Accept-Contact: *; +g.3gpp.icsi_ref=\"urn%3Aurn-7%3A3gpp-service.ims.icsi.omapush\"; +g.oma.pusheventapp=\"mms.ua\u201d")]
    [TestCase("Accept-Contact: *;+g.3gpp.icsi-ref=\"urn%3Aurn-7%3A3gpp-service.ims.icsi.omapush\",+g.oma.pusheventapp=\"mms.ua\"")]
    public void Comma_and_semicolon_say_the_same_in_the_push_flow_to_a_lenient_reader(string header)
    {
        const string Meant = "*;+g.3gpp.icsi-ref=\"urn%3Aurn-7%3A3gpp-service.ims.icsi.omapush\";+g.oma.pusheventapp=\"mms.ua\"";

        Assert.That(Read(SipProfile.Lenient), Is.EqualTo([Meant]));
        Assert.That(Read(SipProfile.Strict), Does.Not.Contain(Meant));

        IEnumerable<string> Read(SipProfile profile) =>
            CallerPreference.Read(Request("MESSAGE", header, profile), SipHeaderNames.AcceptContact).Select(preference => preference.ToString());
    }

    [Test, Description("PUSH-28")]
    public void Flags_behind_the_comma_count_for_the_whole_value_to_a_lenient_reader()
    {
        var request = Request(
            "INVITE",
            "Accept-Contact: *;+g.3gpp.icsi-ref=\"urn%3Aurn-7%3A3gpp-service.ims.icsi.omapush\",+g.oma.pusheventapp=\"mms.ua\";require;explicit",
            SipProfile.Lenient);

        Assert.That(Names(CallerPreferences.Of(request).Match(Contacts([OtherPush, Push, Phone]))), Is.EqualTo(["push"]));
    }

    [Test]
    public void Two_values_are_two_predicates_and_one_value_is_one()
    {
        var two = Match("Accept-Contact: *;audio;explicit, *;video;explicit", Phone).Single().Qa;
        var one = Match("Accept-Contact: *;audio;video;explicit", Phone).Single().Qa;

        Assert.That((two, one), Is.EqualTo((0.5, 0.0)));
    }

    [Test]
    public void Without_the_headers_the_method_is_what_is_asked_for()
    {
        var preferences = CallerPreferences.Of(Request("MESSAGE", "Subject: x"));

        Assert.That(preferences.IsImplicit, Is.True);
        Assert.That(Names(preferences.Match(Contacts([Phone, Push]))), Is.EqualTo(["push"]));
        Assert.That(Names(preferences.Match(Contacts([Phone]))), Is.EqualTo(["phone"]), "a 405 says more than a 480");
    }

    [TestCase("")]
    [TestCase("sip:a@b")]
    [TestCase("*audio")]
    [TestCase("\"*\"")]
    public void Anything_but_an_asterisk_and_parameters_is_no_preference(string value)
    {
        Assert.That(CallerPreference.TryParse(value, out _), Is.False);
    }

    [Test]
    public void An_asterisk_alone_is_a_preference_for_anything()
    {
        Assert.That(CallerPreference.TryParse(" * ", out var preference), Is.True);
        Assert.That(preference!.ToString(), Is.EqualTo("*"));
        Assert.That(Match("Accept-Contact: *;require;explicit", Phone).Single().Qa, Is.EqualTo(1));
    }

    private static IReadOnlyList<ContactMatch<NameAddress>> Match(string headers, params string[] contacts) =>
        CallerPreferences.Of(Request("INVITE", headers)).Match(Contacts(contacts));

    private static IEnumerable<NameAddress> Contacts(string[] contacts) =>
        contacts.Select(contact => NameAddress.TryParse(contact, out var address) ? address : throw new AssertionException(contact));

    private static IEnumerable<string> Names(IEnumerable<ContactMatch<NameAddress>> matches) =>
        matches.Select(match => match.Contact.Uri!.User.ToString());

    private static SipRequest Request(string method, string headers, SipProfile profile = SipProfile.Strict) =>
        SipRequest.Parse(Encoding.UTF8.GetBytes($"{method} sip:user@example.com SIP/2.0\r\n{headers.ReplaceLineEndings("\r\n")}\r\n\r\n"), profile);
}
