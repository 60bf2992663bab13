using SipPush.Sip;

namespace SipPush.Tests.Sip;

public sealed class DnsOptionsTests
{
    [Test]
    public void What_would_wait_or_last_for_ever_is_refused()
    {
        Assert.Throws<ArgumentOutOfRangeException>(() => _ = new DnsOptions { Timeout = TimeSpan.Zero });
        Assert.Throws<ArgumentOutOfRangeException>(() => _ = new DnsOptions { Timeout = TimeSpan.MaxValue });
        Assert.Throws<ArgumentOutOfRangeException>(() => _ = new DnsOptions { Attempts = 0 });
        Assert.Throws<ArgumentOutOfRangeException>(() => _ = new DnsOptions { Attempts = 11 });
        Assert.Throws<ArgumentOutOfRangeException>(() => _ = new DnsOptions { MaximumCacheEntries = -1 });
        Assert.Throws<ArgumentOutOfRangeException>(() => _ = new DnsOptions { MinimumTimeToLive = TimeSpan.FromSeconds(-1) });
        Assert.Throws<ArgumentOutOfRangeException>(() => _ = new DnsOptions { MinimumTimeToLive = TimeSpan.MaxValue });
        Assert.Throws<ArgumentOutOfRangeException>(() => _ = new DnsOptions { MaximumTimeToLive = TimeSpan.MaxValue });
    }

    [Test]
    public void The_default_leaves_it_to_the_system()
    {
        var options = new DnsOptions { Timeout = null, Attempts = null };

        Assert.That(options, Is.EqualTo(new DnsOptions()));
        Assert.That(options.Servers, Is.Null);
    }
}
