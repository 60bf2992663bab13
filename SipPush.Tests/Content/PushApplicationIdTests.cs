using SipPush;

namespace SipPush.Tests.Content;

/// <summary>PUSH-20: push application ids are known by name and number, and unknown numbers are kept.</summary>
public sealed class PushApplicationIdTests
{
    [TestCase("x-wap-application:*", 0x00, "*")]
    [TestCase("x-wap-application:push.sia", 0x01, "push.sia")]
    [TestCase("x-wap-application:wml.ua", 0x02, "wml.ua")]
    [TestCase("x-wap-application:wta.ua", 0x03, "wta.ua")]
    [TestCase("x-wap-application:mms.ua", 0x04, "mms.ua")]
    [TestCase("x-wap-application:push.syncml", 0x05, "push.syncml")]
    [TestCase("x-wap-application:loc.ua", 0x06, "loc.ua")]
    [TestCase("x-wap-application:syncml.dm", 0x07, "syncml.dm")]
    [TestCase("x-wap-application:drm.ua", 0x08, "drm.ua")]
    [TestCase("x-wap-application:emn.ua", 0x09, "emn.ua")]
    [TestCase("x-wap-application:wv.ua", 0x0A, "wv.ua")]
    [TestCase("x-oma-application:ulp.ua", 0x10, "ulp.ua")]
    [TestCase("x-oma-application:dlota.ua", 0x11, "dlota.ua")]
    [TestCase("x-oma-application:java-ams", 0x12, "java-ams")]
    [TestCase("x-oma-application:bcast.ua", 0x13, "bcast.ua")]
    [TestCase("x-oma-application:dpe.ua", 0x14, "dpe.ua")]
    [TestCase("x-oma-application:cpm:ua", 0x15, "cpm%3Aua")]
    [TestCase("x-wap-microsoft:localcontent.ua", 0x8000, "x-wap-microsoft%3Alocalcontent.ua")]
    [TestCase("x-wap-openwave:iota.ua", 0x8010, "x-wap-openwave%3Aiota.ua")]
    [TestCase("x-3gpp:mbms.service.announcement.ua", 0x9023, "x-3gpp%3Ambms.service.announcement.ua")]
    public void An_assigned_id_is_the_same_by_name_by_number_and_by_resource_identifier(string urn, int number, string resourceIdentifier)
    {
        var id = PushApplicationId.Parse(urn);

        Assert.That((id.Urn, id.Number, id.ResourceIdentifier), Is.EqualTo((urn, (int?)number, resourceIdentifier)));
        Assert.That(PushApplicationId.Parse($"{number}"), Is.EqualTo(id));
        Assert.That(PushApplicationId.Parse($"0x{number:X}"), Is.EqualTo(id));
        Assert.That(PushApplicationId.Parse(resourceIdentifier), Is.EqualTo(id));
        Assert.That(PushApplicationId.FromResourceIdentifier(resourceIdentifier).Urn, Is.EqualTo(urn));
        Assert.That(PushApplicationId.Parse(urn.ToUpperInvariant()).Urn, Is.EqualTo(urn));
    }

    [TestCase("40000", 40000)]
    [TestCase("0x9C40", 40000)]
    [TestCase("2147483647", int.MaxValue)]
    public void An_unknown_number_is_kept_without_a_name(string text, int number)
    {
        var id = PushApplicationId.Parse(text);

        Assert.That((id.Urn, id.Number, id.ToString()), Is.EqualTo(((string?)null, (int?)number, $"{number}")));
        Assert.That(PushApplicationId.FromResourceIdentifier(id.ResourceIdentifier), Is.EqualTo(id));
    }

    [TestCase("fs.ua", "x-wap-application:fs.ua", "fs.ua")]
    [TestCase("x-oma-application:fs.ua", "x-oma-application:fs.ua", "fs.ua")]
    [TestCase("x-acme:mail%20box", "x-acme:mail%20box", "x-acme%3Amail%2520box")]
    [TestCase("x-wap-application:4", "x-wap-application:4", "x-wap-application%3A4")]
    public void An_unknown_name_is_kept_and_comes_back_from_its_resource_identifier(string text, string urn, string resourceIdentifier)
    {
        var id = PushApplicationId.Parse(text);

        Assert.That((id.Urn, id.Number, id.ResourceIdentifier), Is.EqualTo((urn, (int?)null, resourceIdentifier)));
        Assert.That(PushApplicationId.FromResourceIdentifier(resourceIdentifier), Is.EqualTo(id));
    }

    [Test]
    public void Names_are_compared_without_regard_to_case()
    {
        PushApplicationId mms = "MMS.UA";

        Assert.That(mms == "X-WAP-Application:mms.ua", Is.True);
        Assert.That(mms.GetHashCode(), Is.EqualTo(PushApplicationId.FromNumber(4).GetHashCode()));
        Assert.That(mms != PushApplicationId.Default, Is.True);
        Assert.That(mms.Equals(null), Is.False);
    }

    [Test]
    public void The_default_is_wml_ua() =>
        Assert.That((PushApplicationId.Default.Urn, PushApplicationId.Any.Urn), Is.EqualTo(("x-wap-application:wml.ua", "x-wap-application:*")));

    [TestCase(null)]
    [TestCase("")]
    [TestCase(" ")]
    [TestCase("2147483648")]
    [TestCase("99999999999999999999")]
    [TestCase("!mms.ua")]
    [TestCase("mms.ua,wml.ua")]
    [TestCase("mms ua")]
    [TestCase("mms.ua\r\nX: y")]
    [TestCase("x-wap-application:")]
    [TestCase(":mms.ua")]
    [TestCase("mms%")]
    [TestCase("mms%3")]
    [TestCase("mms%0D%0Aua")]
    [TestCase("größe.ua")]
    public void Anything_else_is_refused(string? text)
    {
        Assert.That(PushApplicationId.TryParse(text, out var id), Is.False);
        Assert.That(id, Is.Null);
    }
}
