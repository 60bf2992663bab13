namespace SipPush.Sip;

/// <summary>Does what the session timer of a session wants done: refreshes it in time, or ends it (RFC 4028).</summary>
/// <param name="session">The session.</param>
/// <param name="timer">Its timer; null for none.</param>
internal sealed class SessionRefresh(SipSession session, SessionTimer? timer)
{
    private readonly Lock _gate = new();
    private readonly long _epoch = session.Stack.TimeProvider.GetTimestamp();
    private ITimer? _clock;
    private bool _isOver;

    /// <summary>Writes Session-Expires and Min-SE of an INVITE or UPDATE.</summary>
    public void SetHeaders(SipRequestBuilder request)
    {
        lock (_gate)
        {
            timer?.SetHeaders(request);
        }
    }

    /// <summary>A 422 to it; true when it is to be sent once more with headers set anew.</summary>
    public bool OnTooSmall(SipResponse response)
    {
        lock (_gate)
        {
            return timer?.OnTooSmall(response) == true;
        }
    }

    /// <summary>A 2xx to it.</summary>
    public void OnSuccess(SipResponse response) => Step((machine, now) => machine.OnSuccess(response, now));

    /// <summary>What to say to an INVITE or UPDATE of the far end; null when there is no timer here.</summary>
    public SessionTimerAnswer? Judge(SipRequest request)
    {
        lock (_gate)
        {
            return timer?.Judge(request);
        }
    }

    /// <summary>It has been said in a 2xx.</summary>
    public void OnAnswered(SipRequest request, SessionTimerAnswer answer) => Step((machine, now) => machine.OnAnswered(request, answer, now));

    /// <summary>The session has ended.</summary>
    public void Stop()
    {
        lock (_gate)
        {
            _isOver = true;
            _clock?.Dispose();
        }
    }

    private void Step(Func<SessionTimer, TimeSpan, SessionTimerEffect> input)
    {
        SessionTimerEffect effect;
        lock (_gate)
        {
            if (timer is null || _isOver)
            {
                return;
            }

            var clock = session.Stack.TimeProvider;
            effect = input(timer, clock.GetElapsedTime(_epoch));
            if (effect.Delay is { } delay)
            {
                _clock ??= clock.CreateTimer(_ => Step((machine, now) => machine.OnTimer(now)), null, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
                _clock.Change(RoundedUp(delay), Timeout.InfiniteTimeSpan);
            }
        }

        if (effect.Step == SessionTimerStep.Refresh)
        {
            session.Run(RefreshAsync);
        }
        else if (effect.Step == SessionTimerStep.SendBye)
        {
            session.EndSoon(SipSessionEndCause.Expired);
        }
    }

    private async Task RefreshAsync()
    {
        var result = await session.Offers.RefreshAsync(session.Ending).ConfigureAwait(false);
        if (result.Response is not { IsSuccess: true })
        {
            Step((machine, now) => machine.OnRefreshFailed(result.Response, result.Response?.RetryAfter, now));
        }
    }

    // The system's timers count whole milliseconds and cut the rest off: rounded up, none comes early.
    private static TimeSpan RoundedUp(TimeSpan delay) => TimeSpan.FromMilliseconds(Math.Ceiling(delay.TotalMilliseconds));
}
