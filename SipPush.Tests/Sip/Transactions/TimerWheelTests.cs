using SipPush.Sip.Transactions;

namespace SipPush.Tests.Sip.Transactions;

[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
public sealed class TimerWheelTests
{
    private readonly TimerWheel _wheel = new();

    [Test]
    public void A_jump_expires_timers_in_the_order_of_their_times()
    {
        Schedule(30_000, "c");
        Schedule(500, "a");
        Schedule(4_000, "b");
        Schedule(60_001, "d");

        Assert.That(ExpireAll(60_000), Is.EqualTo(["a at 500", "b at 4000", "c at 30000"]));
        Assert.That(_wheel.Count, Is.EqualTo(1));
    }

    [Test]
    public void Timers_of_one_tick_come_in_the_order_in_which_they_were_scheduled()
    {
        Schedule(70_000, "first, from far");
        ExpireAll(65_600);
        Schedule(70_000, "second, from nearer");
        ExpireAll(69_900);
        Schedule(70_000, "third, from near");

        Assert.That(
            ExpireAll(70_000),
            Is.EqualTo(["first, from far at 70000", "second, from nearer at 70000", "third, from near at 70000"]));
    }

    [Test]
    public void A_successor_scheduled_between_two_takes_its_place_among_the_others()
    {
        Schedule(500, "e");
        Schedule(1_600, "other");
        var seen = new List<string>();

        while (_wheel.TryExpire(Ms(60_000), out var owner, out _, out var due))
        {
            seen.Add($"{owner} at {due.TotalMilliseconds}");

            if (owner.Equals("e") && due < Ms(2_000))
            {
                _wheel.Schedule(due + Ms(500), "e", TransactionTimer.E);
            }
        }

        Assert.That(seen, Is.EqualTo(["e at 500", "e at 1000", "e at 1500", "other at 1600", "e at 2000"]));
    }

    [Test]
    public void What_has_passed_is_due_at_once()
    {
        ExpireAll(100_000);
        Schedule(100_001, "next");
        Schedule(5, "long ago");
        Schedule(-5, "before the epoch");

        Assert.That(_wheel.NextDue, Is.EqualTo(Ms(100_000)));
        Assert.That(ExpireAll(100_000), Is.EqualTo(["long ago at 100000", "before the epoch at 100000"]));
        Assert.That(ExpireAll(100_001), Is.EqualTo(["next at 100001"]));
    }

    [Test]
    public void A_timer_never_fires_early()
    {
        _wheel.Schedule(new TimeSpan(5_000_001), "a", TransactionTimer.E);

        Assert.That(_wheel.TryExpire(new TimeSpan(5_009_999), out _, out _, out _), Is.False);
        Assert.That(_wheel.TryExpire(new TimeSpan(5_010_000), out _, out _, out var due), Is.True);
        Assert.That(due, Is.EqualTo(Ms(501)));
    }

    [TestCase(0)]
    [TestCase(1)]
    [TestCase(63)]
    [TestCase(64)]
    [TestCase(255)]
    [TestCase(256)]
    [TestCase(257)]
    [TestCase(65_535)]
    [TestCase(65_536)]
    [TestCase(65_537)]
    [TestCase(16_777_215)]
    [TestCase(16_777_216)]
    [TestCase(16_777_217)]
    [TestCase(4_294_967_295)]
    [TestCase(4_294_967_296)]
    [TestCase(1_099_511_627_775)]
    public void At_the_borders_of_the_levels_a_timer_fires_at_its_tick_and_not_before(long due)
    {
        foreach (var start in new[] { 0, 1, 255, 256, 65_535 })
        {
            var wheel = new TimerWheel();
            wheel.TryExpire(Ms(Math.Min(start, due)), out _, out _, out _);
            wheel.Schedule(Ms(due), "a", TransactionTimer.K);

            Assert.That(due > start && wheel.TryExpire(Ms(due - 1), out _, out _, out _), Is.False);
            Assert.That(wheel.NextDue, Is.EqualTo(Ms(due)));
            Assert.That(wheel.TryExpire(Ms(due), out var owner, out var kind, out var at), Is.True);
            Assert.That((owner, kind, at), Is.EqualTo(((object)"a", TransactionTimer.K, Ms(due))));
            Assert.That(wheel.TryExpire(Ms(due), out _, out _, out _), Is.False);
            Assert.That(wheel.Count, Is.Zero);
        }
    }

    [Test]
    public void A_time_beyond_the_wheel_is_refused_and_leaves_it_as_it_was()
    {
        Assert.That(() => _wheel.Schedule(TimeSpan.MaxValue, "a", default), Throws.InstanceOf<ArgumentOutOfRangeException>());
        Assert.That(_wheel.Count, Is.Zero);
        Assert.That(_wheel.NextDue, Is.Null);
        Assert.That(_wheel.TryExpire(TimeSpan.MaxValue, out _, out _, out _), Is.False);
    }

    [Test]
    public void Following_NextDue_reaches_a_timer_at_its_time_in_few_steps()
    {
        Schedule(32_123, "a");
        var steps = 0;

        while (_wheel.NextDue is { } due)
        {
            Assert.That(due, Is.LessThanOrEqualTo(Ms(32_123)));
            ExpireAll((long)due.TotalMilliseconds);
            steps++;
        }

        Assert.That(steps, Is.LessThanOrEqualTo(2));
    }

    [Test]
    public void A_cancelled_timer_does_not_fire_and_its_handle_is_cleared()
    {
        var handle = Schedule(500, "a");
        var copy = handle;

        Assert.That(_wheel.Cancel(ref handle), Is.True);
        Assert.That(handle, Is.Default);
        Assert.That(_wheel.Cancel(ref handle), Is.False);
        Assert.That(_wheel.Cancel(ref copy), Is.False);
        Assert.That(_wheel.NextDue, Is.Null);
        Assert.That(ExpireAll(1000), Is.Empty);
    }

    [Test]
    public void An_old_handle_does_not_cancel_the_timer_that_took_its_place()
    {
        var cancelled = Schedule(500, "a");
        var copy = cancelled;
        _wheel.Cancel(ref cancelled);
        var expired = Schedule(600, "b");
        ExpireAll(600);
        var current = Schedule(700, "c");

        Assert.That(copy.Index, Is.EqualTo(current.Index));
        Assert.That(_wheel.Cancel(ref copy), Is.False);
        Assert.That(_wheel.Cancel(ref expired), Is.False);
        Assert.That(ExpireAll(700), Is.EqualTo(["c at 700"]));
    }

    [Test]
    public void Cancelling_from_any_place_of_a_slot_leaves_the_others([Values(0, 1, 2)] int which)
    {
        TimerHandle[] handles = [Schedule(500, "0"), Schedule(500, "1"), Schedule(500, "2")];

        _wheel.Cancel(ref handles[which]);

        Assert.That(ExpireAll(500), Is.EqualTo(Enumerable.Range(0, 3).Where(i => i != which).Select(i => $"{i} at 500")));
    }

    [Test]
    public void An_owner_is_let_go_of_when_its_timer_is_over()
    {
        var (expired, cancelled) = ScheduleOwners();

        GC.Collect();
        GC.WaitForPendingFinalizers();

        Assert.That(expired.IsAlive, Is.False);
        Assert.That(cancelled.IsAlive, Is.False);
    }

    [Test]
    public void In_steady_state_nothing_is_allocated()
    {
        var owner = new object();
        Turn(0);
        var before = GC.GetAllocatedBytesForCurrentThread();

        Turn(1_000_000);

        Assert.That(GC.GetAllocatedBytesForCurrentThread() - before, Is.Zero);

        void Turn(long start)
        {
            for (var i = 0; i < 2000; i++)
            {
                var cancelled = _wheel.Schedule(Ms(start + i + 32_000), owner, TransactionTimer.F);
                _wheel.Schedule(Ms(start + i + 500), owner, TransactionTimer.E);
                _wheel.TryExpire(Ms(start + i), out _, out _, out _);
                _wheel.Cancel(ref cancelled);
            }

            while (_wheel.TryExpire(Ms(start + 40_000), out _, out _, out _))
            {
            }
        }
    }

    [Test]
    public void It_behaves_like_a_sorted_list([Range(1, 8)] int seed)
    {
        var random = new Random(seed);
        var model = new SortedSet<(long Tick, int Id)>();
        var handles = new Dictionary<int, (TimerHandle Handle, long Tick)>();
        long now = 0;
        long current = 0;

        for (var id = 0; id < 20_000; id++)
        {
            switch (random.Next(10))
            {
                case < 6:
                    var ticks = ((now + Distance(random)) * TimeSpan.TicksPerMillisecond) - random.Next(2) * random.Next(10_000);
                    var tick = Math.Max((long)Math.Ceiling(ticks / (decimal)TimeSpan.TicksPerMillisecond), current);
                    handles[id] = (_wheel.Schedule(new TimeSpan(ticks), id, TransactionTimer.E), tick);
                    model.Add((tick, id));
                    break;

                case < 8 when handles.Count > 0:
                    var chosen = random.Next(id);
                    var known = handles.Remove(chosen, out var entry);
                    Assert.That(_wheel.Cancel(ref entry.Handle), Is.EqualTo(known));
                    model.Remove((entry.Tick, chosen));
                    break;

                default:
                    now += random.Next(4) == 0 ? Distance(random) : random.Next(50);
                    // Stopping half way leaves the wheel at what it gave last.
                    var left = random.Next(4) == 0 ? random.Next(5) : int.MaxValue;

                    while (left-- > 0)
                    {
                        var expired = _wheel.TryExpire(Ms(now), out var owner, out _, out var due);
                        var expected = model.Count > 0 && model.Min.Tick <= now;
                        Assert.That(expired, Is.EqualTo(expected));

                        if (!expired)
                        {
                            current = Math.Max(current, now);
                            break;
                        }

                        Assert.That((due, owner), Is.EqualTo((Ms(model.Min.Tick), (object)model.Min.Id)));
                        current = model.Min.Tick;
                        handles.Remove(model.Min.Id);
                        model.Remove(model.Min);
                    }
                    break;
            }

            Assert.That(_wheel.Count, Is.EqualTo(model.Count));
            Assert.That(_wheel.NextDue.HasValue, Is.EqualTo(model.Count > 0));
            Assert.That(model.Count == 0 || _wheel.NextDue <= Ms(model.Min.Tick), Is.True);
        }
    }

    private static long Distance(Random random) => random.Next(6) switch
    {
        0 => random.Next(3),
        1 => random.Next(300),
        2 => random.Next(5_000),
        3 => random.Next(70_000),
        4 => 256L * random.Next(300),
        _ => random.Next(20_000_000),
    };

    private static TimeSpan Ms(long milliseconds) => new(milliseconds * TimeSpan.TicksPerMillisecond);

    private TimerHandle Schedule(long milliseconds, string owner) => _wheel.Schedule(Ms(milliseconds), owner, TransactionTimer.E);

    private List<string> ExpireAll(long milliseconds)
    {
        var seen = new List<string>();

        while (_wheel.TryExpire(Ms(milliseconds), out var owner, out _, out var due))
        {
            seen.Add($"{owner} at {due.TotalMilliseconds}");
        }
        return seen;
    }

    [System.Runtime.CompilerServices.MethodImpl(System.Runtime.CompilerServices.MethodImplOptions.NoInlining)]
    private (WeakReference Expired, WeakReference Cancelled) ScheduleOwners()
    {
        var expired = new object();
        var cancelled = new object();
        _wheel.Schedule(Ms(1), expired, TransactionTimer.E);
        var handle = _wheel.Schedule(Ms(2), cancelled, TransactionTimer.E);
        _wheel.Cancel(ref handle);
        _wheel.TryExpire(Ms(1), out _, out _, out _);
        return (new WeakReference(expired), new WeakReference(cancelled));
    }
}
