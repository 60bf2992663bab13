using System.Numerics;
using Microsoft.Extensions.Logging;
using SipPush.Diagnostics;
using SipPush.Sip.Parsing;

namespace SipPush.Sip.Transactions;

/// <summary>
/// The driver: it alone sees transactions, transports and the clock together. The thread that has received a message takes it
/// to its partition, steps the machine under that partition's lock and does what the machine asked for outside it.
/// </summary>
internal sealed class TransactionLayer : SipTransportReceiver
{
    // Timers that are due at once are done in portions, so that a burst does not hold the lock.
    private const int TimerPortion = 64;

    [ThreadStatic]
    private static MessageIndex? _index;

    private readonly TransactionPartition[] _partitions;
    private readonly SipLimits _limits;
    private readonly SipProfile _profile;
    private readonly SipTap? _tap;
    private readonly ILogger _log;
    private readonly WireLog _wire;
    private readonly ClientTransactions _clients;
    private readonly ServerTransactions _servers;

    /// <param name="options">What the stack is made of.</param>
    /// <param name="deliver">Takes each new request.</param>
    /// <param name="deliverAck">Takes each ACK that no refusal has waited for: it belongs to a 2xx.</param>
    public TransactionLayer(SipStackOptions options, Action<SipServerTransaction> deliver, Action<SipFlow, SipRequest> deliverAck)
    {
        _limits = options.Limits;
        _profile = options.Profile;
        _tap = options.Tap;
        _log = options.LoggerFactory.CreateLogger(SipPushTelemetry.SipCategory);
        _wire = new WireLog(options.LoggerFactory);

        // More partitions than cores, so that two threads seldom want the same one.
        var count = (int)BitOperations.RoundUpToPowerOf2((uint)(4 * Environment.ProcessorCount));
        _partitions = new TransactionPartition[count];
        for (var i = 0; i < count; i++)
        {
            _partitions[i] = new TransactionPartition(this, options.TimeProvider, options.CompletedTransactionBytes / count);
        }

        Sender = new MessageSender(_tap, _wire, _log);
        _clients = new ClientTransactions(_partitions, options.Timers, options.Identifiers, Sender, _log);
        _servers = new ServerTransactions(_partitions, options, Sender, _log, deliver, deliverAck);
    }

    public bool HasHandlersRunning => Array.Exists(_partitions, partition => Volatile.Read(ref partition.HandlersRunning) != 0);

    public override void Received(SipFlow flow, ReadOnlySpan<byte> message)
    {
        _tap?.Received(flow, message);
        _wire.Received(flow, message);

        if (_profile == SipProfile.Lenient && LenientRepair.TryRepair(message, _limits, !flow.Protocol.IsReliable(), out var repairs) is { } repaired)
        {
            SipLog.Repaired(_log, flow, repairs);
            message = repaired;
        }

        var index = _index ??= new MessageIndex();
        var error = SipParser.Parse(message, _limits, index);

        if (error is SipParseError.Empty)
        {
            return;
        }

        if (index.IsRequest)
        {
            _servers.OnRequest(flow, message, index, error);
        }
        else
        {
            _clients.OnResponse(flow, message, index, error);
        }
    }

    public override void Unframeable(SipFlow flow, ReadOnlySpan<byte> head, SipFramingError error)
    {
        _wire.Received(flow, head);
        SipLog.Unframeable(_log, flow, error);

        var index = _index ??= new MessageIndex();
        SipParser.Parse(head, _limits, index);
        if (index.IsRequest && ViaReader.TryRead(index.Value(head, HeaderId.Via), out var via))
        {
            _servers.Refuse(flow, head, index, via, error switch
            {
                SipFramingError.HeaderSectionTooLarge => SipParseError.HeaderSection,
                SipFramingError.BodyTooLarge => SipParseError.BodyTooLarge,
                _ => SipParseError.ContentLength,
            });
        }
    }

    /// <summary>A lost connection fails its client transactions at once; answers that still come find another way (RFC 3261 §18.2.2).</summary>
    public override void Closed(SipFlow flow, Exception? reason)
    {
        SipLog.FlowClosed(_log, flow, reason);
        flow.SetEnded(reason);
        _clients.FailAll(client => ReferenceEquals(client.Flow, flow), reason ?? new IOException($"The connection {flow} was closed"));
    }

    public MessageSender Sender { get; }

    public ClientTransactions Clients => _clients;

    public ServerTransactions Servers => _servers;

    public void OnTimers(TransactionPartition partition)
    {
        var clients = new List<(ClientTransaction Client, ClientStep Step)>();
        var servers = new List<(SipServerTransaction Server, ReadOnlyMemory<byte> Response)>();

        lock (partition.Gate)
        {
            var now = partition.Now;
            while (clients.Count + servers.Count < TimerPortion && partition.TryExpire_NeedsGate(now, out var owner, out var timer, out var due))
            {
                if (owner is ClientTransaction client)
                {
                    clients.Add((client, _clients.OnTimer_NeedsGate(partition, client, timer, due)));
                }
                else if (owner is SipServerTransaction server)
                {
                    servers.Add((server, _servers.OnTimer_NeedsGate(partition, server, timer, due)));
                }
            }

            partition.Completed.RemoveExpired(now);
            partition.Rearm_NeedsGate(now);
        }

        foreach (var (client, step) in clients)
        {
            _clients.AfterTimer(client, step);
        }

        foreach (var (server, response) in servers)
        {
            _servers.AfterTimer(server, response);
        }
    }

    /// <summary>Ends what is under way: clients learn that the transport is gone.</summary>
    public void Stop()
    {
        _clients.Stop();
        foreach (var partition in _partitions)
        {
            partition.Dispose();
        }
    }

    /// <summary>What the layer holds now, for tests and gauges.</summary>
    public (int Clients, int Servers, int Completed, int Timers) Count()
    {
        var (clients, servers, completed, timers) = (0, 0, 0, 0);
        foreach (var partition in _partitions)
        {
            lock (partition.Gate)
            {
                clients += partition.Clients.Count + partition.Cancels.Count;
                servers += partition.Servers.Count;
                completed += partition.Completed.Count;
                timers += partition.PendingTimers;
            }
        }

        return (clients, servers, completed, timers);
    }
}
