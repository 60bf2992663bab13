using System.Threading.Tasks.Sources;

namespace SipPush.Msrp.Connections;

/// <summary>Wakes one loop: a signal set while nobody waits is kept, and one is as good as many. Allocates nothing. One waiter at a time.</summary>
internal sealed class AsyncSignal : IValueTaskSource<bool>
{
    private readonly Lock _sync = new();
    private ManualResetValueTaskSourceCore<bool> _core;
    private bool _isSet;
    private bool _isWaiting;

    /// <param name="here">Whether a loop that waits goes on within this call, as far as it gets without waiting again; otherwise on another thread.</param>
    public void Set(bool here = false)
    {
        lock (_sync)
        {
            if (!_isWaiting)
            {
                _isSet = true;
                return;
            }

            _isWaiting = false;
        }

        _core.RunContinuationsAsynchronously = !here;
        _core.SetResult(here);
    }

    /// <summary>Gives whether the loop now runs within <see cref="Set"/>.</summary>
    public ValueTask<bool> WaitAsync()
    {
        lock (_sync)
        {
            if (_isSet)
            {
                _isSet = false;
                return new ValueTask<bool>(false);
            }

            _core.Reset();
            _isWaiting = true;
            return new ValueTask<bool>(this, _core.Version);
        }
    }

    bool IValueTaskSource<bool>.GetResult(short token) => _core.GetResult(token);

    ValueTaskSourceStatus IValueTaskSource<bool>.GetStatus(short token) => _core.GetStatus(token);

    void IValueTaskSource<bool>.OnCompleted(Action<object?> continuation, object? state, short token, ValueTaskSourceOnCompletedFlags flags) =>
        _core.OnCompleted(continuation, state, token, flags);
}
