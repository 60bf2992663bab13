using System.Net;
using Microsoft.Extensions.Logging;
using SipPush.Sip;
using SipPush.Sip.Location;
using SipPush.Sip.Parsing;

namespace SipPush.Diagnostics;

/// <summary>What the SIP stack logs: 1000 to 1999, the wire has 1900 and 1901. What any stranger can cause at will is Debug, so that nobody can fill the log.</summary>
internal static partial class SipLog
{
    [LoggerMessage(1000, LogLevel.Information, "The stack listens at {EndPoints}")]
    public static partial void Listening(ILogger logger, string endPoints);

    [LoggerMessage(1001, LogLevel.Debug, "Malformed message on {Flow}: {Error}")]
    public static partial void Malformed(ILogger logger, SipFlow flow, SipParseError error);

    [LoggerMessage(1002, LogLevel.Debug, "The stream on {Flow} can't be framed and is closed: {Error}")]
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

    [LoggerMessage(1015, LogLevel.Debug, "The refusal of an INVITE on {Flow} was never acknowledged")]
    public static partial void NoAck(ILogger logger, SipFlow flow);

    [LoggerMessage(1016, LogLevel.Warning, "A server of the realm {Realm} did not prove that it knows the password: rspauth is wrong")]
    public static partial void ServerNotProven(ILogger logger, string realm);

    [LoggerMessage(1017, LogLevel.Warning, "The connection that {Aor} is registered on has failed ({Cause}); a new one in {Delay}")]
    public static partial void RegistrationFlowFailed(ILogger logger, SipUri aor, string cause, TimeSpan delay);

    [LoggerMessage(1018, LogLevel.Debug, "{Remote} was not let in: {Cause}")]
    public static partial void HandshakeFailed(ILogger logger, IPEndPoint remote, string cause);

    [LoggerMessage(1019, LogLevel.Warning, "{Remote} is not taken for {Domain}: {Cause}")]
    public static partial void ServerNotVerified(ILogger logger, IPEndPoint remote, string domain, string cause);

    [LoggerMessage(1020, LogLevel.Debug, "Over {Limit} TLS handshakes are under way, in all or from one address: {Remote} is closed")]
    public static partial void TooManyHandshakes(ILogger logger, int limit, IPEndPoint remote);

    [LoggerMessage(1021, LogLevel.Debug, "A message on {Flow} was read leniently: {Repairs}")]
    public static partial void Repaired(ILogger logger, SipFlow flow, LenientRepairs repairs);

    [LoggerMessage(1022, LogLevel.Debug, "The DNS could not be asked for {Type} of {Name}: {Failure}")]
    public static partial void LookupFailed(ILogger logger, DnsRecordType type, DnsName name, string? failure);

    [LoggerMessage(1023, LogLevel.Debug, "{Method} was not served by {EndPoint} ({Status})")]
    public static partial void TargetFailed(ILogger logger, SipMethod method, SipEndPoint endPoint, int status);

    [LoggerMessage(1024, LogLevel.Information, "Session {Dialog} has begun")]
    public static partial void SessionBegan(ILogger logger, DialogId dialog);

    [LoggerMessage(1025, LogLevel.Information, "Session {Dialog} has ended: {Cause}")]
    public static partial void SessionEnded(ILogger logger, DialogId dialog, SipSessionEndCause cause);

    [LoggerMessage(1026, LogLevel.Warning, "Something that session {Dialog} does by itself went wrong")]
    public static partial void SessionWorkFailed(ILogger logger, DialogId dialog, Exception error);

    [LoggerMessage(1027, LogLevel.Warning, "A 2xx to INVITE names no Contact or tag that a dialog could be made of; Call-ID {CallId}")]
    public static partial void NoDialog(ILogger logger, SipText callId);

    [LoggerMessage(1028, LogLevel.Warning, "An INVITE has been answered by more than {Limit} branches: the others are not followed; Call-ID {CallId}")]
    public static partial void TooManyBranches(ILogger logger, int limit, SipText callId);

    [LoggerMessage(1029, LogLevel.Error, "The handler of ACK failed")]
    public static partial void AckHandlerFailed(ILogger logger, Exception error);
}
