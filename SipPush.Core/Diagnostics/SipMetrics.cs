using System.Diagnostics.Metrics;
using SipPush.Sip;

namespace SipPush.Diagnostics;

/// <summary>What the SIP stack measures. Tags have few values: methods that are known, classes of status.</summary>
internal static class SipMetrics
{
    private static readonly Meter Meter = new(SipPushTelemetry.SipMeter);

    public static readonly Counter<long> Malformed = Meter.CreateCounter<long>("sip.messages.malformed", "{message}", "Messages that could not be read");

    public static readonly Counter<long> Strays = Meter.CreateCounter<long>("sip.responses.stray", "{response}", "Responses that matched no transaction");

    public static readonly Counter<long> Retransmissions = Meter.CreateCounter<long>("sip.retransmissions", "{message}", "Requests sent again, and requests that came again");

    public static readonly Counter<long> ConnectionsRefused = Meter.CreateCounter<long>("sip.connections.refused", "{connection}", "Connections that were not let in, over a limit");

    private static readonly Counter<long> ClientTransactions = Meter.CreateCounter<long>("sip.client.transactions", "{transaction}", "Client transactions that ended");

    public static void ClientTransactionEnded(SipMethod method, int status)
    {
        if (ClientTransactions.Enabled)
        {
            ClientTransactions.Add(
                1,
                new KeyValuePair<string, object?>("sip.method", method.IsKnown ? method.Name : "other"),
                new KeyValuePair<string, object?>("sip.status_class", status switch { 0 => "none", < 300 => "2xx", < 400 => "3xx", < 500 => "4xx", < 600 => "5xx", _ => "6xx" }));
        }
    }
}
