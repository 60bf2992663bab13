using System.Runtime.InteropServices;

namespace SipPush.Benchmarks.Load;

/// <summary>The end of a run: Ctrl+C, SIGTERM or its time.</summary>
internal sealed class LoadStop : IDisposable
{
    private readonly CancellationTokenSource _source;
    private readonly PosixSignalRegistration[] _signals;

    /// <param name="seconds">0 has no end of its own.</param>
    public LoadStop(double seconds)
    {
        _source = seconds > 0 ? new CancellationTokenSource(TimeSpan.FromSeconds(seconds), TimeProvider.System) : new CancellationTokenSource();
        _signals = [PosixSignalRegistration.Create(PosixSignal.SIGINT, OnSignal), PosixSignalRegistration.Create(PosixSignal.SIGTERM, OnSignal)];
    }

    public CancellationToken Token => _source.Token;

    public void Wait() => Token.WaitHandle.WaitOne();

    public void Dispose()
    {
        foreach (var signal in _signals)
        {
            signal.Dispose();
        }
        _source.Dispose();
    }

    private void OnSignal(PosixSignalContext context)
    {
        // Without this the process ends before it has reported.
        context.Cancel = true;
        _source.Cancel();
    }
}
