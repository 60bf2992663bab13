using SipPush.Sip;

namespace SipPush.Tests.Sip.Headers;

public sealed class SessionExpiresTests
{
    [Description("RFC 4028 §4")]
    [TestCase("1800", 1800, null, "1800")]
    [TestCase("4000;refresher=uac", 4000, SessionRefresher.Uac, "4000;refresher=uac")]
    [TestCase("90 ; x=y; Refresher = UAS", 90, SessionRefresher.Uas, "90;refresher=uas")]
    [TestCase("90;refresher=both", 90, null, "90")]
    [TestCase("90;refresher", 90, null, "90")]
    [TestCase("0;;", 0, null, "0")]
    [TestCase("4294967295\r\n ;refresher=uac", 4_294_967_295, SessionRefresher.Uac, "4294967295;refresher=uac")]
    public void Seconds_and_who_refreshes(string text, long seconds, SessionRefresher? refresher, string written)
    {
        Assert.That(SessionExpires.TryParse(text, out var value));
        Assert.That(value, Is.EqualTo(new SessionExpires(TimeSpan.FromSeconds(seconds), refresher)));
        Assert.That(value.ToString(), Is.EqualTo(written));
    }

    [Test]
    public void A_part_of_a_second_is_cut_off() =>
        Assert.That(new SessionExpires(TimeSpan.FromSeconds(90.9), null).ToString(), Is.EqualTo("90"));

    [TestCase("")]
    [TestCase(";refresher=uac")]
    [TestCase("-1")]
    [TestCase("90.5")]
    [TestCase("90 s")]
    [TestCase("4294967296")]
    public void Anything_else_is_none(string text) => Assert.That(SessionExpires.TryParse(text, out _), Is.False);
}
