using Microsoft.Extensions.Logging;
using SipPush.Sip;

namespace SipPush.Diagnostics;

/// <summary>What the agents log: 3000 to 3999, the last one used is 3029.</summary>
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

    [LoggerMessage(3011, LogLevel.Error, "The registrations in the store can't be listed; tried again in {Delay}")]
    public static partial void StoreNotListed(ILogger logger, TimeSpan delay, Exception error);

    [LoggerMessage(3012, LogLevel.Information, "{Count} registrations were read from {Path}")]
    public static partial void RegistrationsRead(ILogger logger, int count, string path);

    [LoggerMessage(3013, LogLevel.Warning, "The last {Octets} octets of {Path} are a record that was not written to its end: they are cut off")]
    public static partial void RegistrationsTorn(ILogger logger, long octets, string path);

    [LoggerMessage(3014, LogLevel.Warning, "{Count} records in {Path} are damaged and passed over: some users may be known as they were before")]
    public static partial void RegistrationsDamaged(ILogger logger, long count, string path);

    [LoggerMessage(3015, LogLevel.Warning, "{Count} records in {Path} are of a later version and passed over")]
    public static partial void RegistrationsUnknown(ILogger logger, long count, string path);

    [LoggerMessage(3016, LogLevel.Warning, "For {Count} records in {Path} there is no room")]
    public static partial void RegistrationsOver(ILogger logger, int count, string path);

    [LoggerMessage(3017, LogLevel.Error, "Registrations can't be written to {Path}; tried again in {Delay}")]
    public static partial void RegistrationsNotSaved(ILogger logger, string path, TimeSpan delay, Exception error);

    [LoggerMessage(3018, LogLevel.Information, "Registrations are written to {Path} again")]
    public static partial void RegistrationsSaved(ILogger logger, string path);

    [LoggerMessage(3019, LogLevel.Debug, "{Path} had {Before} octets and has {After} now")]
    public static partial void RegistrationsCompacted(ILogger logger, string path, long before, long after);

    [LoggerMessage(3020, LogLevel.Warning, "{Path} can't be written anew and goes on growing for now")]
    public static partial void RegistrationsNotCompacted(ILogger logger, string path, Exception error);

    [LoggerMessage(3021, LogLevel.Warning, "The registration of {Aor} needs more than {Limit} octets in {Path} and is kept in memory only")]
    public static partial void RegistrationTooLarge(ILogger logger, SipUri aor, int limit, string path);

    [LoggerMessage(3022, LogLevel.Debug, "The content {MessageId} ended after {Elapsed}: {Outcome} {Status}")]
    public static partial void ContentEnded(ILogger logger, string messageId, TimeSpan elapsed, Msrp.MsrpSendOutcome outcome, int status);

    [LoggerMessage(3023, LogLevel.Debug, "A session on {Flow} is answered {Status}: {Cause}")]
    public static partial void SessionRefused(ILogger logger, SipFlow flow, int status, string cause);

    [LoggerMessage(3024, LogLevel.Debug, "The MSRP of a session that was taken could not be connected, or ended")]
    public static partial void MediaFailed(ILogger logger, Exception error);

    [LoggerMessage(3025, LogLevel.Debug, "Files that were lost with their connection could not be offered again")]
    public static partial void FilesNotResumed(ILogger logger, Exception error);

    [LoggerMessage(3026, LogLevel.Warning, "The leftover {Path} of an inbox can't be removed")]
    public static partial void LeftoverNotRemoved(ILogger logger, string path, Exception error);

    [LoggerMessage(3027, LogLevel.Debug, "The contents of a session go by another MSRP session from now on, {Session}")]
    public static partial void MediaMoved(ILogger logger, Msrp.MsrpUri session);

    [LoggerMessage(3028, LogLevel.Debug, "The session {Dialog} is over: {Cause}")]
    public static partial void SessionOver(ILogger logger, DialogId dialog, PushSessionEnd cause);

    [LoggerMessage(3029, LogLevel.Debug, "An offer in the session {Dialog} is refused: {Cause}")]
    public static partial void OfferRefused(ILogger logger, DialogId dialog, string cause);
}
