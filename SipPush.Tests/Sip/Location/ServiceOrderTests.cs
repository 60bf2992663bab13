using SipPush.Sip.Location;

namespace SipPush.Tests.Sip.Location;

/// <summary>The usage rules of RFC 2782.</summary>
public sealed class ServiceOrderTests
{
    [Test]
    public void Lower_priorities_come_first_whatever_the_weights()
    {
        var records = new[] { Record(20, 100, 1), Record(10, 0, 2), Record(30, 60000, 3), Record(10, 0, 4) };

        Assert.That(Order(records, () => 0.99), Is.EqualTo([2, 4, 1, 3]));
        Assert.That(Order(records, () => 0), Is.EqualTo([2, 4, 1, 3]));
    }

    // Weights 10, 20 and 70: running sums 10, 30, 100, and a number from 0 to 100.
    [TestCase(0.0, 1)]
    [TestCase(10.5 / 101, 1)]
    [TestCase(11.5 / 101, 2)]
    [TestCase(30.5 / 101, 2)]
    [TestCase(31.5 / 101, 3)]
    [TestCase(0.9999, 3)]
    public void Among_equals_the_first_is_chosen_by_its_weight(double chance, int first) =>
        Assert.That(Order([Record(1, 10, 1), Record(1, 20, 2), Record(1, 70, 3)], () => chance)[0], Is.EqualTo(first));

    [Test]
    public void A_weight_of_zero_leaves_a_very_small_chance()
    {
        var records = new[] { Record(1, 100, 1), Record(1, 0, 2) };

        Assert.That(Order(records, () => 0.5 / 101), Is.EqualTo([2, 1]));
        Assert.That(Order(records, () => 1.5 / 101), Is.EqualTo([1, 2]));
    }

    [Test]
    public void Over_many_draws_each_is_first_as_often_as_its_weight_says()
    {
        var random = new Random(2782);
        DnsServiceRecord[] records = [Record(1, 1, 1), Record(1, 3, 2), Record(1, 6, 3)];
        var first = Enumerable.Range(0, 10_000).Select(_ => Order(records, random.NextDouble)[0]).CountBy(port => port).ToDictionary();

        // The number 0, which is drawn as often as any other, goes to the first; so 2, 3 and 6 of 11.
        Assert.That(first[1], Is.EqualTo(1818).Within(200));
        Assert.That(first[2], Is.EqualTo(2727).Within(200));
        Assert.That(first[3], Is.EqualTo(5455).Within(200));
    }

    [Test]
    public void The_largest_weights_add_up()
    {
        DnsServiceRecord[] records = [.. Enumerable.Range(1, 256).Select(i => Record(0, 65535, i))];

        Assert.That(Order(records, () => 0.999999), Is.EquivalentTo(Enumerable.Range(1, 256)));
    }

    private static int[] Order(DnsServiceRecord[] records, Func<double> chance) => [.. ServiceOrder.Of(records, chance).Select(record => record.Port)];

    private static DnsServiceRecord Record(int priority, int weight, int port) => new(default, default, priority, weight, port, default);
}
