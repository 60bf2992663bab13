using System.Diagnostics;
using System.Security.Cryptography;

namespace SipPush.Benchmarks.Load;

/// <summary>Measures one bulk transfer. To be made when all is set up and nothing has been sent yet.</summary>
internal sealed class LoadTransferMeter
{
    private readonly long _idle = Environment.WorkingSet;
    private long _octets;
    private int _messages;
    private int _failed;
    private long _start;
    private long _stop;
    private TimeSpan _cpu;
    private long _allocated;

    /// <summary>The first octet. Only the first call counts.</summary>
    public void Start()
    {
        if (Interlocked.CompareExchange(ref _start, LoadMeter.Now, 0) == 0)
        {
            _cpu = Environment.CpuUsage.TotalTime;
            _allocated = GC.GetTotalAllocatedBytes(precise: true);
        }
    }

    public void Add(long octets) => Interlocked.Add(ref _octets, octets);

    public void AddMessage(bool isWhole)
    {
        Interlocked.Increment(ref isWhole ? ref _messages : ref _failed);
        Volatile.Write(ref _stop, LoadMeter.Now);
    }

    /// <param name="hash">What all octets went through; null when they were not hashed.</param>
    public LoadTransferReport Report(IncrementalHash? hash) => Report(hash is null ? default(ReadOnlyMemory<byte>?) : new ReadOnlyMemory<byte>(hash.GetHashAndReset()));

    /// <param name="digest">SHA-256 of all octets; null when they were not hashed.</param>
    public LoadTransferReport Report(ReadOnlyMemory<byte>? digest)
    {
        var cpu = _start == 0 ? TimeSpan.Zero : Environment.CpuUsage.TotalTime - _cpu;
        var allocated = _start == 0 ? 0 : GC.GetTotalAllocatedBytes(precise: true) - _allocated;
        var seconds = TimeProvider.System.GetElapsedTime(_start, Math.Max(_start, _stop)).TotalSeconds;
        using var process = Process.GetCurrentProcess();

        return new LoadTransferReport(
            seconds > 0 ? Math.Round(_octets / seconds / 1e6, 1) : 0,
            Math.Round(seconds, 3),
            Math.Round(cpu.TotalSeconds, 3),
            Math.Round(_idle / 1e6, 1),
            Math.Round(process.PeakWorkingSet64 / 1e6, 1),
            allocated,
            _octets,
            _messages,
            seconds > 0 ? Math.Round(_messages / seconds, 1) : 0,
            _failed,
            digest is { } sha256 ? Convert.ToHexStringLower(sha256.Span) : null);
    }
}
