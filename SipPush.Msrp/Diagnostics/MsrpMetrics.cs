using System.Diagnostics.Metrics;

namespace SipPush.Msrp.Diagnostics;

/// <summary>What the library measures, over all endpoints of the process. Tags have few values.</summary>
internal static class MsrpMetrics
{
    private static readonly Meter Meter = new(MsrpTelemetry.Meter);

    public static readonly UpDownCounter<int> Connections = Meter.CreateUpDownCounter<int>("msrp.connections", "{connection}", "Connections that are open");

    public static readonly UpDownCounter<int> Sessions = Meter.CreateUpDownCounter<int>("msrp.sessions", "{session}", "Sessions that have not ended");

    public static readonly UpDownCounter<int> PartialMessages = Meter.CreateUpDownCounter<int>("msrp.messages.partial", "{message}", "Messages that have begun to arrive and not ended");

    public static readonly Counter<long> OctetsReceived = Meter.CreateCounter<long>("msrp.octets.received", "By", "Octets that came, heads and bodies");

    public static readonly Counter<long> OctetsSent = Meter.CreateCounter<long>("msrp.octets.sent", "By", "Octets that were handed to the transport, heads and bodies");

    public static readonly Counter<long> Unframeable = Meter.CreateCounter<long>("msrp.connections.unframeable", "{connection}", "Connections closed because their octets were not MSRP");

    public static readonly Counter<long> ConnectionsRefused = Meter.CreateCounter<long>("msrp.connections.refused", "{connection}", "Connections closed at once because a limit was reached");

    private static int _rented;

    private static readonly ObservableUpDownCounter<int> Rented = Meter.CreateObservableUpDownCounter("msrp.buffers.rented", () => RentedBuffers, "{buffer}", "Buffers rented and not returned");

    private static readonly Counter<long> MessagesSent = Meter.CreateCounter<long>("msrp.messages.sent", "{message}", "Outgoing messages that ended");

    private static readonly Counter<long> RequestsRefused = Meter.CreateCounter<long>("msrp.requests.refused", "{request}", "Requests of far ends that were refused, answered or not");

    private static readonly Counter<long> MessagesReceived = Meter.CreateCounter<long>("msrp.messages.received", "{message}", "Incoming messages that ended");

    /// <summary>Buffers rented from the pool of the system and not returned: those for answers, for heads that lie over segments, and for octets before their turn.</summary>
    public static int RentedBuffers => Volatile.Read(ref _rented);

    public static void HasRented() => Interlocked.Increment(ref _rented);

    public static void HasReturned() => Interlocked.Decrement(ref _rented);

    public static void MessageSent(MsrpSendOutcome outcome)
    {
        if (MessagesSent.Enabled)
        {
            MessagesSent.Add(1, new KeyValuePair<string, object?>("msrp.outcome", outcome.ToString()));
        }
    }

    /// <summary>A send has ended with an exception: given up by its token, or because its source failed.</summary>
    public static void MessageNotSent(bool isCancelled)
    {
        if (MessagesSent.Enabled)
        {
            MessagesSent.Add(1, new KeyValuePair<string, object?>("msrp.outcome", isCancelled ? "Cancelled" : "Failed"));
        }
    }

    public static void RequestRefused(int status)
    {
        if (RequestsRefused.Enabled)
        {
            RequestsRefused.Add(1, new KeyValuePair<string, object?>("msrp.status", status));
        }
    }

    public static void MessageReceived(bool isWhole)
    {
        if (MessagesReceived.Enabled)
        {
            MessagesReceived.Add(1, new KeyValuePair<string, object?>("msrp.whole", isWhole));
        }
    }
}
