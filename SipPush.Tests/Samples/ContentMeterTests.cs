using SipPush.Samples.PushReceiver;
using SipPush.Tests.Support;

namespace SipPush.Tests.Samples;

public sealed class ContentMeterTests
{
    private static readonly byte[] Octets = [.. Enumerable.Range(0, 1000).Select(i => (byte)i)];

    [Test]
    public void A_slow_reader_gets_no_more_than_its_rate()
    {
        var clock = new ManualTimeProvider();
        var meter = new ContentMeter(rate: 100, clock);

        for (var taken = 0; taken < Octets.Length; taken += 50)
        {
            var taking = meter.TakeAsync(Octets.AsMemory(taken, 50), CancellationToken.None).AsTask();
            clock.Advance(TimeSpan.FromMilliseconds(499));
            Assert.That(taking.IsCompleted, Is.False, $"after {taken} octets");
            clock.Advance(TimeSpan.FromMilliseconds(1));
            Assert.That(taking.IsCompleted, Is.True, $"after {taken} octets");
        }
    }

    [Test]
    public async Task Without_a_rate_nobody_waits_and_the_beginning_is_kept()
    {
        var meter = new ContentMeter(rate: null, new ManualTimeProvider());

        await meter.TakeAsync(Octets.AsMemory(0, 150), CancellationToken.None);
        await meter.TakeAsync(Octets.AsMemory(150), CancellationToken.None);

        Assert.That(meter.Bytes, Is.EqualTo(1000));
        Assert.That(meter.Beginning.ToArray(), Is.EqualTo(Octets[..ContentMeter.MostBeginning]));
    }
}
