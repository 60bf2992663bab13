using System.Globalization;
using System.Text;
using SipPush.Sip.Location;

namespace SipPush.Tests.Sip.Location;

public sealed class DnsCacheTests
{
    [Test]
    public void An_answer_is_known_until_its_time_is_over()
    {
        var cache = new DnsCache(10);
        cache.Add(Name("a"), DnsRecordType.A, DnsAnswer.None(Seconds(60)), Seconds(100));

        Assert.That(cache.Find(Name("a"), DnsRecordType.A, Seconds(159)), Is.Not.Null);
        Assert.That(cache.Find(Name("a"), DnsRecordType.Srv, Seconds(159)), Is.Null);
        Assert.That(cache.Find(Name("b"), DnsRecordType.A, Seconds(159)), Is.Null);
        Assert.That(cache.Find(Name("a"), DnsRecordType.A, Seconds(160)), Is.Null);
    }

    [Test]
    public void What_may_not_be_kept_is_not()
    {
        var cache = new DnsCache(10);
        cache.Add(Name("a"), DnsRecordType.A, DnsAnswer.None(TimeSpan.Zero), Seconds(0));
        var none = new DnsCache(0);
        none.Add(Name("a"), DnsRecordType.A, DnsAnswer.None(Seconds(60)), Seconds(0));

        Assert.That(cache.Count, Is.Zero);
        Assert.That(none.Count, Is.Zero);
    }

    [Test]
    public void Over_the_limit_those_go_first_that_would_end_first()
    {
        var cache = new DnsCache(3);
        foreach (var (name, seconds) in new[] { ("a", 60), ("b", 10), ("c", 30), ("d", 20) })
        {
            cache.Add(Name(name), DnsRecordType.A, DnsAnswer.None(Seconds(seconds)), Seconds(0));
        }

        Assert.That(cache.Count, Is.EqualTo(3));
        Assert.That(cache.Find(Name("b"), DnsRecordType.A, Seconds(1)), Is.Null);
        Assert.That(new[] { "a", "c", "d" }.Select(name => cache.Find(Name(name), DnsRecordType.A, Seconds(1))), Has.None.Null);
    }

    [Test]
    public void Answers_that_have_ended_make_room()
    {
        var cache = new DnsCache(100);
        for (var i = 0; i < 1_000; i++)
        {
            cache.Add(Name("n" + i.ToString(CultureInfo.InvariantCulture)), DnsRecordType.A, DnsAnswer.None(Seconds(5)), Seconds(i));
        }

        Assert.That(cache.Count, Is.EqualTo(5));
    }

    private static DnsName Name(string text) => DnsName.TryParse(Encoding.ASCII.GetBytes(text), out var name) ? name : throw new FormatException(text);

    private static TimeSpan Seconds(int number) => TimeSpan.FromSeconds(number);
}
