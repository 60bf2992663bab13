using SipPush.Sip;

namespace SipPush;

/// <summary>When registrations lapse: one timer, at the earliest deadline. A deadline may be early, never late: who is called looks again.</summary>
internal sealed class RegistrationDeadlines : IAsyncDisposable
{
    // Timers reach no further than 49 days.
    private static readonly TimeSpan LongestWait = TimeSpan.FromDays(1);

    private readonly TimeProvider _clock;
    private readonly Func<SipUri, CancellationToken, ValueTask> _lapsed;
    private readonly Lock _gate = new();
    private readonly Dictionary<SipUri, DateTimeOffset> _deadlines = [];
    private readonly PriorityQueue<SipUri, DateTimeOffset> _queue = new();
    private readonly CancellationTokenSource _stopping = new();
    private readonly ITimer _timer;
    private Task _sweep = Task.CompletedTask;
    private bool _sweeping;
    private bool _stopped;

    /// <param name="clock">The clock.</param>
    /// <param name="lapsed">Called for one user after the other; it must not throw but for cancellation.</param>
    public RegistrationDeadlines(TimeProvider clock, Func<SipUri, CancellationToken, ValueTask> lapsed)
    {
        _clock = clock;
        _lapsed = lapsed;
        _timer = clock.CreateTimer(_ => OnTimer(), null, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
    }

    /// <summary>Entries in the queue, those that no longer count among them.</summary>
    public int QueueLength
    {
        get
        {
            lock (_gate)
            {
                return _queue.Count;
            }
        }
    }

    /// <summary>Has the user looked at no later than <paramref name="deadline"/>.</summary>
    public void Set(SipUri aor, DateTimeOffset deadline)
    {
        lock (_gate)
        {
            // A refresh only moves the end on: the entry there is stays and is moved when it is due.
            if (_deadlines.TryGetValue(aor, out var earlier) && earlier <= deadline)
            {
                return;
            }

            _deadlines[aor] = deadline;
            _queue.Enqueue(aor, deadline);
            Compact();
            Arm();
        }
    }

    /// <summary>Forgets the user.</summary>
    public void Remove(SipUri aor)
    {
        lock (_gate)
        {
            _deadlines.Remove(aor);
            Compact();
        }
    }

    public async ValueTask DisposeAsync()
    {
        lock (_gate)
        {
            _stopped = true;
        }

        await _stopping.CancelAsync().ConfigureAwait(false);
        await _timer.DisposeAsync().ConfigureAwait(false);
        await _sweep.ConfigureAwait(false);
        _stopping.Dispose();
    }

    private void OnTimer()
    {
        lock (_gate)
        {
            if (_sweeping || _stopped)
            {
                return;
            }

            _sweeping = true;
        }

        // Started outside the lock: with a store in memory all of it happens here and now.
        var sweep = SweepAsync(_stopping.Token);
        lock (_gate)
        {
            _sweep = sweep;
        }
    }

    private async Task SweepAsync(CancellationToken cancellationToken)
    {
        try
        {
            while (TakeDue() is { } aor)
            {
                await _lapsed(aor, cancellationToken).ConfigureAwait(false);
            }
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            // The agent is disposed.
        }
    }

    private SipUri? TakeDue()
    {
        lock (_gate)
        {
            while (!_stopped && _queue.TryPeek(out var aor, out var deadline) && deadline <= _clock.GetUtcNow())
            {
                _queue.Dequeue();
                if (_deadlines.TryGetValue(aor, out var current) && current == deadline)
                {
                    _deadlines.Remove(aor);
                    return aor;
                }
            }

            _sweeping = false;
            Arm();
            return null;
        }
    }

    private void Arm()
    {
        if (!_sweeping && !_stopped && _queue.TryPeek(out _, out var deadline))
        {
            var wait = deadline - _clock.GetUtcNow();
            _timer.Change(wait < TimeSpan.Zero ? TimeSpan.Zero : wait > LongestWait ? LongestWait : wait, Timeout.InfiniteTimeSpan);
        }
    }

    // Entries that no longer count must not outnumber the others.
    private void Compact()
    {
        if (_queue.Count > (2 * _deadlines.Count) + 64)
        {
            _queue.Clear();
            _queue.EnqueueRange(_deadlines.Select(pair => (pair.Key, pair.Value)));
        }
    }
}
