using System.Buffers;
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
    /// <summary>What a client is told to wait when this stack's limits are reached, in seconds.</summary>
    private const string OverloadRetryAfter = "5";

    // Timers that are due at once are done in portions, so that a burst does not hold the lock.
    private const int TimerPortion = 64;

    [ThreadStatic]
    private static MessageIndex? _index;

    private readonly TransactionPartition[] _partitions;
    private readonly SipLimits _limits;
    private readonly SipTimers _timers;
    private readonly SipTap? _tap;
    private readonly ILogger _log;
    private readonly WireLog _wire;
    private readonly int _maximumServers;
    private readonly Action<SipServerTransaction> _deliver;
    private readonly Func<string> _allow;
    private int _serverCount;

    public TransactionLayer(SipStackOptions options, Action<SipServerTransaction> deliver, Func<string> allow)
    {
        _limits = options.Limits;
        _timers = options.Timers;
        _tap = options.Tap;
        _log = options.LoggerFactory.CreateLogger(SipPushTelemetry.SipCategory);
        _wire = new WireLog(options.LoggerFactory);
        _maximumServers = options.MaximumServerTransactions;
        _deliver = deliver;
        _allow = allow;
        TrustDomain = options.TrustDomain;
        Identifiers = options.Identifiers;

        // More partitions than cores, so that two threads seldom want the same one.
        var count = (int)BitOperations.RoundUpToPowerOf2((uint)(4 * Environment.ProcessorCount));
        _partitions = new TransactionPartition[count];
        for (var i = 0; i < count; i++)
        {
            _partitions[i] = new TransactionPartition(this, options.TimeProvider, options.CompletedTransactionBytes / count);
        }
    }

    public TrustDomain TrustDomain { get; }

    public SipIdentifiers Identifiers { get; }

    public bool HasHandlersRunning => Array.Exists(_partitions, partition => Volatile.Read(ref partition.HandlersRunning) != 0);

    public override void Received(SipFlow flow, ReadOnlySpan<byte> message)
    {
        _tap?.Received(flow, message);
        _wire.Received(flow, message);

        var index = _index ??= new MessageIndex();
        var error = SipParser.Parse(message, _limits, index);

        if (error is SipParseError.Empty)
        {
            return;
        }

        if (index.IsRequest)
        {
            OnRequest(flow, message, index, error);
        }
        else
        {
            OnResponse(flow, message, index, error);
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
            Refuse(flow, head, index, via, error switch
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

        foreach (var partition in _partitions)
        {
            List<ClientTransaction>? lost = null;
            lock (partition.Gate)
            {
                foreach (var client in partition.Clients.Values)
                {
                    if (ReferenceEquals(client.Flow, flow))
                    {
                        (lost ??= []).Add(client);
                    }
                }
            }

            foreach (var client in lost ?? [])
            {
                Fail(client, reason ?? new IOException($"The connection {flow} was closed"));
            }
        }
    }

    /// <summary>Sends a request in a transaction of its own and waits for its end. Cancelling stops the retransmissions too.</summary>
    public ValueTask<SipTransactionResult> SendAsync(SipRequest request, SipFlow flow, string sentBy, CancellationToken cancellationToken)
    {
        if (cancellationToken.IsCancellationRequested)
        {
            return ValueTask.FromCanceled<SipTransactionResult>(cancellationToken);
        }

        var machine = new NonInviteClientTransaction(_timers, flow.Protocol.IsReliable());
        var client = new ClientTransaction(Identifiers.NextBranch(), machine, request, flow, sentBy);
        var partition = PartitionOf(client.Branch);

        lock (partition.Gate)
        {
            var effects = default(TransactionEffects);
            client.Machine.Start(ref effects);
            partition.Clients.Add(client.Branch, client);
            Do_NeedsGate(partition, client, ref effects, partition.Now);
        }

        var sending = SendRequestAsync(client, cancellationToken);
        return sending.IsCompletedSuccessfully && !cancellationToken.CanBeCanceled
            ? client.Completion
            : WaitForEndAsync(client, sending, cancellationToken);
    }

    /// <summary>Answers with a status and nothing more.</summary>
    public async ValueTask<bool> RespondAsync(SipServerTransaction server, int status, CancellationToken cancellationToken)
    {
        // What is provisional may be kept to be sent again, so it has to own its octets.
        if (status < 200 || PlainResponse.TryWrite(server.Request, status, Identifiers, out var length) is not { } octets)
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

    /// <summary>Of a final response the octets are read until the task has ended, those of a provisional one as long as the transaction lasts.</summary>
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

            // Repetitions are answered from the record by now, so the octets need not stay.
            if (isFinal)
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

    public void OnTimers(TransactionPartition partition)
    {
        var todo = new List<(object Owner, ClientEnd End, bool Send, ReadOnlyMemory<byte> Response)>();

        lock (partition.Gate)
        {
            var now = partition.Now;
            while (todo.Count < TimerPortion && partition.TryExpire_NeedsGate(now, out var owner, out var timer, out var due))
            {
                var effects = default(TransactionEffects);
                if (owner is ClientTransaction client)
                {
                    client.Machine.OnTimer(timer, ref effects);
                    var (end, send) = Do_NeedsGate(partition, client, ref effects, due);
                    todo.Add((client, end, send, default));
                }
                else if (owner is SipServerTransaction server)
                {
                    server.Machine.OnTimer(timer, ref effects);
                    todo.Add((server, ClientEnd.None, Do_NeedsGate(partition, server, ref effects, due), server.LastResponse));
                }
            }

            partition.Completed.RemoveExpired(now);
            partition.Rearm_NeedsGate(now);
        }

        foreach (var (owner, end, send, response) in todo)
        {
            if (owner is ClientTransaction client)
            {
                if (send)
                {
                    Resend(client);
                }
                Complete(client, end, null, null);
            }
            else if (send && owner is SipServerTransaction server)
            {
                Forget(SendResponseAsync(server, response, CancellationToken.None));
            }
        }
    }

    /// <summary>Ends what is under way: clients learn that the transport is gone.</summary>
    public void Stop()
    {
        foreach (var partition in _partitions)
        {
            ClientTransaction[] clients;
            lock (partition.Gate)
            {
                clients = [.. partition.Clients.Values];
            }

            foreach (var client in clients)
            {
                Fail(client, new IOException("The stack has stopped"));
            }

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
                clients += partition.Clients.Count;
                servers += partition.Servers.Count;
                completed += partition.Completed.Count;
                timers += partition.PendingTimers;
            }
        }

        return (clients, servers, completed, timers);
    }

    private TransactionPartition PartitionOf(UInt128 branch) => _partitions[(int)(uint)branch & (_partitions.Length - 1)];

    private TransactionPartition PartitionOf(ReadOnlySpan<byte> callId) => _partitions[OctetComparer.Hash(callId) & (_partitions.Length - 1)];

    private void OnRequest(SipFlow flow, ReadOnlySpan<byte> message, MessageIndex index, SipParseError error)
    {
        var method = message.Slice(index.MethodStart, index.MethodLength);
        if (!ViaReader.TryRead(index.Value(message, HeaderId.Via), out var via))
        {
            // Without a Via there is nobody to answer.
            SipLog.Malformed(_log, flow, SipParseError.Via);
            SipMetrics.Malformed.Add(1);
            return;
        }

        // An ACK is never answered, and there is no INVITE here that one could belong to (RFC 3261 §17.2.1).
        if (method.SequenceEqual("ACK"u8))
        {
            return;
        }

        var key = default(TransactionKey);
        if (error == SipParseError.None)
        {
            error = TransactionKey.TryCreate(message, index, via, out key);
        }

        if (error != SipParseError.None)
        {
            Refuse(flow, message, index, via, error);
            return;
        }

        using (key)
        {
            OnRequest(flow, message, index, via, key);
        }
    }

    private void OnRequest(SipFlow flow, ReadOnlySpan<byte> message, MessageIndex index, in ViaReader via, in TransactionKey key)
    {
        var partition = PartitionOf(key.CallId);
        var request = ReceivedVia.Copy(message, index, via, flow);

        // INVITE transactions are not kept: the refusal is the same for every repetition (RFC 3261 §8.2.7).
        if (request.Method == SipMethod.Invite)
        {
            Answer(flow, request, 405, null, key.Key, ("Allow", _allow()));
            return;
        }

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
            else if (Volatile.Read(ref _serverCount) >= _maximumServers)
            {
                refusal = 503;
            }
            else
            {
                var machine = new NonInviteServerTransaction(_timers, flow.Protocol.IsReliable());
                server = new SipServerTransaction(this, partition, machine, request, flow, key.Key.ToArray(), key.MergeKey.ToArray());
                partition.Servers.Add(server.Key, server);
                if (server.MergeKey.Length > 0)
                {
                    partition.Merged.Add(server.MergeKey, server);
                }
                Interlocked.Increment(ref _serverCount);

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
            Forget(SendOctetsAsync(flow, repeated, CancellationToken.None));
        }
        else if (refusal == 482)
        {
            SipLog.Merged(_log, flow, request.CallId);
            Answer(flow, request, 482, "Merged Request", key.Key);
        }
        else if (refusal == 503)
        {
            SipLog.Overloaded(_log, _maximumServers);
            Answer(flow, request, 503, null, key.Key, ("Retry-After", OverloadRetryAfter));
        }
    }

    private void OnResponse(SipFlow flow, ReadOnlySpan<byte> message, MessageIndex index, SipParseError error)
    {
        if (error != SipParseError.None || !ViaReader.TryRead(index.Value(message, HeaderId.Via), out var via))
        {
            SipLog.Malformed(_log, flow, error == SipParseError.None ? SipParseError.Via : error);
            SipMetrics.Malformed.Add(1);
            return;
        }

        if (!SentRequest.TryReadBranch(via.Branch, out var branch) || !CSeq.TrySplit(index.Value(message, HeaderId.CSeq), out _, out var method))
        {
            Stray(flow, index.Status);
            return;
        }

        var partition = PartitionOf(branch);
        ClientTransaction? client;
        ClientEnd end;

        lock (partition.Gate)
        {
            // The CSeq method must be the same too: a CANCEL shares its INVITE's branch (RFC 3261 §17.1.3).
            if (!partition.Clients.TryGetValue(branch, out client) || !System.Text.Ascii.Equals(method, client.Request.Method.Name))
            {
                client = null;
                end = ClientEnd.None;
            }
            else
            {
                var effects = default(TransactionEffects);
                client.Machine.OnResponse(index.Status, ref effects);
                (end, _) = Do_NeedsGate(partition, client, ref effects, partition.Now);
            }
        }

        if (client is null)
        {
            Stray(flow, index.Status);
        }
        else if (end == ClientEnd.Response && index.Status >= 200)
        {
            Complete(client, end, SipResponse.Copy(message, index), null);
        }
    }

    private void Stray(SipFlow flow, int status)
    {
        // A repeated answer looks the same as a stray one, and both are dropped (RFC 6026 §7.3).
        SipLog.Stray(_log, flow, status);
        SipMetrics.Strays.Add(1);
    }

    private static (ClientEnd End, bool Send) Do_NeedsGate(TransactionPartition partition, ClientTransaction client, ref TransactionEffects effects, TimeSpan now)
    {
        var end = ClientEnd.None;
        var send = false;

        foreach (ref readonly var effect in effects.AsSpan())
        {
            switch (effect.Kind)
            {
                case TransactionEffectKind.Send:
                    send = true;
                    break;

                case TransactionEffectKind.SetTimer when effect.Timer == TransactionTimer.E:
                    client.TimerE = partition.Schedule_NeedsGate(now + effect.Delay, now, client, TransactionTimer.E);
                    break;

                case TransactionEffectKind.SetTimer when effect.Timer == TransactionTimer.F:
                    client.TimerF = partition.Schedule_NeedsGate(now + effect.Delay, now, client, TransactionTimer.F);
                    break;

                // What timer K would absorb finds no transaction and is dropped just so; nothing needs to be kept for it.
                case TransactionEffectKind.SetTimer when effect.Timer == TransactionTimer.K:
                case TransactionEffectKind.Terminate:
                    partition.Cancel_NeedsGate(ref client.TimerE);
                    partition.Cancel_NeedsGate(ref client.TimerF);
                    partition.Clients.Remove(client.Branch);
                    break;

                case TransactionEffectKind.CancelTimer:
                    partition.Cancel_NeedsGate(ref effect.Timer == TransactionTimer.E ? ref client.TimerE : ref client.TimerF);
                    break;

                case TransactionEffectKind.DeliverResponse:
                    end = ClientEnd.Response;
                    break;

                case TransactionEffectKind.DeliverTimeout:
                    end = ClientEnd.Timeout;
                    break;

                case TransactionEffectKind.DeliverTransportError:
                    end = ClientEnd.TransportError;
                    break;
            }
        }

        return (end, send);
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

                case TransactionEffectKind.SetTimer when effect.Timer == TransactionTimer.Trying:
                    server.TryingTimer = partition.Schedule_NeedsGate(now + effect.Delay, now, server, TransactionTimer.Trying);
                    break;

                // From here on the machine would only repeat its answer until J: a record of the octets does that.
                case TransactionEffectKind.SetTimer when effect.Timer == TransactionTimer.J:
                    partition.Completed.Add(server.Key, server.MergeKey, server.LastResponse.Span, now + effect.Delay);
                    partition.ArmForLog_NeedsGate(now);
                    Remove(partition, server);
                    break;

                case TransactionEffectKind.Terminate:
                    Remove(partition, server);
                    break;

                case TransactionEffectKind.CancelTimer:
                    partition.Cancel_NeedsGate(ref server.TryingTimer);
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
        partition.Cancel_NeedsGate(ref server.TryingTimer);
        if (partition.Servers.Remove(server.Key))
        {
            Interlocked.Decrement(ref _serverCount);
        }

        if (server.MergeKey.Length > 0)
        {
            partition.Merged.Remove(server.MergeKey);
        }
    }

    private void Fail(ClientTransaction client, Exception error)
    {
        var partition = PartitionOf(client.Branch);
        ClientEnd end;
        lock (partition.Gate)
        {
            var effects = default(TransactionEffects);
            client.Machine.OnTransportError(ref effects);
            (end, _) = Do_NeedsGate(partition, client, ref effects, partition.Now);
        }

        Complete(client, end, null, error);
    }

    private void Cancel(ClientTransaction client, CancellationToken cancellationToken)
    {
        var partition = PartitionOf(client.Branch);
        lock (partition.Gate)
        {
            partition.Cancel_NeedsGate(ref client.TimerE);
            partition.Cancel_NeedsGate(ref client.TimerF);
            partition.Clients.Remove(client.Branch);
        }

        client.TryCancel(cancellationToken);
    }

    private static void Complete(ClientTransaction client, ClientEnd end, SipResponse? response, Exception? error)
    {
        switch (end)
        {
            case ClientEnd.Response when response is not null:
                client.TryEnd(new SipTransactionResult(SipTransactionOutcome.Answered, response));
                break;

            case ClientEnd.Timeout:
                client.TryEnd(new SipTransactionResult(SipTransactionOutcome.TimedOut));
                break;

            case ClientEnd.TransportError:
                client.TryEnd(new SipTransactionResult(SipTransactionOutcome.TransportFailed, null, error));
                break;

            default:
                return;
        }

        SipMetrics.ClientTransactionEnded(client.Request.Method, response?.StatusCode ?? 0);
    }

    private void Resend(ClientTransaction client)
    {
        SipMetrics.Retransmissions.Add(1);
        Forget(SendRequestAsync(client, CancellationToken.None));
    }

    private async ValueTask SendRequestAsync(ClientTransaction client, CancellationToken cancellationToken)
    {
        var (octets, length) = SentRequest.Write(client.Request, client.Flow.Protocol, client.SentBy, client.Branch);
        try
        {
            await SendOctetsAsync(client.Flow, octets.AsMemory(0, length), cancellationToken).ConfigureAwait(false);
        }
        catch (IOException error)
        {
            Fail(client, error);
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(octets);
        }
    }

    private async ValueTask<SipTransactionResult> WaitForEndAsync(ClientTransaction client, ValueTask sending, CancellationToken cancellationToken)
    {
        try
        {
            await sending.ConfigureAwait(false);
        }
        catch (OperationCanceledException)
        {
            Cancel(client, cancellationToken);
            throw;
        }

        await using var registration = cancellationToken.UnsafeRegister(
            static (state, token) =>
            {
                var (layer, client) = ((TransactionLayer, ClientTransaction))state!;
                layer.Cancel(client, token);
            },
            (this, client)).ConfigureAwait(false);
        return await client.Completion.ConfigureAwait(false);
    }

    private ValueTask SendOctetsAsync(SipFlow flow, ReadOnlyMemory<byte> octets, CancellationToken cancellationToken)
    {
        _tap?.Sending(flow, octets.Span);
        _wire.Sending(flow, octets.Span);
        return flow.Transport.SendAsync(flow, octets, cancellationToken);
    }

    private async ValueTask SendResponseAsync(SipServerTransaction server, ReadOnlyMemory<byte> octets, CancellationToken cancellationToken)
    {
        try
        {
            var flow = await ResponseRoute.FindAsync(server.Request, server.Flow, cancellationToken).ConfigureAwait(false);
            await SendOctetsAsync(flow, octets, cancellationToken).ConfigureAwait(false);
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

    private void Refuse(SipFlow flow, ReadOnlySpan<byte> message, MessageIndex index, in ViaReader via, SipParseError error)
    {
        SipLog.Malformed(_log, flow, error);
        SipMetrics.Malformed.Add(1);

        if (!message.Slice(index.MethodStart, index.MethodLength).SequenceEqual("ACK"u8))
        {
            // The body is no part of an answer, and may not be all there.
            index.BodyLength = 0;
            index.BodyStart = Math.Min(index.BodyStart, message.Length);
            Answer(flow, ReceivedVia.Copy(message, index, via, flow), error.Status(), error.Reason(), via.Value);
        }
    }

    // Answers without state (RFC 3261 §8.2.7): the tag follows from the request, so that repetitions get the same one.
    private void Answer(SipFlow flow, SipRequest request, int status, string? reason, ReadOnlySpan<byte> key, (string Name, string Value)? header = null)
    {
        var tag = OctetComparer.Hash(key).ToString("x8", System.Globalization.CultureInfo.InvariantCulture);
        using var builder = new SipResponseBuilder(request, status, tag, reason);
        if (header is { } extra)
        {
            builder.Add(extra.Name, extra.Value);
        }

        Forget(SendStatelessAsync(flow, request, builder.Build()));
    }

    private async ValueTask SendStatelessAsync(SipFlow flow, SipRequest request, SipResponse response)
    {
        try
        {
            var route = await ResponseRoute.FindAsync(request, flow, CancellationToken.None).ConfigureAwait(false);
            await SendOctetsAsync(route, response.Octets, CancellationToken.None).ConfigureAwait(false);
        }
        catch (IOException error)
        {
            SipLog.ResponseNotSent(_log, flow, error);
        }
    }

    // Sending completes at once unless a connection's queue is full, and then it is bounded by the transport's own time-out.
    private void Forget(ValueTask sending)
    {
        if (!sending.IsCompletedSuccessfully)
        {
            _ = Observe(sending);
        }

        async Task Observe(ValueTask task)
        {
            try
            {
                await task.ConfigureAwait(false);
            }
            catch (Exception error) when (error is IOException or OperationCanceledException or ObjectDisposedException)
            {
                SipLog.NotSent(_log, error);
            }
        }
    }

    private enum ClientEnd
    {
        None,
        Response,
        Timeout,
        TransportError,
    }
}
