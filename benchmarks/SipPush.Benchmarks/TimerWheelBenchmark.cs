using BenchmarkDotNet.Attributes;
using SipPush.Sip;
using SipPush.Sip.Transactions;

namespace SipPush.Benchmarks;

/// <summary>What a transaction that is answered soon costs in timers, while many others wait.</summary>
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

        for (var i = 0; i < Pending; i++)
        {
            Schedule(Timers.TransactionTimeout * (i + 1.0) / Pending);
        }
    }

    /// <summary>Sets E and F, and cancels both when as many transactions as a batch holds have begun since. Those that wait expire
    /// evenly over 64*T1 and are set again at once, so their number stays.</summary>
    [Benchmark(OperationsPerInvoke = Batch)]
    public int ScheduleAndCancel()
    {
        for (var i = 0; i < Batch; i++)
        {
            ref var handles = ref _handles[i];
            _wheel.Cancel(ref handles.E);
            _wheel.Cancel(ref handles.F);

            _now += Step;
            handles.E = Schedule(_now + Timers.T1);
            handles.F = Schedule(_now + Timers.TransactionTimeout);

            while (_wheel.TryExpire(_now, out _, out _, out var due))
            {
                Schedule(due + Timers.TransactionTimeout);
            }
        }
        return _wheel.Count;
    }

    private TimerHandle Schedule(TimeSpan due) => _wheel.Schedule(due, _owner, TransactionTimer.E);
}
