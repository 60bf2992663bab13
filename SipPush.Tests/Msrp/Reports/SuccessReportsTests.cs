using SipPush.Msrp;
using SipPush.Msrp.Reports;

namespace SipPush.Tests.Msrp.Reports;

public sealed class SuccessReportsTests
{
    [Test, Description("MSRP-24")]
    public void One_report_on_the_whole_message_is_due_at_its_end()
    {
        var reports = new SuccessReports();

        Assert.Multiple(() =>
        {
            Assert.That(Due(reports, 2048, null), Is.Null);
            Assert.That(Due(reports, 4096, 4385), Is.Null);
            Assert.That(Due(reports, 4385, 4385), Is.EqualTo(new ByteRange(1, 4385, 4385)));
            Assert.That(Due(reports, 4385, 4385), Is.Null);
        });
    }

    [Test, Description("MSRP-24")]
    public void Cumulative_reports_are_due_after_every_interval()
    {
        var reports = new SuccessReports(interval: 1000);

        Assert.Multiple(() =>
        {
            Assert.That(Due(reports, 999, null), Is.Null);
            Assert.That(Due(reports, 1200, null), Is.EqualTo(new ByteRange(1, 1200, null)));
            Assert.That(Due(reports, 1200, null), Is.Null);
            Assert.That(Due(reports, 2199, null), Is.Null);
            Assert.That(Due(reports, 5000, 6000), Is.EqualTo(new ByteRange(1, 5000, 6000)));
            Assert.That(Due(reports, 6000, 6000), Is.EqualTo(new ByteRange(1, 6000, 6000)));
            Assert.That(Due(reports, 6000, 6000), Is.Null);
        });
    }

    [Test]
    public void An_empty_message_is_reported_from_1_to_0()
    {
        var reports = new SuccessReports(interval: 1000);

        Assert.That(Due(reports, 0, null), Is.Null);
        Assert.That(Due(reports, 0, 0), Is.EqualTo(new ByteRange(1, 0, 0)));
        Assert.That(Due(reports, 0, 0), Is.Null);
    }

    private static ByteRange? Due(SuccessReports reports, long contiguous, long? total) =>
        reports.TryTake(contiguous, total, out var range) ? range : null;
}
