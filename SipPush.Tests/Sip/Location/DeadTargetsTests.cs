using System.Globalization;
using SipPush.Sip;
using SipPush.Sip.Location;
using SipPush.Tests.Support;

namespace SipPush.Tests.Sip.Location;

[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
public sealed class DeadTargetsTests
{
    private readonly ManualTimeProvider _clock = new();
    private readonly DeadTargets _dead;

    public DeadTargetsTests() => _dead = new DeadTargets(_clock);

    [Test]
    public void A_dead_one_is_last_for_30_s()
    {
        _dead.Add(Target(1), null);

        Assert.That(Order(1, 2, 3), Is.EqualTo([2, 3, 1]));
        _clock.Advance(TimeSpan.FromSeconds(29.9));
        Assert.That(Order(1, 2, 3), Is.EqualTo([2, 3, 1]));
        _clock.Advance(TimeSpan.FromSeconds(0.1));
        Assert.That(Order(1, 2, 3), Is.EqualTo([1, 2, 3]));
    }

    [TestCase("tls", "example.com", true)]
    [TestCase("tls", "example.net", false)]
    [TestCase("tcp", "example.net", true)]
    public void On_TLS_one_is_dead_for_its_domain_only(string protocol, string domain, bool isDead)
    {
        var (first, second) = (SipEndPoint.Parse($"{protocol}:192.0.2.1:5061"), SipEndPoint.Parse($"{protocol}:192.0.2.2:5061"));
        _dead.Add(new SipTarget(first, "example.com"), null);

        var ordered = _dead.Order([new SipTarget(first, domain), new SipTarget(second, domain)]);

        Assert.That(ordered[0].EndPoint, Is.EqualTo(isDead ? second : first));
    }

    [TestCase(0, 0)]
    [TestCase(120, 120)]
    [TestCase(int.MaxValue, 3600)]
    public void Or_for_as_long_as_it_says_and_an_hour_at_most(int retryAfter, int seconds)
    {
        _dead.Add(Target(1), TimeSpan.FromSeconds(retryAfter));

        _clock.Advance(TimeSpan.FromSeconds(Math.Max(seconds - 1, 0)));
        Assert.That(Order(1, 2)[0], Is.EqualTo(seconds == 0 ? 1 : 2));
        _clock.Advance(TimeSpan.FromSeconds(1));
        Assert.That(Order(1, 2), Is.EqualTo([1, 2]));
    }

    [Test]
    public void Where_all_are_dead_the_order_stays()
    {
        _dead.Add(Target(1), null);
        _dead.Add(Target(2), null);

        Assert.That(Order(1, 2), Is.EqualTo([1, 2]));
    }

    [Test]
    public void One_that_answers_is_dead_no_longer()
    {
        _dead.Add(Target(1), null);
        _dead.Remove(Target(1));

        Assert.That(Order(1, 2), Is.EqualTo([1, 2]));
    }

    [Test]
    public void Of_1024_that_are_remembered_the_one_that_would_end_first_makes_room()
    {
        for (var port = 1; port <= 1024; port++)
        {
            _dead.Add(Target(port), TimeSpan.FromSeconds(port == 7 ? 10 : 20));
        }

        _dead.Add(Target(2000), null);

        Assert.That(Order(7, 8, 2000, 2001), Is.EqualTo([7, 2001, 8, 2000]));
    }

    private int[] Order(params int[] ports) =>
        [.. _dead.Order([.. ports.Select(Target)]).Select(target => target.EndPoint.Address.Port)];

    private static SipTarget Target(int port) => new(SipEndPoint.Parse(string.Create(CultureInfo.InvariantCulture, $"udp:192.0.2.1:{port}")), "example.com");
}
