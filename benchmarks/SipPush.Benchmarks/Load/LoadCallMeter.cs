using System.Diagnostics.Metrics;
using SipPush.Diagnostics;
using SipPush.Sip;

namespace SipPush.Benchmarks.Load;

/// <summary>Measures the calls of one side, or its pushes, from one second after the first, and at the end what its stack has left of them.</summary>
internal sealed class LoadCallMeter : IDisposable
{
    private static readonly TimeSpan WarmUp = TimeSpan.FromSeconds(1);

    // The log of completed transactions is emptied within a second of its time when nothing more comes in.
    private static readonly TimeSpan Grace = TimeSpan.FromSeconds(3);

    private readonly Lock _gate = new();
    private readonly LoadMeter _meter = new();
    private readonly LoadLatencies _answers = new();
    private readonly MeterListener _listener = new();
    private long? _measureFrom;
    private bool _isMeasuring;
    private long _retransmissions;

    public LoadCallMeter()
    {
        _listener.InstrumentPublished = (instrument, listener) =>
        {
            if (instrument is { Name: "sip.retransmissions", Meter.Name: SipPushTelemetry.SipMeter })
            {
                listener.EnableMeasurementEvents(instrument);
            }
        };
        _listener.SetMeasurementEventCallback<long>((_, count, _, _) => Interlocked.Add(ref _retransmissions, count));
        _listener.Start();
    }

    /// <summary>A call has gone through, at the end that was called.</summary>
    public void Ended()
    {
        lock (_gate)
        {
            if (IsMeasuring(LoadMeter.Now))
            {
                _meter.Answered(1);
            }
        }
    }

    /// <summary>A call has gone through, at the end that called.</summary>
    /// <param name="calledAt"><see cref="LoadMeter.Now"/> at the time of the call.</param>
    /// <param name="answeredAt">The same of its answer; null when nobody asks for that.</param>
    public void Ended(long calledAt, long? answeredAt = null)
    {
        lock (_gate)
        {
            var now = LoadMeter.Now;
            if (IsMeasuring(now))
            {
                _meter.Complete(calledAt, now);
                if (answeredAt is { } answered)
                {
                    _answers.Add(answered - calledAt);
                }
            }
        }
    }

    /// <summary>A call has not gone through.</summary>
    public void Failed()
    {
        lock (_gate)
        {
            _meter.Fail();
        }
    }

    /// <summary>Once no more calls come: waits until the stack has forgotten them all, for 64*T1 and a bit more at most.</summary>
    public async Task<LoadCallReport> ReportAsync(SipStack stack)
    {
        LoadReport calls;
        lock (_gate)
        {
            calls = _meter.Report();
        }

        var heap = Heap();
        var start = LoadMeter.Now;
        while (LoadLeft.Of(stack) != default && TimeProvider.System.GetElapsedTime(start) < stack.Timers.TransactionTimeout + Grace)
        {
            await Task.Delay(TimeSpan.FromMilliseconds(100), TimeProvider.System).ConfigureAwait(false);
        }

        return new LoadCallReport(
            calls.TransactionsPerSecond,
            calls.CpuMicrosPerTransaction,
            _answers.Percentile(0.50),
            _answers.Percentile(0.99),
            calls.P50Micros,
            calls.P99Micros,
            calls.AllocatedBytesPerTransaction,
            calls.PeakMegabytes,
            calls.Failed,
            Interlocked.Read(ref _retransmissions),
            heap,
            Heap(),
            LoadLeft.Of(stack));
    }

    public void Dispose() => _listener.Dispose();

    private static double Heap() => Math.Round(GC.GetTotalMemory(forceFullCollection: true) / 1e6, 1);

    private bool IsMeasuring(long now)
    {
        _measureFrom ??= now + (long)(WarmUp.TotalSeconds * TimeProvider.System.TimestampFrequency);
        if (!_isMeasuring && now >= _measureFrom)
        {
            _isMeasuring = true;
            _meter.Start();
        }

        return _isMeasuring;
    }
}
