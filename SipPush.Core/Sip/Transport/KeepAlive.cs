namespace SipPush.Sip;

/// <summary>
/// Pings one connection for those who need it, and has it given up when a pong stays away (RFC 5626 §4.4.1). The wait from one
/// ping to the next is random, 80 to 100 % of what the most demanding of them named (§4.4). Safe for concurrent use.
/// </summary>
/// <param name="timeProvider">The clock.</param>
/// <param name="pongTimeout">How long a pong may take.</param>
/// <param name="ping">Sends CRLFCRLF; false when it can't just now.</param>
/// <param name="fail">Gives the connection up.</param>
internal sealed class KeepAlive(TimeProvider timeProvider, TimeSpan pongTimeout, Func<bool> ping, Action fail) : IDisposable
{
    /// <summary>The longest wait where the registrar names none (RFC 5626 §4.4.1).</summary>
    public static readonly TimeSpan DefaultInterval = TimeSpan.FromSeconds(120);

    // Timers reach no further than 49 days, and a registrar may name any time.
    private static readonly TimeSpan Longest = TimeSpan.FromDays(1);

    // A timer may be a little ahead of the clock.
    private static readonly TimeSpan Tolerance = TimeSpan.FromMilliseconds(1);

    private readonly Lock _gate = new();
    private readonly long _start = timeProvider.GetTimestamp();
    private readonly Dictionary<object, TimeSpan> _holders = [];
    private SipIdentifiers _chance = SipIdentifiers.Random;
    private ITimer? _timer;
    private TimeSpan _interval;
    private TimeSpan _pinged;
    private TimeSpan _due = TimeSpan.MaxValue;
    private bool _receiving;
    private bool _overdue;
    private bool _disposed;
    private volatile bool _pongAwaited;
    private volatile bool _hasAnswered;

    /// <summary>True from a ping on until its pong.</summary>
    public bool PongAwaited => _pongAwaited;

    /// <summary>True once a pong has come.</summary>
    public bool HasAnswered => _hasAnswered;

    /// <summary>True while a message has come in part.</summary>
    public bool IsReceiving => Volatile.Read(ref _receiving);

    private TimeSpan Now => timeProvider.GetElapsedTime(_start);

    /// <summary>Pings at least every <paramref name="interval"/> from now on, until all who hold it have released it.</summary>
    /// <param name="holder">Who needs it; who holds it already changes the interval.</param>
    /// <param name="interval">The longest wait between two pings.</param>
    /// <param name="chance">Where the jitter comes from.</param>
    public void Hold(object holder, TimeSpan interval, SipIdentifiers chance)
    {
        lock (_gate)
        {
            if (_disposed)
            {
                return;
            }

            _chance = chance;
            _holders[holder] = interval < Longest ? interval : Longest;
            var shortest = _holders.Values.Min();

            if (shortest != _interval)
            {
                _timer ??= timeProvider.CreateTimer(static self => ((KeepAlive)self!).OnTimer(), this, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
                _interval = shortest;

                if (!_pongAwaited)
                {
                    SetNextPing_NeedsGate(Now);
                }
            }
        }
    }

    /// <summary>Ends what <see cref="Hold"/> began.</summary>
    public void Release(object holder)
    {
        lock (_gate)
        {
            if (!_holders.Remove(holder))
            {
                return;
            }

            if (_holders.Count > 0)
            {
                _interval = _holders.Values.Min();
            }
            else
            {
                _interval = TimeSpan.Zero;
                _pongAwaited = _overdue = false;
                SetTimer_NeedsGate(TimeSpan.MaxValue);
            }
        }
    }

    /// <summary>The pong has come.</summary>
    public void OnPong()
    {
        lock (_gate)
        {
            if (!_pongAwaited)
            {
                return;
            }

            _pongAwaited = _overdue = false;
            _hasAnswered = true;
            SetNextPing_NeedsGate(_pinged);
        }
    }

    /// <summary>All has been taken in that came with one read.</summary>
    /// <param name="ended">True when a message ended in it.</param>
    /// <param name="receiving">True when the rest is the beginning of a message. A pong can come only behind that one, so it may be as late.</param>
    public void OnReceived(bool ended, bool receiving)
    {
        lock (_gate)
        {
            _receiving = receiving;

            if (!_overdue || !ended)
            {
                return;
            }
        }

        fail();
    }

    public void Dispose()
    {
        lock (_gate)
        {
            _disposed = true;
            _pongAwaited = _overdue = false;
            _timer?.Dispose();
        }
    }

    private void OnTimer()
    {
        bool failed = false, pinging = false;

        lock (_gate)
        {
            if (_disposed || _due == TimeSpan.MaxValue)
            {
                return;
            }

            // It had fired already when it was set anew.
            if (_due - Now > Tolerance)
            {
                SetTimer_NeedsGate(_due);
                return;
            }

            if (_pongAwaited)
            {
                _overdue = _receiving;
                failed = !_receiving;
                SetTimer_NeedsGate(TimeSpan.MaxValue);
            }
            else
            {
                // Before the ping is sent: its pong may be here before that call returns.
                pinging = _pongAwaited = true;
                _pinged = Now;
                SetTimer_NeedsGate(_pinged + pongTimeout);
            }
        }

        if (failed)
        {
            fail();
        }
        else if (pinging && !ping())
        {
            Postpone();
        }
    }

    // With the queue full there is no need to ask: either it moves, or the connection is given up for that.
    private void Postpone()
    {
        lock (_gate)
        {
            if (_pongAwaited)
            {
                _pongAwaited = false;
                SetNextPing_NeedsGate(_pinged);
            }
        }
    }

    private void SetNextPing_NeedsGate(TimeSpan last) => SetTimer_NeedsGate(last + (_interval * (0.8 + (0.2 * _chance.NextFraction()))));

    private void SetTimer_NeedsGate(TimeSpan due)
    {
        _due = due;
        var left = due - Now;
        _timer?.Change(due == TimeSpan.MaxValue ? Timeout.InfiniteTimeSpan : left > TimeSpan.Zero ? left : TimeSpan.Zero, Timeout.InfiniteTimeSpan);
    }
}
