using System.Globalization;
using static SipPush.Sip.SessionTimerStep;

namespace SipPush.Sip;

/// <summary>
/// The session timer of one session at one of its ends (RFC 4028): negotiated by INVITE and UPDATE in either direction, so that
/// one end refreshes and the other notices when it does not. <c>Supported: timer</c> is the caller's to write. Where a method
/// takes the time, it is that since any fixed point, the same for all. It has one owner at a time.
/// </summary>
internal sealed class SessionTimer(SessionTimerOptions options)
{
    // A proxy on the way may ask for its own minimum when the one before it is content (§13 shows two), and a refresh may fail for
    // other reasons; but it is not repeated again and again (§10).
    private const int MostRetries = 5;

    // No clock waits longer, and one that comes early only asks again.
    private static readonly TimeSpan LongestWait = TimeSpan.FromDays(1);

    private TimeSpan? _minSe;
    private TimeSpan _asked;
    private TimeSpan? _interval;
    private bool _isEstablished;
    private bool _refreshes;
    private TimeSpan? _expiration;
    private TimeSpan? _refreshAt;
    private int _retries;

    /// <summary>True while the session has an expiration.</summary>
    public bool IsRunning => _expiration is not null;

    /// <summary>True when it is this end that refreshes.</summary>
    public bool IsRefresher => IsRunning && _refreshes;

    /// <summary>Another that has heard the same so far: for a branch of a fork.</summary>
    public SessionTimer Copy() => (SessionTimer)MemberwiseClone();

    /// <summary>Writes Session-Expires and Min-SE of an INVITE or UPDATE that is to be sent, in place of those it has (§7.1, §7.4).</summary>
    public void SetHeaders(SipRequestBuilder request)
    {
        // Min-SE is owed once somebody named one. Our own is said only where it is more than everybody has to keep to.
        var minimum = Max(_minSe ?? SessionTimerOptions.Floor, options.Minimum);
        if (_minSe is not null || minimum > SessionTimerOptions.Floor)
        {
            request.Set(SipHeaderNames.MinSe, string.Create(CultureInfo.InvariantCulture, $"{(long)minimum.TotalSeconds}"));
        }
        else
        {
            request.Remove(SipHeaderNames.MinSe);
        }

        // Within a session its interval is repeated, which lets proxies see what the peer chose (§11.1), and the parts are kept.
        _asked = Max(_interval ?? options.Interval, minimum);
        SessionRefresher? refresher = _interval is null ? options.Refresher : _refreshes ? SessionRefresher.Uac : SessionRefresher.Uas;
        request.Set(SipHeaderNames.SessionExpires, new SessionExpires(_asked, refresher).ToString());
    }

    /// <summary>
    /// A 422 to that request (§7.3): true when it is worth sending it again, with headers set anew and the next CSeq: Min-SE is
    /// longer than what was asked for, and that has not happened too often.
    /// </summary>
    public bool OnTooSmall(SipResponse response)
    {
        if (response.Seconds(SipHeaderNames.MinSe) is not { } minimum || minimum <= _asked || _retries >= MostRetries)
        {
            return false;
        }

        _retries++;
        _minSe = Max(_minSe ?? minimum, minimum);
        return true;
    }

    /// <summary>
    /// A 2xx to that request (§7.2): the session has been refreshed. Without Session-Expires the peer knows no timer; this end then
    /// refreshes for its own sake, with the interval that it asked for.
    /// </summary>
    public SessionTimerEffect OnSuccess(SipResponse response, TimeSpan now)
    {
        // A 2xx without the parameter breaks the rule that it is always there; refreshing needlessly hurts nobody.
        var agreed = SessionExpires.TryParse(response[SipHeaderNames.SessionExpires], out var value)
            ? value
            : new SessionExpires(_asked, SessionRefresher.Uac);

        // From here on only the proxies on the dialog's way count, not all that a forked INVITE came by (§7.4).
        if (!_isEstablished)
        {
            _minSe = null;
        }

        return Start(agreed.Interval, refreshes: agreed.Refresher != SessionRefresher.Uas, now);
    }

    /// <summary>
    /// A refresh was answered with something other than 2xx, or not at all (§10). On 408, 481 or silence the session ends; for
    /// other reasons it is tried again while it lasts, a few times.
    /// </summary>
    /// <param name="response">Null when none came.</param>
    /// <param name="wait">The wait that the response asks for: Retry-After, or that of a 491. Null takes half the time that is left.</param>
    /// <param name="now">The time.</param>
    public SessionTimerEffect OnRefreshFailed(SipResponse? response, TimeSpan? wait, TimeSpan now)
    {
        if (response is null or { StatusCode: 408 or 481 })
        {
            return End();
        }

        if (!IsRefresher)
        {
            return OnTimer(now);
        }

        if (response.StatusCode == 422)
        {
            _refreshAt = OnTooSmall(response) ? now : null;
        }
        else
        {
            _refreshAt = _retries++ < MostRetries ? now + (wait ?? ((_expiration - now) / 2)) : null;
        }

        return OnTimer(now);
    }

    /// <summary>What to say to a received INVITE or UPDATE (§9). It takes effect when it has been said: <see cref="OnAnswered"/>.</summary>
    public SessionTimerAnswer Judge(SipRequest request)
    {
        var supports = request.Lists(SipHeaderNames.Supported, "timer"u8);
        var minSe = Max(request.Seconds(SipHeaderNames.MinSe) ?? SessionTimerOptions.Floor, SessionTimerOptions.Floor);
        var longest = Max(options.Interval, minSe);

        // What is asked for may be shortened but never lengthened, not even where it is too short and a 422 would mean no session.
        var isAsked = SessionExpires.TryParse(request[SipHeaderNames.SessionExpires], out var asked);
        if (isAsked && supports && asked.Interval < options.Minimum)
        {
            return new SessionTimerAnswer(options.Minimum, default, false);
        }

        var interval = isAsked && asked.Interval < longest ? asked.Interval : longest;
        return new SessionTimerAnswer(null, new SessionExpires(interval, ChooseRefresher(supports, asked.Refresher)), supports);
    }

    /// <summary>The 2xx with that answer has been sent: the session has been refreshed (§9).</summary>
    public SessionTimerEffect OnAnswered(SipRequest request, SessionTimerAnswer answer, TimeSpan now)
    {
        if (request.Seconds(SipHeaderNames.MinSe) is { } minSe)
        {
            _minSe = Max(_minSe ?? minSe, minSe);
        }

        return Start(answer.SessionExpires.Interval, refreshes: answer.SessionExpires.Refresher == SessionRefresher.Uas, now);
    }

    /// <summary>The time has come, or any time: it says what is due now and when it is to be asked next.</summary>
    public SessionTimerEffect OnTimer(TimeSpan now)
    {
        if (_expiration is not { } expiration || _interval is not { } interval)
        {
            return new SessionTimerEffect(Wait, null);
        }

        // Who waits for a refresh ends the session before firewalls and proxies forget it; who refreshes has all the time (§10).
        var end = _refreshes ? expiration : expiration - Min(TimeSpan.FromSeconds(32), interval / 3);
        if (now >= end)
        {
            return End();
        }

        if (now >= _refreshAt)
        {
            _refreshAt = null;
            return new SessionTimerEffect(Refresh, Min(end - now, LongestWait));
        }

        return new SessionTimerEffect(Wait, Min(Min(_refreshAt ?? end, end) - now, LongestWait));
    }

    private static TimeSpan Max(TimeSpan left, TimeSpan right) => left > right ? left : right;

    private static TimeSpan Min(TimeSpan left, TimeSpan right) => left < right ? left : right;

    // Table 2 of §9. A request without support can't be made to refresh, whatever it says.
    private SessionRefresher ChooseRefresher(bool supports, SessionRefresher? asked) =>
        !supports ? SessionRefresher.Uas
        : asked
        ?? (_interval is not null ? (_refreshes ? SessionRefresher.Uas : SessionRefresher.Uac)
        : options.Refresher ?? SessionRefresher.Uac);

    private SessionTimerEffect Start(TimeSpan interval, bool refreshes, TimeSpan now)
    {
        // Less than the floor is nobody's right (§4), and zero would have this end refresh without a pause.
        var lasting = Max(interval, SessionTimerOptions.Floor);
        _isEstablished = true;
        _retries = 0;
        _interval = lasting;
        _refreshes = refreshes;
        _expiration = now + lasting;
        _refreshAt = refreshes ? now + (lasting / 2) : null;
        return OnTimer(now);
    }

    private SessionTimerEffect End()
    {
        _expiration = _refreshAt = null;
        return new SessionTimerEffect(SendBye, null);
    }
}
