using System.Text;
using SipPush.Msrp;

namespace SipPush.Tests.Msrp;

public sealed class ByteRangeTests
{
    [TestCase("1-137/148", 1L, 137L, 148L)]
    [TestCase("1-*/*", 1L, null, null)]
    [TestCase("1-*/4385", 1L, null, 4385L)]
    [TestCase("2049-4096/*", 2049L, 4096L, null)]
    [TestCase("1-0/0", 1L, 0L, 0L)]
    [TestCase("1-0/*", 1L, 0L, null)]
    [TestCase("149-148/148", 149L, 148L, 148L)]
    [TestCase("01-02/03", 1L, 2L, 3L)]
    [TestCase("4294967297-*/8589934592", 4294967297L, null, 8589934592L, Description = "Edge 30")]
    [TestCase("999999999999999999-999999999999999999/999999999999999999", 999999999999999999L, 999999999999999999L, 999999999999999999L)]
    [Description("Edge 28")]
    public void A_range_is_read(string text, long start, long? end, long? total)
    {
        Assert.That(ByteRange.TryParse(Encoding.Latin1.GetBytes(text), out var range), Is.True);
        Assert.That(range, Is.EqualTo(new ByteRange(start, end, total)));
    }

    [TestCase("")]
    [TestCase("1")]
    [TestCase("1-")]
    [TestCase("1-5")]
    [TestCase("1-5/")]
    [TestCase("1-/5")]
    [TestCase("-5/5")]
    [TestCase("*-5/5")]
    [TestCase("0-5/5")]
    [TestCase("0-0/0")]
    [TestCase("5-3/10")]
    [TestCase("-1-5/5")]
    [TestCase("1--5/5")]
    [TestCase("+1-5/5")]
    [TestCase("1-6/5")]
    [TestCase("7-*/5")]
    [TestCase("1-5/5 ")]
    [TestCase(" 1-5/5")]
    [TestCase("1 - 5/5")]
    [TestCase("1-5/5/5")]
    [TestCase("1-**/5")]
    [TestCase("1-5/0x5")]
    [TestCase("1-\u0665/5")]
    [TestCase("1-*/1000000000000000000")]
    [TestCase("18446744073709551617-*/*")]
    [TestCase("1-99999999999999999999/*")]
    [Description("Edge 29, MSRP-11")]
    public void What_is_no_range_or_cannot_be_is_refused(string text)
    {
        Assert.That(ByteRange.TryParse(Encoding.UTF8.GetBytes(text), out var range), Is.False);
        Assert.That(range, Is.EqualTo(default(ByteRange)));
    }
}
