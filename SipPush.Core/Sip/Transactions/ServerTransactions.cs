using System.Buffers;
using Microsoft.Extensions.Logging;
using SipPush.Diagnostics;
using SipPush.Sip.Parsing;

namespace SipPush.Sip.Transactions;

/// <summary>The driver's server half: matches requests to transactions, delivers new ones, and sends what their users answer.</summary>
internal sealed class ServerTransactions
{
    /// <summary>What a client is told to wait when this stack's limits are reached, in seconds.</summary>
    private const string OverloadRetryAfter = "5";

    // Whoever brings the overload about is not to fill the log as well.
    private static readonly TimeSpan OverloadLogInterval = TimeSpan.FromSeconds(5);

    private readonly TransactionPartition[] _partitions;
    private readonly SipTimers _timers;
    private readonly int _maximum;
    private readonly MessageSender _sender;
    private readonly ILogger _log;
    private readonly Action<SipServerTransaction> _deliver;
    private readonly Action<SipFlow, SipRequest> _deliverAck;
    private int _count;
    private long _overloadLogged = -OverloadLogInterval.Ticks;

    public ServerTransactions(TransactionPartition[] partitions, SipStackOptions options, MessageSender sender, ILogger log, Action<SipServerTransaction> deliver, Action<SipFlow, SipRequest> deliverAck)
    {
        _partitions = partitions;
        _timers = options.Timers;
        _maximum = options.MaximumServerTransactions;
        _sender = sender;
        _log = log;
        _deliver = deliver;
        _deliverAck = deliverAck;
        TrustDomain = options.TrustDomain;
        Identifiers = options.Identifiers;
    }

    public TrustDomain TrustDomain { get; }

    public SipIdentifiers Identifiers { get; }

    /// <summary>Answers with a status and nothing more.</summary>
    public async ValueTask<bool> RespondAsync(SipServerTransaction server, int status, CancellationToken cancellationToken)
    {
        // What may be kept to be sent again has to own its octets.
        if (status < 200 || server.IsInvite || PlainResponse.TryWrite(server.Request, status, Identifiers, out var length) is not { } octets)
        {
            using var builder = server.CreateResponse(status);
            return await RespondAsync(server, builder.Build(), cancellationToken).ConfigureAwait(false);
        }

        try
        {
            return await RespondAsync(server, status, octets.AsMemory(0, length), cancellationToken).ConfigureAwait(false);
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(octets);
        }
    }

    public ValueTask<bool> RespondAsync(SipServerTransaction server, SipResponse response, CancellationToken cancellationToken) =>
        RespondAsync(server, response.StatusCode, response.Octets, cancellationToken);

    /// <summary>
    /// The octets of a provisional response, and of any to an INVITE, are read as long as the transaction lasts; those of another final one
    /// until the task has ended.
    /// </summary>
    private async ValueTask<bool> RespondAsync(SipServerTransaction server, int status, ReadOnlyMemory<byte> octets, CancellationToken cancellationToken)
    {
        var partition = server.Partition;
        bool send;

        lock (partition.Gate)
        {
            var effects = default(TransactionEffects);
            if (!server.Machine.Respond(status, ref effects))
            {
                return false;
            }

            var isFinal = status >= 200;
            server.IsAnswered = isFinal;
            server.LastResponse = octets;
            send = Do_NeedsGate(partition, server, ref effects, partition.Now);

            // Repetitions are answered from the record by now, so the octets need not stay. Those of an INVITE with a 2xx are absorbed for
            // 64*T1, and its user holds the 2xx as long as it repeats it (RFC 6026 §7.1).
            if (isFinal && (status < 300 || !server.IsInvite))
            {
                server.LastResponse = default;
            }
        }

        if (send)
        {
            await SendResponseAsync(server, octets, cancellationToken).ConfigureAwait(false);
        }

        return true;
    }

    /// <summary>The tag of an answer that makes no state: it follows from the request, so that repetitions get the same one.</summary>
    public static string StatelessTag(ReadOnlySpan<byte> key) => OctetComparer.Hash(key).ToString("x8", System.Globalization.CultureInfo.InvariantCulture);

    /// <summary>Sends a refusal once and forgets the transaction: a repetition is refused anew, and the ACK finds nothing (RFC 3261 §8.2.7).</summary>
    public async ValueTask<bool> RefuseStatelesslyAsync(SipServerTransaction server, SipResponse refusal, CancellationToken cancellationToken)
    {
        lock (server.Partition.Gate)
        {
            if (server.IsAnswered)
            {
                return false;
            }

            server.IsAnswered = true;
            Remove(server.Partition, server);
        }

        await SendResponseAsync(server, refusal.Octets, cancellationToken).ConfigureAwait(false);
        return true;
    }

    public void OnRequest(SipFlow flow, ReadOnlySpan<byte> message, MessageIndex index, SipParseError error)
    {
        var method = message.Slice(index.MethodStart, index.MethodLength);
        if (!ViaReader.TryRead(index.Value(message, HeaderId.Via), out var via))
        {
            // Without a Via there is nobody to answer.
            SipLog.Malformed(_log, flow, SipParseError.Via);
            SipMetrics.Malformed.Add(1);
            return;
        }

        var key = default(TransactionKey);
        if (error == SipParseError.None)
        {
            error = TransactionKey.TryCreate(message, index, via, out key);
        }

        if (error == SipParseError.None && (error = RequestSyntax.Check(message, index)) != SipParseError.None)
        {
            key.Dispose();
        }

        if (error != SipParseError.None)
        {
            Refuse(flow, message, index, via, error);
            return;
        }

        using (key)
        {
            if (method.SequenceEqual("ACK"u8))
            {
                OnAck(flow, message, index, via, key);
            }
            else
            {
                OnRequest(flow, message, index, via, key);
            }
        }
    }

    private void OnRequest(SipFlow flow, ReadOnlySpan<byte> message, MessageIndex index, in ViaReader via, in TransactionKey key)
    {
        var partition = PartitionOf(key.CallId);
        var request = ReceivedVia.Copy(message, index, via, flow);
        SipServerTransaction? server = null;
        var repeated = default(ReadOnlyMemory<byte>);
        var refusal = 0;

        lock (partition.Gate)
        {
            var now = partition.Now;
            partition.Completed.RemoveExpired(now);

            if (partition.Servers.GetAlternateLookup<ReadOnlySpan<byte>>().TryGetValue(key.Key, out var known))
            {
                var effects = default(TransactionEffects);
                known.Machine.OnRequest(ref effects);
                if (Do_NeedsGate(partition, known, ref effects, now))
                {
                    repeated = known.LastResponse;
                }
                SipMetrics.Retransmissions.Add(1);
            }
            else if (partition.Completed.TryFind(key.Key, out var response))
            {
                repeated = response.ToArray();
                SipMetrics.Retransmissions.Add(1);
            }
            else if (!key.MergeKey.IsEmpty
                && (partition.Merged.GetAlternateLookup<ReadOnlySpan<byte>>().ContainsKey(key.MergeKey)
                    || partition.Completed.ContainsMerged(key.MergeKey, key.Key)))
            {
                refusal = 482;
            }
            else if (Volatile.Read(ref _count) >= _maximum)
            {
                refusal = 503;
            }
            else
            {
                ServerTransactionMachine machine = request.Method == SipMethod.Invite
                    ? new InviteServerTransaction(_timers, flow.Protocol.IsReliable())
                    : new NonInviteServerTransaction(_timers, flow.Protocol.IsReliable());
                server = new SipServerTransaction(this, partition, machine, request, flow, key.Key.ToArray(), key.MergeKey.ToArray());
                partition.Servers.Add(server.Key, server);
                if (server.MergeKey.Length > 0)
                {
                    partition.Merged.Add(server.MergeKey, server);
                }
                Interlocked.Increment(ref _count);

                var effects = default(TransactionEffects);
                machine.Start(ref effects);
                Do_NeedsGate(partition, server, ref effects, now);
            }
        }

        if (server is not null)
        {
            _deliver(server);
        }
        else if (!repeated.IsEmpty)
        {
            _sender.Forget(SendStatelessAsync(flow, request, repeated));
        }
        else if (refusal == 482)
        {
            SipLog.Merged(_log, flow, request.CallId);
            Answer(flow, request, 482, "Merged Request", key.Key);
        }
        else if (refusal == 503)
        {
            LogOverload(partition.Now);
            Answer(flow, request, 503, null, key.Key, ("Retry-After", OverloadRetryAfter));
        }
    }

    private void LogOverload(TimeSpan now)
    {
        var logged = Volatile.Read(ref _overloadLogged);
        if (now.Ticks - logged >= OverloadLogInterval.Ticks && Interlocked.CompareExchange(ref _overloadLogged, now.Ticks, logged) == logged)
        {
            SipLog.Overloaded(_log, _maximum);
        }
    }

    /// <summary>The ACK of a 300–699 ends its INVITE's transaction; that of a 2xx is its user's.</summary>
    private void OnAck(SipFlow flow, ReadOnlySpan<byte> message, MessageIndex index, in ViaReader via, in TransactionKey key)
    {
        var partition = PartitionOf(key.CallId);
        var isForUser = true;

        lock (partition.Gate)
        {
            if (partition.Servers.GetAlternateLookup<ReadOnlySpan<byte>>().TryGetValue(key.Key, out var known) && known.Machine is InviteServerTransaction machine)
            {
                var effects = default(TransactionEffects);
                machine.OnAck(ref effects);
                isForUser = machine.State == InviteServerTransactionState.Accepted;
                Do_NeedsGate(partition, known, ref effects, partition.Now);
            }
        }

        if (isForUser)
        {
            _deliverAck(flow, ReceivedVia.Copy(message, index, via, flow));
        }
    }

    /// <summary>The INVITE that a CANCEL is for; null when there is none (RFC 3261 §9.2).</summary>
    public static SipServerTransaction? FindInvite(SipServerTransaction cancel)
    {
        lock (cancel.Partition.Gate)
        {
            return cancel.Partition.Servers.GetValueOrDefault(TransactionKey.OfInvite(cancel.Key));
        }
    }

    /// <returns>True when the last response is to be sent.</returns>
    private bool Do_NeedsGate(TransactionPartition partition, SipServerTransaction server, ref TransactionEffects effects, TimeSpan now)
    {
        var send = false;

        foreach (ref readonly var effect in effects.AsSpan())
        {
            switch (effect.Kind)
            {
                case TransactionEffectKind.Send:
                    send = true;
                    break;

                case TransactionEffectKind.CreateTrying:
                    server.LastResponse = CreateTrying(server);
                    break;

                case TransactionEffectKind.SetTimer when effect.Timer is TransactionTimer.Trying or TransactionTimer.G:
                    server.RepeatTimer = partition.Schedule_NeedsGate(now + effect.Delay, now, server, effect.Timer);
                    break;

                // From here on the machine would only repeat its answer until J: a record of the octets does that.
                case TransactionEffectKind.SetTimer when effect.Timer == TransactionTimer.J:
                    partition.Completed.Add(server.Key, server.MergeKey, server.LastResponse.Span, now + effect.Delay);
                    partition.ArmForLog_NeedsGate(now);
                    Remove(partition, server);
                    break;

                // Accepted only absorbs repetitions, and its user has the session to count: 64*T1 of calls are not under way at once.
                case TransactionEffectKind.SetTimer when effect.Timer == TransactionTimer.L:
                    server.EndTimer = partition.Schedule_NeedsGate(now + effect.Delay, now, server, effect.Timer);
                    Uncount(server);
                    break;

                case TransactionEffectKind.SetTimer:
                    server.EndTimer = partition.Schedule_NeedsGate(now + effect.Delay, now, server, effect.Timer);
                    break;

                case TransactionEffectKind.Terminate:
                    Remove(partition, server);
                    break;

                case TransactionEffectKind.CancelTimer:
                    partition.Cancel_NeedsGate(ref effect.Timer is TransactionTimer.Trying or TransactionTimer.G ? ref server.RepeatTimer : ref server.EndTimer);
                    break;

                case TransactionEffectKind.DeliverTimeout:
                    SipLog.NoAck(_log, server.Flow);
                    break;
            }
        }

        return send;
    }

    private static byte[] CreateTrying(SipServerTransaction server)
    {
        using var builder = server.CreateResponse(100);
        return builder.Build().OwnedOctets;
    }

    private void Remove(TransactionPartition partition, SipServerTransaction server)
    {
        partition.Cancel_NeedsGate(ref server.RepeatTimer);
        partition.Cancel_NeedsGate(ref server.EndTimer);
        if (partition.Servers.Remove(server.Key))
        {
            Uncount(server);
        }

        if (server.MergeKey.Length > 0)
        {
            partition.Merged.Remove(server.MergeKey);
        }
    }

    private void Uncount(SipServerTransaction server)
    {
        if (server.IsCounted)
        {
            server.IsCounted = false;
            Interlocked.Decrement(ref _count);
        }
    }

    private async ValueTask SendResponseAsync(SipServerTransaction server, ReadOnlyMemory<byte> octets, CancellationToken cancellationToken)
    {
        try
        {
            var flow = await ResponseRoute.FindAsync(server.Request, server.Flow, cancellationToken).ConfigureAwait(false);
            await _sender.SendAsync(flow, octets, cancellationToken).ConfigureAwait(false);
        }
        catch (IOException error)
        {
            // The transaction stays: the client will ask again (RFC 6026 §7.1).
            SipLog.ResponseNotSent(_log, server.Flow, error);
            var effects = default(TransactionEffects);
            lock (server.Partition.Gate)
            {
                server.Machine.OnTransportError(ref effects);
            }
        }
    }

    public void Refuse(SipFlow flow, ReadOnlySpan<byte> message, MessageIndex index, in ViaReader via, SipParseError error)
    {
        SipLog.Malformed(_log, flow, error);
        SipMetrics.Malformed.Add(1);

        if (!message.Slice(index.MethodStart, index.MethodLength).SequenceEqual("ACK"u8))
        {
            // The body is no part of an answer, and may not be all there.
            index.BodyLength = 0;
            index.BodyStart = Math.Min(index.BodyStart, message.Length);
            var request = ReceivedVia.Copy(message, index, via, flow);

            // Of a method that is unknown here nobody can say how its CSeq should look (RFC 4475 §3.1.2.18).
            if (error == SipParseError.CSeq && !request.Method.IsKnown)
            {
                Answer(flow, request, 501, null, via.Value);
                return;
            }

            Answer(flow, request, error.Status(), error.Reason(), via.Value);
        }
    }

    // Answers without state (RFC 3261 §8.2.7): the tag follows from the request, so that repetitions get the same one.
    private void Answer(SipFlow flow, SipRequest request, int status, string? reason, ReadOnlySpan<byte> key, (string Name, string Value)? header = null)
    {
        using var builder = new SipResponseBuilder(request, status, StatelessTag(key), reason);
        if (header is { } extra)
        {
            builder.Add(extra.Name, extra.Value);
        }

        _sender.Forget(SendStatelessAsync(flow, request, builder.Build().Octets));
    }

    private async ValueTask SendStatelessAsync(SipFlow flow, SipRequest request, ReadOnlyMemory<byte> octets)
    {
        try
        {
            var route = await ResponseRoute.FindAsync(request, flow, CancellationToken.None).ConfigureAwait(false);
            await _sender.SendAsync(route, octets, CancellationToken.None).ConfigureAwait(false);
        }
        catch (IOException error)
        {
            SipLog.ResponseNotSent(_log, flow, error);
        }
    }

    /// <summary>A timer has run out; the octets to send outside the lock, by <see cref="AfterTimer"/>; empty for none.</summary>
    public ReadOnlyMemory<byte> OnTimer_NeedsGate(TransactionPartition partition, SipServerTransaction server, TransactionTimer timer, TimeSpan due)
    {
        var effects = default(TransactionEffects);
        server.Machine.OnTimer(timer, ref effects);
        return Do_NeedsGate(partition, server, ref effects, due) ? server.LastResponse : default;
    }

    public void AfterTimer(SipServerTransaction server, ReadOnlyMemory<byte> response)
    {
        if (!response.IsEmpty)
        {
            _sender.Forget(SendResponseAsync(server, response, CancellationToken.None));
        }
    }

    private TransactionPartition PartitionOf(ReadOnlySpan<byte> callId) => _partitions[OctetComparer.Hash(callId) & (_partitions.Length - 1)];
}
