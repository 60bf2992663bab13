using SipPush.Sip;

namespace SipPush.Tests.Sip.Transactions;

public sealed class SipTimersTests
{
    [Test]
    [Description("RFC 3261 Table 4")]
    public void The_standard_values_are_the_default()
    {
        var timers = SipTimers.Rfc3261;

        Assert.That(timers, Is.EqualTo(new SipTimers()));
        Assert.That(timers.T1, Is.EqualTo(TimeSpan.FromMilliseconds(500)));
        Assert.That(timers.T2, Is.EqualTo(TimeSpan.FromSeconds(4)));
        Assert.That(timers.T4, Is.EqualTo(TimeSpan.FromSeconds(5)));
        Assert.That(timers.TransactionTimeout, Is.EqualTo(TimeSpan.FromSeconds(32)));
    }

    [Test]
    public void A_base_timer_is_neither_zero_nor_endless([Values(-1, 0, 3601)] int seconds)
    {
        var value = TimeSpan.FromSeconds(seconds);

        Assert.That(() => new SipTimers { T1 = value }, Throws.InstanceOf<ArgumentOutOfRangeException>());
        Assert.That(() => new SipTimers { T2 = value }, Throws.InstanceOf<ArgumentOutOfRangeException>());
        Assert.That(() => new SipTimers { T4 = value }, Throws.InstanceOf<ArgumentOutOfRangeException>());
    }
}
