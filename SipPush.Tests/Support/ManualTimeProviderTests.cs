namespace SipPush.Tests.Support;

[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
public sealed class ManualTimeProviderTests
{
    private readonly ManualTimeProvider _clock = new();
    private readonly List<string> _fired = [];

    [Test]
    public void Timers_fire_in_the_order_of_their_deadlines_and_at_their_instants()
    {
        using var late = Timer("late", 3);
        using var early = Timer("early", 1);
        using var never = Timer("never", 11);

        _clock.Advance(TimeSpan.FromSeconds(10));

        Assert.That(_fired, Is.EqualTo(["early at 1", "late at 3"]));
        Assert.That(_clock.Elapsed, Is.EqualTo(TimeSpan.FromSeconds(10)));
        Assert.That(_clock.ActiveTimers, Is.EqualTo(1));
    }

    [Test]
    public void A_timer_that_a_callback_sets_fires_in_the_same_advance()
    {
        ITimer? second = null;
        using var first = _clock.CreateTimer(_ => second = Timer("second", 2), null, TimeSpan.FromSeconds(1), Timeout.InfiniteTimeSpan);

        _clock.Advance(TimeSpan.FromSeconds(5));

        Assert.That(_fired, Is.EqualTo(["second at 3"]));
        second!.Dispose();
    }

    [Test]
    public void A_period_repeats_until_the_timer_is_changed_or_disposed()
    {
        var timer = _clock.CreateTimer(_ => Note("tick"), null, TimeSpan.Zero, TimeSpan.FromSeconds(2));

        _clock.Advance(TimeSpan.FromSeconds(4));
        timer.Change(TimeSpan.FromSeconds(1), Timeout.InfiniteTimeSpan);
        _clock.Advance(TimeSpan.FromSeconds(10));
        timer.Dispose();

        Assert.That(_fired, Is.EqualTo(["tick at 0", "tick at 2", "tick at 4", "tick at 5"]));
        Assert.That(timer.Change(TimeSpan.Zero, TimeSpan.Zero), Is.False);
        Assert.That(_clock.ActiveTimers, Is.Zero);
    }

    [Test]
    public async Task A_delay_ends_when_the_clock_gets_there()
    {
        var delay = Task.Delay(TimeSpan.FromSeconds(5), _clock);

        _clock.Advance(TimeSpan.FromSeconds(4.999));
        var before = delay.IsCompleted;
        _clock.Advance(TimeSpan.FromMilliseconds(1));
        await delay;

        Assert.That(before, Is.False);
    }

    [Test]
    public async Task Timers_may_be_made_on_any_thread()
    {
        var fired = 0;

        await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => Task.Run(() =>
        {
            for (var i = 0; i < 1000; i++)
            {
                _clock.CreateTimer(_ => Interlocked.Increment(ref fired), null, TimeSpan.FromSeconds(1), Timeout.InfiniteTimeSpan);
                _clock.Advance(TimeSpan.FromMilliseconds(1));
            }
        })));
        _clock.Advance(TimeSpan.FromSeconds(1));

        Assert.That(fired, Is.EqualTo(4000));
    }

    private ITimer Timer(string name, double seconds) =>
        _clock.CreateTimer(_ => Note(name), null, TimeSpan.FromSeconds(seconds), Timeout.InfiniteTimeSpan);

    private void Note(string what) => _fired.Add($"{what} at {_clock.Elapsed.TotalSeconds}");
}
