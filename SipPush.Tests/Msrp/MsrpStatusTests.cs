using SipPush.Msrp;

namespace SipPush.Tests.Msrp;

public sealed class MsrpStatusTests
{
    [TestCase(MsrpStatus.Ok, "OK")]
    [TestCase(MsrpStatus.BadRequest, "Bad Request")]
    [TestCase(MsrpStatus.Unauthorized, "Unauthorized")]
    [TestCase(MsrpStatus.NoSuchSession, "No Such Session")]
    [TestCase(MsrpStatus.IntervalOutOfBounds, "Interval Out-of-Bounds")]
    [TestCase(299, "")]
    [TestCase(-1, "")]
    public void A_code_has_its_words(int status, string words)
    {
        Assert.That(MsrpStatus.ReasonOf(status), Is.EqualTo(words));
    }
}
