using System.Text;
using Microsoft.Extensions.Logging;
using SipPush.Sip;

namespace SipPush.Diagnostics;

/// <summary>Writes the wire to the log at level Trace. What proves a password is left out.</summary>
internal sealed partial class WireLog(ILoggerFactory factory)
{
    private readonly ILogger _log = factory.CreateLogger(SipPushTelemetry.WireCategory);

    public void Received(SipFlow flow, ReadOnlySpan<byte> message)
    {
        if (_log.IsEnabled(LogLevel.Trace))
        {
            LogReceived(_log, flow, WithoutCredentials(message));
        }
    }

    public void Sending(SipFlow flow, ReadOnlySpan<byte> message)
    {
        if (_log.IsEnabled(LogLevel.Trace))
        {
            LogSending(_log, flow, WithoutCredentials(message));
        }
    }

    internal static string WithoutCredentials(ReadOnlySpan<byte> message)
    {
        var text = Encoding.UTF8.GetString(message);
        var kept = new StringBuilder(text.Length);
        var hiding = false;
        var inHead = true;

        foreach (var line in text.AsSpan().EnumerateLines())
        {
            inHead &= !line.IsEmpty;
            var continued = line.Length > 0 && line[0] is ' ' or '\t';
            if (inHead && continued && hiding)
            {
                continue;
            }

            hiding = inHead
                && (line.StartsWith("Authorization", StringComparison.OrdinalIgnoreCase) || line.StartsWith("Proxy-Authorization", StringComparison.OrdinalIgnoreCase));
            kept.Append(hiding ? line[..(line.IndexOf(':') + 1)] : line).Append(hiding ? " (left out)\r\n" : "\r\n");
        }

        return kept.ToString();
    }

    [LoggerMessage(1900, LogLevel.Trace, "{Flow} received\n{Message}")]
    private static partial void LogReceived(ILogger logger, SipFlow flow, string message);

    [LoggerMessage(1901, LogLevel.Trace, "{Flow} sends\n{Message}")]
    private static partial void LogSending(ILogger logger, SipFlow flow, string message);
}
