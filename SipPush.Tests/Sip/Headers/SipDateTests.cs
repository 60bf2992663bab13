using SipPush.Sip;

namespace SipPush.Tests.Sip.Headers;

public sealed class SipDateTests
{
    [Description("SIP-04, SIP-89")]
    [TestCase("Sat, 13 Nov 2010 23:29:00 GMT", "2010-11-13T23:29:00", "Sat, 13 Nov 2010 23:29:00 GMT")]
    [TestCase("  Thu,\r\n 29 Feb 2024\r\n 00:00:59 GMT ", "2024-02-29T00:00:59", "Thu, 29 Feb 2024 00:00:59 GMT")]
    [TestCase("mon, 01 JAN 0001 00:00:00 gmt", "0001-01-01T00:00:00", "Mon, 01 Jan 0001 00:00:00 GMT")]
    [TestCase("Fri, 31 Dec 9999 23:59:59 GMT", "9999-12-31T23:59:59", "Fri, 31 Dec 9999 23:59:59 GMT")]
    [TestCase("Mon, 13 Nov 2010 23:29:00 GMT", "2010-11-13T23:29:00", "Sat, 13 Nov 2010 23:29:00 GMT")]
    public void A_date_is_a_moment_in_GMT(string text, string moment, string written)
    {
        Assert.That(SipDate.TryParse(text, out var date));
        Assert.That(date.Time.ToString("s"), Is.EqualTo(moment));
        Assert.That((date.Time.Offset, date.ToString()), Is.EqualTo((TimeSpan.Zero, written)));
    }

    [TestCase("")]
    [TestCase("Fri, 01 Jan 2010 16:00:00 EST", Description = "RFC 4475 §3.1.2.12")]
    [TestCase("Fri, 1 Jan 2010 16:00:00 GMT")]
    [TestCase("Friday, 01-Jan-10 16:00:00 GMT")]
    [TestCase("Fri Jan  1 16:00:00 2010")]
    [TestCase("Fri, 01 Jan 2010 16:00:00 +000")]
    [TestCase("Fry, 01 Jan 2010 16:00:00 GMT")]
    [TestCase("Fri, 01 Jen 2010 16:00:00 GMT")]
    [TestCase("Fri, 29 Feb 2010 16:00:00 GMT")]
    [TestCase("Fri, 00 Jan 2010 16:00:00 GMT")]
    [TestCase("Fri, 01 Jan 0000 16:00:00 GMT")]
    [TestCase("Fri, 01 Jan 2010 24:00:00 GMT")]
    [TestCase("Fri, 01 Jan 2010 16:60:00 GMT")]
    [TestCase("Fri, 01 Jan 2010 16:00:60 GMT")]
    [TestCase("Fri, 01 Jan 2010 16-00-00 GMT")]
    [TestCase("Fri, -1 Jan 2010 16:00:00 GMT")]
    public void Any_other_form_or_zone_is_none(string text) => Assert.That(SipDate.TryParse(text, out _), Is.False);

    [Test]
    public void It_is_written_in_GMT_wherever_it_was_taken() =>
        Assert.That(new SipDate(new DateTimeOffset(2010, 11, 14, 1, 29, 0, TimeSpan.FromHours(2))).ToString(), Is.EqualTo("Sat, 13 Nov 2010 23:29:00 GMT"));
}
