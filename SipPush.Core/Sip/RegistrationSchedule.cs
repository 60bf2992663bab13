namespace SipPush.Sip;

/// <summary>When a registration is refreshed or tried again: numbers in, numbers out.</summary>
internal static class RegistrationSchedule
{
    /// <summary>
    /// The wait before the refresh of a registration granted for <paramref name="lifetime"/>: 64*T1 before its end, so that the
    /// transaction has its whole time, or half-way when the lifetime is shorter than twice that (RFC 5627 §4.2).
    /// </summary>
    public static TimeSpan RefreshAfter(TimeSpan lifetime, SipTimers timers) =>
        lifetime < 2 * timers.TransactionTimeout ? lifetime / 2 : lifetime - timers.TransactionTimeout;

    /// <summary>
    /// The wait after the <paramref name="failures"/>th failure in a row: the base doubled as often, up to the maximum, of which a
    /// random half to whole is taken (RFC 5626 §4.5), and never less than the registrar asked for.
    /// </summary>
    public static TimeSpan RetryAfter(int failures, RegistrationOptions options, TimeSpan? asked, double fraction)
    {
        var longest = options.RetryMaximum;
        var wait = options.RetryBase;
        for (var i = 0; i < failures && wait < longest; i++)
        {
            wait *= 2;
        }

        wait = (wait < longest ? wait : longest) * (0.5 + (fraction / 2));
        return asked > wait ? asked.Value : wait;
    }

    /// <summary>The longest wait between two pings; null where no pong can be expected (RFC 5626 §4.4).</summary>
    /// <param name="granted">The registrar's answer.</param>
    /// <param name="isOutbound">Whether it granted outbound registration.</param>
    /// <param name="options">What the application says.</param>
    public static TimeSpan? PingInterval(SipResponse granted, bool isOutbound, RegistrationOptions options)
    {
        TimeSpan? named = isOutbound && granted.Seconds(SipHeaderNames.FlowTimer) is { Ticks: > 0 } timer ? timer : null;
        if (options.KeepAlive is { } wanted)
        {
            return named < wanted ? named : wanted;
        }

        return named ?? (isOutbound ? KeepAlive.DefaultInterval : null);
    }

    /// <summary>True for an answer that another attempt may change: nothing came, the server has trouble, or it named a time to come back.</summary>
    public static bool IsTransient(SipTransactionResult result) =>
        result.Response is not { } response
        || response.StatusCode is 408 or 430 or 480 or (>= 500 and < 600)
        || response.RetryAfter is not null;
}
