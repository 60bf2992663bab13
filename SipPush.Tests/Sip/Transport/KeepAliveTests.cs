using SipPush.Sip;
using SipPush.Tests.Support;

namespace SipPush.Tests.Sip.Transport;

public sealed class KeepAliveTests
{
    private readonly ManualTimeProvider _clock = new();
    private readonly CountingIdentifiers _chance = new();
    private readonly List<double> _pings = [];
    private readonly List<double> _failures = [];
    private readonly object _bob = new();
    private bool _hasRoom = true;
    private bool _answers = true;
    private KeepAlive _keepAlive = null!;

    [SetUp]
    public void Make() => _keepAlive = new KeepAlive(
        _clock,
        TimeSpan.FromSeconds(10),
        ping: () =>
        {
            if (_hasRoom)
            {
                _pings.Add(_clock.Elapsed.TotalSeconds);
            }

            if (_hasRoom && _answers)
            {
                _keepAlive.OnPong();
            }
            return _hasRoom;
        },
        fail: () => _failures.Add(_clock.Elapsed.TotalSeconds));

    [TearDown]
    public void End() => _keepAlive.Dispose();

    [Test]
    [Description("SIP-53")]
    public void Pings_go_out_at_random_intervals_of_80_to_100_percent()
    {
        _keepAlive.Hold(_bob, TimeSpan.FromSeconds(120), _chance);

        _clock.Advance(TimeSpan.FromHours(1));

        var waits = _pings.Prepend(0).Zip(_pings, (last, next) => next - last).ToList();
        Assert.That(waits, Has.Count.InRange(30, 37));
        Assert.That(waits, Is.All.InRange(95, 120));
        Assert.That(waits.Distinct().Count(), Is.EqualTo(waits.Count));
        Assert.That(_failures, Is.Empty);
    }

    [Test]
    [Description("SIP-52")]
    public void A_pong_that_stays_away_for_ten_seconds_is_the_end()
    {
        _keepAlive.Hold(_bob, TimeSpan.FromSeconds(100), _chance);
        _clock.Advance(TimeSpan.FromSeconds(300));
        Assert.That(_keepAlive.HasAnswered, Is.True);
        var answered = _pings.Count;

        _answers = false;
        _clock.Advance(TimeSpan.FromSeconds(1000));

        Assert.That(_pings, Has.Count.EqualTo(answered + 1));
        Assert.That(_failures, Is.EqualTo([_pings[^1] + 10]).Within(0.001));
    }

    [Test]
    public void A_late_pong_does_not_put_the_next_ping_off()
    {
        _answers = false;
        _keepAlive.Hold(_bob, TimeSpan.FromSeconds(100), _chance);
        AdvanceToPing();

        _clock.Advance(TimeSpan.FromSeconds(8.9));
        _keepAlive.OnPong();
        AdvanceToPing();

        Assert.That(_pings[1] - _pings[0], Is.InRange(80, 100));
        Assert.That(_failures, Is.Empty);
    }

    [Test]
    [Description("SIP-52")]
    public void A_pong_behind_a_message_that_is_coming_in_may_take_as_long_as_that_one()
    {
        _answers = false;
        _keepAlive.Hold(_bob, TimeSpan.FromSeconds(100), _chance);
        AdvanceToPing();
        _keepAlive.OnReceived(ended: false, receiving: true);

        _clock.Advance(TimeSpan.FromSeconds(60));
        Assert.That(_failures, Is.Empty);

        _keepAlive.OnReceived(ended: true, receiving: false);
        Assert.That(_failures, Has.Count.EqualTo(1));
    }

    [Test]
    public void A_pong_right_behind_that_message_saves_the_connection()
    {
        _answers = false;
        _keepAlive.Hold(_bob, TimeSpan.FromSeconds(100), _chance);
        AdvanceToPing();
        _keepAlive.OnReceived(ended: false, receiving: true);
        _clock.Advance(TimeSpan.FromSeconds(60));

        _keepAlive.OnPong();
        _keepAlive.OnReceived(ended: true, receiving: false);
        _answers = true;
        _clock.Advance(TimeSpan.FromSeconds(40));

        Assert.That(_failures, Is.Empty);
        Assert.That(_pings, Has.Count.EqualTo(2));
    }

    [Test]
    public void With_several_holders_the_shortest_interval_counts_and_the_last_release_ends_it()
    {
        var alice = new object();
        _keepAlive.Hold(_bob, TimeSpan.FromSeconds(1000), _chance);
        _keepAlive.Hold(alice, TimeSpan.FromSeconds(10), _chance);
        _clock.Advance(TimeSpan.FromSeconds(100));
        Assert.That(_pings, Has.Count.InRange(9, 12));

        _keepAlive.Release(alice);
        _clock.Advance(TimeSpan.FromSeconds(10));
        _pings.Clear();
        _clock.Advance(TimeSpan.FromSeconds(3000));
        Assert.That(_pings, Has.Count.InRange(2, 4));

        _keepAlive.Release(_bob);
        _pings.Clear();
        _clock.Advance(TimeSpan.FromSeconds(3000));
        Assert.That(_pings, Is.Empty);
        Assert.That(_clock.ActiveTimers, Is.Zero);
    }

    [Test]
    public void Holding_again_with_the_same_interval_does_not_put_the_next_ping_off()
    {
        _keepAlive.Hold(_bob, TimeSpan.FromSeconds(100), _chance);
        for (var refresh = 0; refresh < 10; refresh++)
        {
            _clock.Advance(TimeSpan.FromSeconds(30));
            _keepAlive.Hold(_bob, TimeSpan.FromSeconds(100), _chance);
        }

        Assert.That(_pings, Has.Count.EqualTo(3));
    }

    [Test]
    public void A_ping_for_which_there_is_no_room_is_neither_awaited_nor_held_against_the_far_end()
    {
        _hasRoom = false;
        _keepAlive.Hold(_bob, TimeSpan.FromSeconds(100), _chance);
        _clock.Advance(TimeSpan.FromSeconds(150));
        Assert.That(_keepAlive.PongAwaited, Is.False);

        _hasRoom = true;
        _clock.Advance(TimeSpan.FromSeconds(100));
        Assert.That(_pings, Is.Not.Empty);
        Assert.That(_failures, Is.Empty);
    }

    [Test]
    public void An_interval_beyond_all_timers_is_cut()
    {
        _keepAlive.Hold(_bob, TimeSpan.FromSeconds(uint.MaxValue), _chance);

        _clock.Advance(TimeSpan.FromDays(1));

        Assert.That(_pings, Has.Count.EqualTo(1));
    }

    [Test]
    public void A_pong_that_nobody_awaits_changes_nothing()
    {
        _keepAlive.OnPong();

        Assert.That(_keepAlive.HasAnswered, Is.False);
        Assert.That(_clock.ActiveTimers, Is.Zero);
    }

    private void AdvanceToPing()
    {
        for (var count = _pings.Count; _pings.Count == count;)
        {
            _clock.Advance(TimeSpan.FromSeconds(1));
        }
    }
}
