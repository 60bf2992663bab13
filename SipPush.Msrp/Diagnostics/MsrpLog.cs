using Microsoft.Extensions.Logging;
using SipPush.Msrp.Framing;

namespace SipPush.Msrp.Diagnostics;

/// <summary>What the library logs: 2000 to 2999. What any stranger can cause at will is Debug, so that nobody can fill the log.</summary>
internal static partial class MsrpLog
{
    [LoggerMessage(2000, LogLevel.Information, "The endpoint listens at {EndPoints}")]
    public static partial void Listening(ILogger logger, string endPoints);

    [LoggerMessage(2001, LogLevel.Information, "Session {Session} has begun with {Peer}")]
    public static partial void SessionBegan(ILogger logger, string? session, MsrpPath peer);

    [LoggerMessage(2002, LogLevel.Information, "Session {Session} has ended: {End}")]
    public static partial void SessionEnded(ILogger logger, string? session, MsrpSessionEnd end, Exception? reason);

    [LoggerMessage(2003, LogLevel.Debug, "A frame could not be read: {Fault} {Header}")]
    public static partial void Malformed(ILogger logger, MsrpFault fault, string? header);

    [LoggerMessage(2004, LogLevel.Debug, "The stream is not MSRP and is closed: {Fault} {Header}")]
    public static partial void Unframeable(ILogger logger, MsrpFault fault, string? header);

    [LoggerMessage(2005, LogLevel.Debug, "A {Status} belongs to no transaction: late or stray")]
    public static partial void Stray(ILogger logger, int status);

    [LoggerMessage(2006, LogLevel.Debug, "A connection is given up: {Reason}")]
    public static partial void GivenUp(ILogger logger, string reason);

    [LoggerMessage(2007, LogLevel.Warning, "The sink of a message has failed")]
    public static partial void SinkFailed(ILogger logger, Exception failure);

    [LoggerMessage(2008, LogLevel.Warning, "The certificate of the far end of session {Session} is not the one that was announced: its SEND is refused")]
    public static partial void WrongFingerprint(ILogger logger, string? session);

    [LoggerMessage(2009, LogLevel.Debug, "A request is refused with {Status}: {Reason}")]
    public static partial void Refused(ILogger logger, int status, string reason);

    [LoggerMessage(2020, LogLevel.Information, "Relays have given the path {Path} for {Seconds} s")]
    public static partial void PathGranted(ILogger logger, MsrpPath path, double? seconds);

    [LoggerMessage(2021, LogLevel.Warning, "The path through relays was not renewed; this is tried again")]
    public static partial void PathNotRenewed(ILogger logger, Exception reason);

    [LoggerMessage(2022, LogLevel.Information, "The path through relays is given up")]
    public static partial void PathEnded(ILogger logger, Exception? reason);
}
