using System.Text;
using SipPush.Msrp.Framing;

namespace SipPush.Tests.Msrp.Framing;

public sealed class EndLineTests
{
    private const string Start = "\r\n-------a1b2";

    [TestCase("body", 4, 0)]
    [TestCase("body\r", 4, 1)]
    [TestCase("body\r\n--", 4, 4)]
    [TestCase("body" + Start, 4, 13)]
    [TestCase("body" + Start + "$", 4, 14)]
    [TestCase("body" + Start + "$\r", 4, 15)]
    [TestCase("body" + Start + "$\r\n", 4, 16)]
    [TestCase("body" + Start + "+\r\nMSRP", 4, 16)]
    [TestCase("body" + Start + "*\r\n", 18, 2)]
    [TestCase("body" + Start + "$\n", 19, 0)]
    [TestCase("body" + Start + "\r", 17, 1)]
    [TestCase("body" + Start + "$\r\r", 19, 1)]
    [TestCase("body" + Start + Start + "#\r\n", 17, 16)]
    [TestCase("\r\r\r", 2, 1)]
    [TestCase("\r\n-\r\n-", 3, 3)]
    [TestCase("\r\n--------", 10, 0)]
    [TestCase(Start + "$\r\n", 0, 16)]
    [Description("MSRP-01")]
    public void What_is_body_for_certain_ends_where_an_end_line_may_begin(string octets, int body, int matched)
    {
        var found = EndLine.Scan(Encoding.Latin1.GetBytes(octets), Encoding.Latin1.GetBytes(Start), out var actual);

        Assert.That((found, actual), Is.EqualTo((body, matched)));
    }

    [TestCase(0, "\r\n--", true, 4)]
    [TestCase(4, "-----a1b2$\r\n", true, 16)]
    [TestCase(13, "$", true, 14)]
    [TestCase(13, "5$", false, 13)]
    [TestCase(14, "\n", false, 14)]
    [TestCase(15, "\n", true, 16)]
    [TestCase(15, "\r", false, 15)]
    [TestCase(1, "\r\n", false, 1)]
    [Description("MSRP-01")]
    public void An_end_line_goes_on_where_it_stopped(int matched, string octets, bool fits, int then)
    {
        Assert.That(EndLine.Continue(Encoding.Latin1.GetBytes(octets), Encoding.Latin1.GetBytes(Start), ref matched), Is.EqualTo(fits));
        Assert.That(matched, Is.EqualTo(then));
    }
}
