using BenchmarkDotNet.Attributes;
using SipPush.Sip;
using SipPush.Sip.Transactions;

namespace SipPush.Benchmarks;

/// <summary>What timers cost while many others wait. Nothing in it may depend on how many those are.</summary>
[MemoryDiagnoser]
public class TimerWheelBenchmark
{
    private const int Batch = 1000;
    private static readonly TimeSpan Step = TimeSpan.FromMicroseconds(50);
    private static readonly SipTimers Timers = SipTimers.Rfc3261;

    private readonly object _owner = new();
    private readonly (TimerHandle E, TimerHandle F)[] _handles = new (TimerHandle, TimerHandle)[Batch];
    private TimerWheel _wheel = new();
    private TimeSpan _now;

    [Params(1_000, 1_000_000)]
    public int Pending { get; set; }

    [GlobalSetup]
    public void Setup()
    {
        _wheel = new TimerWheel();
        _now = TimeSpan.Zero;
        Array.Clear(_handles);

        for (var i = 0; i < Pending; i++)
        {
            Schedule(Timers.TransactionTimeout * (i + 1.0) / Pending);
        }
    }

    /// <summary>A transaction that is answered soon: sets E and F, and cancels both when as many others as a batch holds have begun.
    /// The wheel's own time stands, so those that wait go on waiting.</summary>
    [Benchmark(OperationsPerInvoke = Batch)]
    public int ScheduleAndCancel()
    {
        for (var i = 0; i < Batch; i++)
        {
            ref var handles = ref _handles[i];
            _wheel.Cancel(ref handles.E);
            _wheel.Cancel(ref handles.F);
            handles.E = Schedule((i * Step) + Timers.T1);
            handles.F = Schedule((i * Step) + Timers.TransactionTimeout);
        }
        return _wheel.Count;
    }

    /// <summary>A transaction that is never answered: the timers that wait run out evenly over 64*T1, and each is set again at once.</summary>
    [Benchmark(OperationsPerInvoke = Batch)]
    public int ScheduleAndExpire()
    {
        for (var expired = 0; expired < Batch;)
        {
            _now += Timers.TransactionTimeout / Pending;

            while (_wheel.TryExpire(_now, out _, out _, out var due))
            {
                Schedule(due + Timers.TransactionTimeout);
                expired++;
            }
        }
        return _wheel.Count;
    }

    private TimerHandle Schedule(TimeSpan due) => _wheel.Schedule(due, _owner, TransactionTimer.E);
}
