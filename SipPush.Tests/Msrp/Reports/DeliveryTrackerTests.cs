using SipPush.Msrp;
using SipPush.Msrp.Reports;

namespace SipPush.Tests.Msrp.Reports;

public sealed class DeliveryTrackerTests
{
    private readonly DeliveryTracker _tracker = new(maxRanges: 30);

    [Test, Description("MSRP-24")]
    public void One_report_on_the_whole_message_says_that_it_was_delivered()
    {
        Sent(4385);

        Assert.That(Report(1, 4385, 4385), Is.EqualTo(ReportEffect.Delivered));
        Assert.That(_tracker.IsDelivered, Is.True);
        Assert.That(_tracker.Confirmed, Is.EqualTo(4385));
    }

    [Test, Description("Edge 35")]
    public void Reports_that_match_no_chunk_are_merged_in_any_order()
    {
        Sent(1000);

        Assert.Multiple(() =>
        {
            Assert.That(Report(701, 1000, 1000), Is.EqualTo(ReportEffect.Progress));
            Assert.That(Report(1, 333, 1000), Is.EqualTo(ReportEffect.Progress));
            Assert.That(Report(1, 333, 1000), Is.EqualTo(ReportEffect.None));
            Assert.That(Report(300, 500, null), Is.EqualTo(ReportEffect.Progress));
            Assert.That(_tracker.Confirmed, Is.EqualTo(800));
            Assert.That(Report(450, 750, 1000), Is.EqualTo(ReportEffect.Delivered));
            Assert.That(Report(1, 1000, 1000), Is.EqualTo(ReportEffect.None));
        });
    }

    [Test, Description("Edge 35")]
    public void Twenty_five_gaps_are_closed_one_by_one()
    {
        Sent(5000);

        for (var i = 0; i < 25; i++)
        {
            Assert.That(Report(101 + (200 * i), 200 + (200 * i), 5000), Is.EqualTo(ReportEffect.Progress));
        }
        Assert.That(_tracker.Confirmed, Is.EqualTo(2500));

        for (var i = 24; i > 0; i--)
        {
            Assert.That(Report(1 + (200 * i), 100 + (200 * i), 5000), Is.EqualTo(ReportEffect.Progress));
        }
        Assert.That(Report(1, 100, 5000), Is.EqualTo(ReportEffect.Delivered));
    }

    [Test, Description("Edge 35")]
    public void Ranges_are_bounded_and_one_report_on_all_still_counts()
    {
        Sent(1000);

        for (var i = 0; i < 100; i++)
        {
            Report(1 + (2 * i), 1 + (2 * i), 1000);
        }
        Assert.That(_tracker.Confirmed, Is.EqualTo(30));

        Assert.That(Report(1, 1000, 1000), Is.EqualTo(ReportEffect.Delivered));
    }

    [Test]
    public void A_report_without_a_range_or_with_an_open_end_is_on_all_that_was_sent()
    {
        Sent(1000);
        Assert.That(Report(501, null, null), Is.EqualTo(ReportEffect.Progress));
        Assert.That(_tracker.Confirmed, Is.EqualTo(500));

        Assert.That(_tracker.OnReport(null, MsrpStatus.Ok), Is.EqualTo(ReportEffect.Delivered));
    }

    [Test]
    public void An_open_end_with_a_total_ends_there()
    {
        Sent(1000);

        Report(1, null, 800);

        Assert.That(_tracker.Confirmed, Is.EqualTo(800));
    }

    [Test]
    public void No_report_confirms_what_was_not_sent()
    {
        _tracker.OnSending(2048);

        Assert.Multiple(() =>
        {
            Assert.That(Report(1, null, 8000), Is.EqualTo(ReportEffect.Progress));
            Assert.That(_tracker.Confirmed, Is.EqualTo(2048));
            Assert.That(Report(3000, 8000, 8000), Is.EqualTo(ReportEffect.None));
            Assert.That(Report(long.MaxValue, long.MaxValue, null), Is.EqualTo(ReportEffect.None));
            Assert.That(Report(0, 5, null), Is.EqualTo(ReportEffect.None));
            Assert.That(_tracker.IsDelivered, Is.False);
        });

        Sent(8000);
        Assert.That(Report(2049, 8000, 8000), Is.EqualTo(ReportEffect.Delivered));
    }

    [TestCase(true), TestCase(false)]
    public void An_empty_message_is_delivered_when_it_was_reported(bool withRange)
    {
        Sent(0);
        Assert.That(_tracker.IsDelivered, Is.False);

        Assert.That(_tracker.OnReport(withRange ? new ByteRange(1, 0, 0) : null, MsrpStatus.Ok), Is.EqualTo(ReportEffect.Delivered));
        Assert.That(_tracker.OnReport(null, MsrpStatus.Ok), Is.EqualTo(ReportEffect.None));
    }

    [Test, Description("MSRP-29")]
    public void Any_other_status_is_a_failure_of_its_range()
    {
        Sent(4096);
        Report(1, 2048, 4096);

        Assert.Multiple(() =>
        {
            Assert.That(_tracker.OnReport(new ByteRange(2049, 4096, 4096), MsrpStatus.RequestTimeout), Is.EqualTo(ReportEffect.Failed));
            Assert.That(_tracker.OnReport(null, MsrpStatus.Forbidden), Is.EqualTo(ReportEffect.Failed));
            Assert.That(_tracker.FailureStatus, Is.EqualTo(408));
            Assert.That(_tracker.FailedRange, Is.EqualTo(new ByteRange(2049, 4096, 4096)));
            Assert.That(_tracker.Confirmed, Is.EqualTo(2048));
            Assert.That(_tracker.IsDelivered, Is.False);
        });
    }

    [Test]
    public void A_status_of_another_namespace_says_nothing()
    {
        Sent(100);

        Assert.That(_tracker.OnReport(null, 0), Is.EqualTo(ReportEffect.None));
        Assert.That(_tracker.Confirmed, Is.Zero);
        Assert.That(_tracker.FailureStatus, Is.Null);
    }

    [Test, Description("Edge 35")]
    public void Any_reports_that_cover_the_message_in_any_order_deliver_it_with_the_last()
    {
        var random = new Random(35);

        for (var run = 0; run < 200; run++)
        {
            var length = random.Next(1, 10_000);
            var reports = new List<ByteRange>();

            for (var start = 1; start <= length;)
            {
                var end = random.Next(start, Math.Min(length, start + 500) + 1);
                reports.Add(new ByteRange(Math.Max(1, start - random.Next(100)), end, random.Next(2) == 0 ? length : null));
                start = end + 1;
            }

            var shuffled = reports.ToArray();
            random.Shuffle(shuffled);
            var tracker = new DeliveryTracker();
            var covered = new bool[length];
            tracker.OnSending(length);
            tracker.OnSendingEnd();

            foreach (var range in shuffled)
            {
                tracker.OnReport(range, MsrpStatus.Ok);
                covered.AsSpan((int)range.Start - 1, (int)(range.End!.Value - range.Start + 1)).Fill(true);
                Assert.That(tracker.Confirmed, Is.EqualTo(covered.Count(octet => octet)));
                Assert.That(tracker.IsDelivered, Is.EqualTo(covered.All(octet => octet)));
            }
            Assert.That(tracker.IsDelivered, Is.True);
        }
    }

    private void Sent(long length)
    {
        _tracker.OnSending(length);
        _tracker.OnSendingEnd();
    }

    private ReportEffect Report(long start, long? end, long? total) => _tracker.OnReport(new ByteRange(start, end, total), MsrpStatus.Ok);
}
