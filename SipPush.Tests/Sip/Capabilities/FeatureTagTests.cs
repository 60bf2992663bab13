using SipPush.Sip;

namespace SipPush.Tests.Sip.Capabilities;

public sealed class FeatureTagTests
{
    private const string Contact =
        """
        <sip:user@192.0.2.4:5060>;q=0.7;+sip.instance="<urn:uuid:f81d4fae-7dec-11d0-a765-00a0c91e6bf6>";+g.3gpp.icsi-ref="urn%3Aurn-7%3A3gpp-service.ims.icsi.omapush";+g.oma.pusheventapp="mms.ua,wml.ua";expires=7200
        """;

    [Test]
    public void The_feature_parameters_of_a_contact_are_found_and_the_others_are_not()
    {
        var features = FeaturesOf(Contact);

        Assert.That(features.Tags.Select(tag => tag.Name), Is.EqualTo(["+sip.instance", "+g.3gpp.icsi-ref", "+g.oma.pusheventapp"]));
        Assert.That(features.Instance, Is.EqualTo("urn:uuid:f81d4fae-7dec-11d0-a765-00a0c91e6bf6"));
        Assert.That(features.Icsis, Is.EqualTo(["urn:urn-7:3gpp-service.ims.icsi.omapush"]));
        Assert.That(features.PushEventApplications, Is.EqualTo(["mms.ua", "wml.ua"]));
    }

    [Test]
    public void What_is_built_is_written_as_the_registration_has_it()
    {
        var features = new FeatureSet(
            FeatureTag.Instance("urn:uuid:f81d4fae-7dec-11d0-a765-00a0c91e6bf6"),
            FeatureTag.Icsi("urn:urn-7:3gpp-service.ims.icsi.omapush"),
            FeatureTag.PushEventApplications(["mms.ua", "wml.ua"]));

        Assert.That($"<sip:user@192.0.2.4:5060>;q=0.7{features};expires=7200", Is.EqualTo(Contact));
    }

    [Test]
    public void The_icsi_tag_with_an_underscore_is_another_one_and_never_written()
    {
        var features = FeaturesOf("""<sip:u@h>;+g.3gpp.icsi_ref="urn%3Aurn-7%3A3gpp-service.ims.icsi.omapush" """);

        Assert.That(features.Tags.Single().IsNamed(FeatureTag.IcsiName), Is.False);
        Assert.That(() => new FeatureTag("+g.3gpp.icsi_ref"), Throws.ArgumentException);
    }

    [Test]
    public void A_value_whose_quote_is_never_closed_is_no_contact()
    {
        Assert.That(NameAddress.TryParse("<sip:u@h>;+g.oma.pusheventapp=\"mms.ua\u201d", out _), Is.False);
    }

    [TestCase("\"mms.ua\"", "\"MMS.UA\"", true, TestName = "Tokens do not differ by case")]
    [TestCase("\"mms.ua,wml.ua\"", "\"ulp.ua,wml.ua\"", true, TestName = "One value in common is enough")]
    [TestCase("\"mms.ua\"", "\"wml.ua\"", false, TestName = "Other tokens do not match")]
    [TestCase("\"urn:urn-7:a\"", "\"urn%3aurn-7%3Aa\"", true, TestName = "Escapes are undone on both sides")]
    [TestCase("\"<Abc>\"", "\"<Abc>\"", true, TestName = "The same string matches")]
    [TestCase("\"<Abc>\"", "\"<abc>\"", false, TestName = "Strings differ by case")]
    [TestCase("\"<abc>\"", "\"abc\"", false, TestName = "A string is no token")]
    [TestCase("\"!mobile\"", "\"fixed\"", true, TestName = "Not this allows that")]
    [TestCase("\"!fixed\"", "\"fixed\"", false, TestName = "Not this refuses this")]
    [TestCase("", "TRUE", true, TestName = "No value means TRUE")]
    [TestCase("", "\"FALSE\"", false, TestName = "TRUE is not FALSE")]
    [TestCase("\"#=4\"", "\"#>=4\"", true, TestName = "At least four holds four")]
    [TestCase("\"#=3.9\"", "\"#>=4\"", false, TestName = "At least four does not hold less")]
    [TestCase("\"#<=-1\"", "\"#-5:5\"", true, TestName = "Ranges overlap below zero")]
    [TestCase("\"#1:3\"", "\"#4:6\"", false, TestName = "Ranges apart do not match")]
    [TestCase("\"!#1:3\"", "\"#2\"", false, TestName = "A number without relation is no value")]
    [TestCase("\"!#1:3\"", "\"#=2\"", false, TestName = "Outside a range is not inside")]
    [TestCase("\"!#1:3\"", "\"#2:4\"", true, TestName = "Outside a range is beyond its end")]
    [TestCase("\"\"", "\"a\"", false, TestName = "An empty list matches nothing")]
    public void Matching_follows_the_shape_of_the_value(string left, string right, bool matches)
    {
        var a = Tag("+x", left);
        var b = Tag("+x", right);

        Assert.That((a.Matches(b), b.Matches(a)), Is.EqualTo((matches, matches)));
    }

    [TestCase("\"#<=4\"")]
    [TestCase("\"#>=-4.5\"")]
    [TestCase("\"#=0.25\"")]
    [TestCase("\"!#1:3\"")]
    [TestCase("\"!a,b.c\"")]
    [TestCase("\"a%3Ab%2Cc\"")]
    [TestCase("\"<say \\\"so\\\" \\\\>\"")]
    [TestCase("\"FALSE\"")]
    public void A_value_is_written_as_it_was_read(string value)
    {
        Assert.That(Tag("+x", value).ToString(), Is.EqualTo("+x=" + value));
    }

    [TestCase("q")]
    [TestCase("expires")]
    [TestCase("+")]
    [TestCase("")]
    [TestCase("+a b")]
    public void Other_parameters_are_no_feature_tags(string name)
    {
        Assert.That(FeatureTag.TryParse(name, "1", out _), Is.False);
    }

    [TestCase("\"<a")]
    [TestCase("\"<a\u0001>\"")]
    [TestCase("\"#\"")]
    [TestCase("\"#>=99999999999999999999999999999999\"")]
    [TestCase("\"!!a\"")]
    [TestCase("\"%\"")]
    [TestCase("\",,,\"")]
    [TestCase("<<>>")]
    public void Whatever_the_network_sends_is_read_or_left_out(string value)
    {
        var tag = Tag("+x", value);

        Assert.That(tag.Values, Has.Count.LessThanOrEqualTo(1));
        Assert.That(tag.ToString(), Does.StartWith("+x=\"").And.EndsWith("\""));
    }

    [Test]
    public void A_value_cannot_break_out_of_its_quotes()
    {
        Assert.That(FeatureTag.PushEventApplications(["a\";x\r\n"]).ToString(), Is.EqualTo("+g.oma.pusheventapp=\"a%22%3Bx%0D%0A\""));
        Assert.That(() => FeatureTag.Instance("a>\r\n"), Throws.ArgumentException);
        Assert.That(() => new FeatureTag("+a;b"), Throws.ArgumentException);
    }

    private static FeatureTag Tag(string name, string value) =>
        FeatureTag.TryParse(name, value, out var tag) ? tag : throw new AssertionException("no feature tag");

    private static FeatureSet FeaturesOf(string contact) =>
        NameAddress.TryParse(contact, out var address) ? FeatureSet.FromContact(address) : throw new AssertionException("no contact");
}
