namespace SipPush.Sip.Transactions;

/// <summary>
/// One part of the transactions, with the lock that guards them, their timers and the log of the completed ones. A server
/// transaction's part follows from its Call-ID, a client transaction's from its branch; no step needs two parts.
/// </summary>
internal sealed class TransactionPartition : IDisposable
{
    // The log is looked at on every request; this timer only empties it where no more come, so it need not be exact.
    private static readonly TimeSpan LogGrace = TimeSpan.FromSeconds(1);

    public readonly Lock Gate = new();
    public readonly Dictionary<UInt128, ClientTransaction> Clients = [];

    /// <summary>The transactions of CANCEL, each with the branch of its INVITE.</summary>
    public readonly Dictionary<UInt128, ClientTransaction> Cancels = [];

    public readonly Dictionary<byte[], SipServerTransaction> Servers = new(OctetComparer.Instance);
    public readonly Dictionary<byte[], SipServerTransaction> Merged = new(OctetComparer.Instance);
    public readonly CompletedTransactions Completed;

    /// <summary>Handlers at work on requests of this part. Not guarded by the lock; counted here so that cores don't share the counter.</summary>
    public int HandlersRunning;

    private readonly TimerWheel _wheel = new();
    private readonly TimeProvider _timeProvider;
    private readonly long _epoch;
    private readonly ITimer _timer;
    private TimeSpan _armedFor = TimeSpan.MaxValue;

    public TransactionPartition(TransactionLayer layer, TimeProvider timeProvider, long completedBytes)
    {
        _timeProvider = timeProvider;
        _epoch = timeProvider.GetTimestamp();
        Completed = new CompletedTransactions(completedBytes);
        _timer = timeProvider.CreateTimer(_ => layer.OnTimers(this), null, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
    }

    public TimeSpan Now => _timeProvider.GetElapsedTime(_epoch);

    public int PendingTimers => _wheel.Count;

    public TimerHandle Schedule_NeedsGate(TimeSpan due, TimeSpan now, object owner, TransactionTimer timer)
    {
        var handle = _wheel.Schedule(due, owner, timer);
        ArmFor(due, now);
        return handle;
    }

    public void Cancel_NeedsGate(ref TimerHandle handle) => _wheel.Cancel(ref handle);

    public bool TryExpire_NeedsGate(TimeSpan now, out object? owner, out TransactionTimer timer, out TimeSpan due) =>
        _wheel.TryExpire(now, out owner, out timer, out due);

    /// <summary>The clock has called and what was due is done: it is armed for what comes next.</summary>
    public void Rearm_NeedsGate(TimeSpan now)
    {
        _armedFor = TimeSpan.MaxValue;
        if (_wheel.NextDue is { } due)
        {
            ArmFor(due, now);
        }

        ArmForLog_NeedsGate(now);
    }

    /// <summary>Sees to it that the log is emptied even when no more requests come.</summary>
    public void ArmForLog_NeedsGate(TimeSpan now)
    {
        if (Completed.NextDeadline is { } deadline)
        {
            ArmFor(deadline + LogGrace, now);
        }
    }

    // Only moved forward: when a timer is cancelled the clock calls for nothing, which costs less than telling it each time.
    private void ArmFor(TimeSpan due, TimeSpan now)
    {
        if (due >= _armedFor)
        {
            return;
        }

        _armedFor = due;

        // The system's timers count whole milliseconds and cut the rest off: rounded up, none fires early.
        var wait = due <= now ? TimeSpan.Zero : TimeSpan.FromMilliseconds(Math.Ceiling((due - now).TotalMilliseconds));
        _timer.Change(wait, Timeout.InfiniteTimeSpan);
    }

    public void Dispose() => _timer.Dispose();
}
