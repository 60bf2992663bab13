namespace SipPush.Tests.Support;

/// <summary>
/// A clock that stands still until a test moves it. Timers fire inside <see cref="Advance"/>, on its thread, in the order of
/// their deadlines and with the clock at each one's instant. A timer due at once waits for the next <see cref="Advance"/>,
/// which may be by zero.
/// </summary>
public sealed class ManualTimeProvider : TimeProvider
{
    private static readonly DateTimeOffset Epoch = new(2000, 1, 1, 0, 0, 0, TimeSpan.Zero);

    private readonly Lock _lock = new();
    private readonly PriorityQueue<(ManualTimer Timer, int Version), (TimeSpan Due, long Order)> _queue = new();
    private TimeSpan _elapsed;
    private long _order;
    private int _activeTimers;

    /// <summary>How far the clock has been moved.</summary>
    public TimeSpan Elapsed
    {
        get
        {
            lock (_lock)
            {
                return _elapsed;
            }
        }
    }

    /// <summary>How many timers are set to fire.</summary>
    public int ActiveTimers
    {
        get
        {
            lock (_lock)
            {
                return _activeTimers;
            }
        }
    }

    public override long TimestampFrequency => TimeSpan.TicksPerSecond;

    public override TimeZoneInfo LocalTimeZone => TimeZoneInfo.Utc;

    public override DateTimeOffset GetUtcNow() => Epoch + Elapsed;

    public override long GetTimestamp() => Elapsed.Ticks;

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
    {
        ArgumentNullException.ThrowIfNull(callback);
        var timer = new ManualTimer(this, callback, state);
        timer.Change(dueTime, period);
        return timer;
    }

    /// <summary>Moves the clock on, stopping at each timer on the way, those included that are set on the way.</summary>
    public void Advance(TimeSpan time)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(time, TimeSpan.Zero);
        var until = Elapsed + time;

        while (TakeNext(until) is { } timer)
        {
            timer.Fire();
        }
    }

    private ManualTimer? TakeNext(TimeSpan until)
    {
        lock (_lock)
        {
            while (_queue.TryPeek(out var entry, out var at) && at.Due <= until)
            {
                _queue.Dequeue();

                if (entry.Timer.Version != entry.Version)
                {
                    continue;
                }

                _elapsed = Max(_elapsed, at.Due);
                _activeTimers--;
                entry.Timer.Version++;

                if (entry.Timer.Period > TimeSpan.Zero)
                {
                    Enqueue(entry.Timer, at.Due + entry.Timer.Period);
                }
                else
                {
                    entry.Timer.Active = false;
                }
                return entry.Timer;
            }

            // A callback that advanced the clock itself may have taken it further already.
            _elapsed = Max(_elapsed, until);
            return null;
        }
    }

    private void Enqueue(ManualTimer timer, TimeSpan due)
    {
        timer.Active = true;
        _activeTimers++;
        _queue.Enqueue((timer, timer.Version), (due, _order++));
    }

    private void Stop(ManualTimer timer)
    {
        // Its entry stays in the queue and no longer counts.
        timer.Version++;
        _activeTimers -= timer.Active ? 1 : 0;
        timer.Active = false;
    }

    private static TimeSpan Max(TimeSpan a, TimeSpan b) => a > b ? a : b;

    private sealed class ManualTimer(ManualTimeProvider clock, TimerCallback callback, object? state) : ITimer
    {
        private readonly ExecutionContext? _context = ExecutionContext.Capture();
        private bool _disposed;

        // These are the clock's, under its lock.
        public int Version { get; set; }

        public bool Active { get; set; }

        public TimeSpan Period { get; private set; }

        public bool Change(TimeSpan dueTime, TimeSpan period)
        {
            if (dueTime != Timeout.InfiniteTimeSpan)
            {
                ArgumentOutOfRangeException.ThrowIfLessThan(dueTime, TimeSpan.Zero);
            }

            if (period != Timeout.InfiniteTimeSpan)
            {
                ArgumentOutOfRangeException.ThrowIfLessThan(period, TimeSpan.Zero);
            }

            lock (clock._lock)
            {
                if (_disposed)
                {
                    return false;
                }

                clock.Stop(this);
                Period = period;

                if (dueTime != Timeout.InfiniteTimeSpan)
                {
                    clock.Enqueue(this, clock._elapsed + dueTime);
                }
                return true;
            }
        }

        public void Fire()
        {
            if (_context is null)
            {
                callback(state);
                return;
            }
            ExecutionContext.Run(_context, _ => callback(state), null);
        }

        public void Dispose()
        {
            lock (clock._lock)
            {
                clock.Stop(this);
                _disposed = true;
            }
        }

        public ValueTask DisposeAsync()
        {
            Dispose();
            return ValueTask.CompletedTask;
        }
    }
}
