using Microsoft.Extensions.Logging;
using SipPush.Sip;
using SipPush.Sip.Parsing;

namespace SipPush.Diagnostics;

/// <summary>What the SIP stack logs: 1000 to 1999, the last one used is 1020, the wire has 1900 and 1901.</summary>
internal static partial class SipLog
{
    [LoggerMessage(1000, LogLevel.Information, "The stack listens at {EndPoints}")]
    public static partial void Listening(ILogger logger, string endPoints);

    [LoggerMessage(1001, LogLevel.Debug, "Malformed message on {Flow}: {Error}")]
    public static partial void Malformed(ILogger logger, SipFlow flow, SipParseError error);

    [LoggerMessage(1002, LogLevel.Warning, "The stream on {Flow} can't be framed and is closed: {Error}")]
    public static partial void Unframeable(ILogger logger, SipFlow flow, SipFramingError error);

    [LoggerMessage(1003, LogLevel.Debug, "{Flow} has ended")]
    public static partial void FlowClosed(ILogger logger, SipFlow flow, Exception? reason);

    [LoggerMessage(1004, LogLevel.Debug, "A {Status} on {Flow} belongs to no transaction: repeated, late or stray")]
    public static partial void Stray(ILogger logger, SipFlow flow, int status);

    [LoggerMessage(1005, LogLevel.Debug, "A request came over {Flow} for the second time by another way; Call-ID {CallId}")]
    public static partial void Merged(ILogger logger, SipFlow flow, SipText callId);

    [LoggerMessage(1006, LogLevel.Warning, "Over {Limit} server transactions are under way: 503")]
    public static partial void Overloaded(ILogger logger, int limit);

    [LoggerMessage(1007, LogLevel.Debug, "A response on {Flow} could not be sent")]
    public static partial void ResponseNotSent(ILogger logger, SipFlow flow, Exception error);

    [LoggerMessage(1008, LogLevel.Debug, "A message could not be sent")]
    public static partial void NotSent(ILogger logger, Exception error);

    [LoggerMessage(1009, LogLevel.Error, "The handler of {Method} failed: 500")]
    public static partial void HandlerFailed(ILogger logger, SipMethod method, Exception error);

    [LoggerMessage(1010, LogLevel.Error, "The handler of {Method} ended without an answer: 500")]
    public static partial void HandlerSilent(ILogger logger, SipMethod method);

    [LoggerMessage(1011, LogLevel.Information, "{Aor} is registered for {Lifetime}")]
    public static partial void Registered(ILogger logger, SipUri aor, TimeSpan lifetime);

    [LoggerMessage(1012, LogLevel.Information, "{Aor} is no longer registered: {Cause}")]
    public static partial void Unregistered(ILogger logger, SipUri aor, string cause);

    [LoggerMessage(1013, LogLevel.Warning, "{Aor} could not be registered ({Cause}); next attempt in {Delay}")]
    public static partial void RegistrationFailed(ILogger logger, SipUri aor, string cause, TimeSpan delay);

    [LoggerMessage(1014, LogLevel.Error, "A message could not be taken in")]
    public static partial void ReceiverFailed(ILogger logger, Exception fault);

    [LoggerMessage(1020, LogLevel.Debug, "A message on {Flow} was read leniently: {Repairs}")]
    public static partial void Repaired(ILogger logger, SipFlow flow, LenientRepairs repairs);
}
