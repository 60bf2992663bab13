using System.Diagnostics;

namespace SipPush.Benchmarks.Load;

/// <summary>Measures one run: time, CPU time and allocation from <see cref="Start"/> on, and what each transaction took.
/// One thread at a time.</summary>
internal sealed class LoadMeter
{
    private readonly LoadLatencies _latencies = new();
    private long _start;
    private long _last;
    private TimeSpan _cpu;
    private long _allocated;

    /// <summary>Answered requests.</summary>
    public long Completed { get; private set; }

    /// <summary>Requests without an answer in time, or with a wrong one.</summary>
    public long Failed { get; private set; }

    public static long Now => TimeProvider.System.GetTimestamp();

    public void Start()
    {
        _cpu = Environment.CpuUsage.TotalTime;
        _allocated = GC.GetTotalAllocatedBytes(precise: true);
        _start = Now;
    }

    /// <summary>Starts at the first transaction: for a process that answers, and first waits for somebody to ask.</summary>
    public void Answered(long count)
    {
        if (_start == 0)
        {
            Start();
        }
        Completed += count;
        _last = Now;
    }

    /// <param name="sentAt"><see cref="Now"/> at the time of the request.</param>
    /// <param name="now"><see cref="Now"/> at the time of the answer.</param>
    public void Complete(long sentAt, long now)
    {
        Completed++;
        _last = now;
        _latencies.Add(now - sentAt);
    }

    public void Fail(int count = 1) => Failed += count;

    public LoadReport Report()
    {
        using var process = Process.GetCurrentProcess();
        var seconds = TimeProvider.System.GetElapsedTime(_start, Math.Max(_start, _last)).TotalSeconds;
        var cpu = _start == 0 ? TimeSpan.Zero : Environment.CpuUsage.TotalTime - _cpu;
        var allocated = _start == 0 ? 0 : GC.GetTotalAllocatedBytes(precise: true) - _allocated;
        var count = Math.Max(1, Completed);

        return new LoadReport(
            seconds > 0 ? Math.Round(Completed / seconds) : 0,
            Math.Round(cpu.TotalMicroseconds / count, 3),
            _latencies.Percentile(0.50),
            _latencies.Percentile(0.99),
            Math.Round((double)allocated / count, 3),
            Math.Round(process.PeakWorkingSet64 / 1e6, 1),
            Failed);
    }
}
