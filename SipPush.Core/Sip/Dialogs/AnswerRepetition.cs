using static SipPush.Sip.AnswerRepetitionStep;

namespace SipPush.Sip;

/// <summary>
/// The called user agent repeats its 2xx to INVITE until the ACK has come, whatever the transport (RFC 3261 §13.3.1.4), and a
/// reliable provisional response until its PRACK has come (RFC 3262 §3): from T1 doubling, for 64*T1 from the first sending. The
/// 2xx stays at intervals of T2; provisional responses go on doubling. It has one owner at a time.
/// </summary>
/// <param name="timers">The base values.</param>
/// <param name="isProvisional">Whether it is a provisional response and not the 2xx.</param>
internal sealed class AnswerRepetition(SipTimers timers, bool isProvisional = false)
{
    private TimeSpan _interval = timers.T1;
    private TimeSpan _left = timers.TransactionTimeout;
    private bool _isOver;

    /// <summary>The response has been sent for the first time: how long to wait then. Given once.</summary>
    public TimeSpan Start() => Wait();

    /// <summary>That time has passed.</summary>
    public AnswerRepetitionEffect OnTimer()
    {
        if (_isOver)
        {
            return new AnswerRepetitionEffect(Nothing, default);
        }

        if (_left <= TimeSpan.Zero)
        {
            _isOver = true;
            return new AnswerRepetitionEffect(GiveUp, default);
        }

        return new AnswerRepetitionEffect(Resend, Wait());
    }

    /// <summary>The ACK or PRACK has come, or what is repeated has lost its sense. False when it was over before, by another or by time.</summary>
    public bool OnAcknowledged()
    {
        var was = _isOver;
        _isOver = true;
        return !was;
    }

    // The last wait ends when all time is used up, and then nothing is sent any more.
    private TimeSpan Wait()
    {
        var wait = _interval < _left ? _interval : _left;
        _left -= wait;
        _interval *= 2;
        if (!isProvisional && _interval > timers.T2)
        {
            _interval = timers.T2;
        }

        return wait;
    }
}
