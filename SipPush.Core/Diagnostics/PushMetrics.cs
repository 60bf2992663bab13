using System.Diagnostics.Metrics;

namespace SipPush.Diagnostics;

/// <summary>What the agents measure. Tags have few values: outcome and mode, or the status of the answer.</summary>
internal static class PushMetrics
{
    private static readonly Meter Meter = new(SipPushTelemetry.PushMeter);

    private static readonly Histogram<double> Sent = Meter.CreateHistogram<double>("push.sent", "s", "Pushes sent, from the call to their end");

    private static readonly Counter<long> Received = Meter.CreateCounter<long>("push.received", "{push}", "Pushes that were answered");

    private static readonly Counter<long> Registrations = Meter.CreateCounter<long>("push.registrations", "{change}", "Changes that third-party REGISTER or the clock made");

    public static void PushEnded(PushResult result)
    {
        if (Sent.Enabled)
        {
            Sent.Record(
                result.Elapsed.TotalSeconds,
                new KeyValuePair<string, object?>("push.outcome", result.Outcome.ToString()),
                new KeyValuePair<string, object?>("push.mode", result.Mode.ToString()));
        }
    }

    public static void PushAnswered(PushMode mode, int status)
    {
        if (Received.Enabled)
        {
            Received.Add(
                1,
                new KeyValuePair<string, object?>("push.mode", mode.ToString()),
                new KeyValuePair<string, object?>("sip.status_class", status < 300 ? "2xx" : status < 400 ? "3xx" : status < 500 ? "4xx" : status < 600 ? "5xx" : "6xx"));
        }
    }

    public static void RegistrationChanged(RegistrationChangeKind kind)
    {
        if (Registrations.Enabled)
        {
            Registrations.Add(1, new KeyValuePair<string, object?>("push.change", kind.ToString()));
        }
    }
}
