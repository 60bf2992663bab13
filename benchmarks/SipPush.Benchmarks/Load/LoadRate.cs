namespace SipPush.Benchmarks.Load;

/// <summary>Reads no faster than so many octets a second, for a while.</summary>
internal sealed class LoadRate(long rate, TimeSpan length)
{
    private long _start;
    private long _octets;

    /// <summary>Waits as long as these octets may take.</summary>
    public async ValueTask TakeAsync(long octets, CancellationToken stop)
    {
        if (rate == 0)
        {
            return;
        }

        _start = _start == 0 ? LoadMeter.Now : _start;
        _octets += octets;
        var elapsed = TimeProvider.System.GetElapsedTime(_start);
        var due = TimeSpan.FromSeconds((double)_octets / rate);
        due = due < length ? due : length;

        if (due > elapsed)
        {
            await Task.Delay(due - elapsed, TimeProvider.System, stop).ConfigureAwait(false);
        }
    }
}
