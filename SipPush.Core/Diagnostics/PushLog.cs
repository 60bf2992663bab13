using Microsoft.Extensions.Logging;
using SipPush.Sip;

namespace SipPush.Diagnostics;

/// <summary>What the agents log: 3000 to 3999, the last one used is 3010.</summary>
internal static partial class PushLog
{
    [LoggerMessage(3000, LogLevel.Information, "{Aor} is registered with the core until {Expires:u}")]
    public static partial void Registered(ILogger logger, SipUri aor, DateTimeOffset expires);

    [LoggerMessage(3001, LogLevel.Debug, "{Aor} stays registered with the core until {Expires:u}")]
    public static partial void Refreshed(ILogger logger, SipUri aor, DateTimeOffset expires);

    [LoggerMessage(3002, LogLevel.Information, "{Aor} is no longer registered with the core: {Cause}")]
    public static partial void Ended(ILogger logger, SipUri aor, RegistrationChangeKind cause);

    [LoggerMessage(3003, LogLevel.Warning, "A third-party REGISTER on {Flow} comes from outside the trust domain: 403")]
    public static partial void RegisterNotTrusted(ILogger logger, SipFlow flow);

    [LoggerMessage(3004, LogLevel.Warning, "There is no room for the registration of {Aor}: 503")]
    public static partial void NoRoom(ILogger logger, SipUri aor);

    [LoggerMessage(3005, LogLevel.Debug, "Something in the body of the third-party REGISTER for {Aor} can't be read and is passed over")]
    public static partial void UnreadableBody(ILogger logger, SipUri aor);

    [LoggerMessage(3006, LogLevel.Error, "The registration store failed; {Aor} is looked at again in {Delay}")]
    public static partial void StoreFailed(ILogger logger, SipUri aor, TimeSpan delay, Exception error);

    [LoggerMessage(3007, LogLevel.Debug, "The push to {Target} ended after {Elapsed}: {Outcome} {Status}")]
    public static partial void PushEnded(ILogger logger, SipUri target, TimeSpan elapsed, PushOutcome outcome, int? status);

    [LoggerMessage(3008, LogLevel.Debug, "A push on {Flow} is answered {Status}: {Cause}")]
    public static partial void PushRefused(ILogger logger, SipFlow flow, int status, string cause);

    [LoggerMessage(3009, LogLevel.Warning, "{Length} pushes wait for the application: 480")]
    public static partial void QueueFull(ILogger logger, int length);

    [LoggerMessage(3010, LogLevel.Warning, "The application has not decided on a push in {Timeout}: 480")]
    public static partial void Undecided(ILogger logger, TimeSpan timeout);
}
