using SipPush.Msrp;
using SipPush.Msrp.Reports;

namespace SipPush.Tests.Msrp.Reports;

[Description("Edge 36, MSRP-26")]
public sealed class FailureReportTests
{
    [Test]
    public void The_end_is_that_of_the_octets_which_came()
    {
        Assert.Multiple(() =>
        {
            Assert.That(FailureReport.RangeOf(new ByteRange(2049, null, 4385), 2048), Is.EqualTo(new ByteRange(2049, 4096, 4385)));
            Assert.That(FailureReport.RangeOf(new ByteRange(1, 2048, null), 100), Is.EqualTo(new ByteRange(1, 100, null)));
            Assert.That(FailureReport.RangeOf(new ByteRange(1, 10, 10), 10), Is.EqualTo(new ByteRange(1, 10, 10)));
        });
    }

    [Test]
    public void A_total_that_cannot_be_true_is_left_open() =>
        Assert.That(FailureReport.RangeOf(new ByteRange(1, 10, 10), 11), Is.EqualTo(new ByteRange(1, 11, null)));

    [Test]
    public void A_chunk_without_a_range_began_at_the_first_octet() =>
        Assert.That(FailureReport.RangeOf(null, 7), Is.EqualTo(new ByteRange(1, 7, null)));

    [Test]
    public void A_chunk_without_octets_is_reported_from_1_to_0() =>
        Assert.That(FailureReport.RangeOf(new ByteRange(2049, null, 4385), 0), Is.EqualTo(new ByteRange(1, 0, 4385)));

    [Test]
    public void A_hostile_start_does_not_overflow() =>
        Assert.That(FailureReport.RangeOf(new ByteRange(long.MaxValue, null, null), 5), Is.EqualTo(new ByteRange(long.MaxValue, long.MaxValue, null)));
}
