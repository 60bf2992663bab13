using SipPush.Sip;

namespace SipPush.Tests.Sip.Headers;

public sealed class ServiceIdTests
{
    [TestCase("urn:urn-7:3gpp-service.ims.icsi.omapush", "urn:urn-7:3gpp-service.ims.icsi.omapush")]
    [TestCase(" URN:URN-7:3GPP-service.ims.icsi.mmtel\t", "URN:URN-7:3GPP-service.ims.icsi.mmtel")]
    public void A_service_is_a_URN_of_one_namespace(string text, string written)
    {
        Assert.That(ServiceId.TryParse(text, out var service));
        Assert.That((service.ToString(), service.Is(written.ToLowerInvariant()), service.Is("urn:urn-7:x")), Is.EqualTo((written, true, false)));
    }

    [TestCase("")]
    [TestCase("urn:urn-7:")]
    [TestCase("urn:urn-7:a..b")]
    [TestCase("urn:urn-7:.a")]
    [TestCase("urn:urn-7:a.")]
    [TestCase("urn:urn-7:a_b")]
    [TestCase("3gpp-service.ims.icsi.omapush")]
    [TestCase("urn:")]
    [TestCase("urn::a")]
    public void Anything_else_is_none(string text) => Assert.That(ServiceId.TryParse(text, out _, SipProfile.Lenient), Is.False);

    [Test, Description("PUSH-28, D06")]
    public void Of_another_namespace_it_is_read_leniently_and_is_another_service()
    {
        const string Text = "urn:urn-xxx:3gpp-service.ims.icsi.omapush";

        Assert.That(ServiceId.TryParse(Text, out _), Is.False);
        Assert.That(ServiceId.TryParse(Text, out var service, SipProfile.Lenient));
        Assert.That((service.ToString(), service.Is("urn:urn-7:3gpp-service.ims.icsi.omapush")), Is.EqualTo((Text, false)));
    }
}
