using System.Buffers;
using Microsoft.Extensions.Logging;
using SipPush.Diagnostics;
using SipPush.Sip.Parsing;

namespace SipPush.Sip.Transactions;

/// <summary>The driver's client half: starts transactions, matches responses to them by branch, and ends them.</summary>
internal sealed class ClientTransactions(TransactionPartition[] partitions, SipTimers timers, SipIdentifiers identifiers, MessageSender sender, ILogger log)
{
    private const string StoppedMessage = "The stack has stopped";

    private volatile bool _isStopped;

    /// <summary>Sends a request other than INVITE in a transaction of its own and waits for its end. Cancelling stops the retransmissions too.</summary>
    public ValueTask<SipTransactionResult> SendAsync(SipRequest request, SipFlow flow, string sentBy, CancellationToken cancellationToken)
    {
        if (request.Method == SipMethod.Invite || request.Method == SipMethod.Ack)
        {
            throw new ArgumentException($"{request.Method} has other ways to be sent", nameof(request));
        }

        if (cancellationToken.IsCancellationRequested)
        {
            return ValueTask.FromCanceled<SipTransactionResult>(cancellationToken);
        }

        var machine = new NonInviteClientTransaction(timers, flow.Protocol.IsReliable());
        var client = new PendingRequest(identifiers.NextBranch(), machine, request, flow, sentBy);
        if (!TryStart(client))
        {
            return ValueTask.FromResult(Stopped());
        }

        var sending = SendRequestAsync(client, cancellationToken);
        return sending.IsCompletedSuccessfully && !cancellationToken.CanBeCanceled
            ? client.Completion
            : WaitForEndAsync(client, sending, cancellationToken);
    }

    /// <summary>
    /// Sends an INVITE and waits for its first final response, or for the end without one. <paramref name="received"/> hears of every response
    /// from 101 on, see <see cref="PendingInvite"/>. Cancelling ends the waiting at once; the CANCEL goes out as soon as it may.
    /// </summary>
    public async ValueTask<SipTransactionResult> SendInviteAsync(SipRequest invite, SipFlow flow, string sentBy, Action<SipResponse> received, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();

        var client = CreateInvite(invite, flow, sentBy, received);
        if (!TryStart(client))
        {
            return Stopped();
        }

        await SendRequestAsync(client, CancellationToken.None).ConfigureAwait(false);
        try
        {
            return await client.Completion.WaitAsync(cancellationToken).ConfigureAwait(false);
        }
        catch (OperationCanceledException)
        {
            // Not by a registration on the token: the wait's own comes first, and leaving would take the other back unheard.
            GiveUp(client);
            throw;
        }
    }

    /// <summary>As above, for who has the transaction in hand: it ends by itself, or after <see cref="GiveUp"/>.</summary>
    public async ValueTask<SipTransactionResult> SendInviteAsync(PendingInvite client)
    {
        if (!TryStart(client))
        {
            return Stopped();
        }

        await SendRequestAsync(client, CancellationToken.None).ConfigureAwait(false);
        return await client.Completion.ConfigureAwait(false);
    }

    /// <summary>The transaction of an INVITE, to be sent; with <paramref name="over"/> also one that timer C ends.</summary>
    public PendingInvite CreateInvite(SipRequest invite, SipFlow flow, string sentBy, Action<SipResponse> received, Action? over = null) =>
        new(identifiers.NextBranch(), new InviteClientTransaction(timers, flow.Protocol.IsReliable()), invite, flow, sentBy, received)
        {
            Over = over,
            RingLimit = over is null ? null : timers.C,
        };

    /// <summary>Sends the ACK of a 2xx, which has a branch of its own and no transaction (RFC 3261 §13.2.2.4).</summary>
    /// <returns>The octets as sent, which answer the repetitions of that 2xx.</returns>
    public async ValueTask<ReadOnlyMemory<byte>> SendAckAsync(SipRequest ack, SipFlow flow, string sentBy)
    {
        var octets = Write(ack, flow, sentBy, identifiers.NextBranch());
        await sender.SendAsync(flow, octets, CancellationToken.None).ConfigureAwait(false);
        return octets;
    }

    public void OnResponse(SipFlow flow, ReadOnlySpan<byte> message, MessageIndex index, SipParseError error)
    {
        if (error != SipParseError.None || !ViaReader.TryRead(index.Value(message, HeaderId.Via), out var via))
        {
            SipLog.Malformed(log, flow, error == SipParseError.None ? SipParseError.Via : error);
            SipMetrics.Malformed.Add(1);
            return;
        }

        if (!SentRequest.TryReadBranch(via.Branch, out var branch) || !CSeq.TrySplit(index.Value(message, HeaderId.CSeq), out _, out var method))
        {
            Stray(flow, index.Status);
            return;
        }

        var partition = PartitionOf(branch);
        var vias = ViaReader.Count(message, index.Entries.AsSpan(0, index.Count));
        ClientTransaction? client;
        var step = ClientStep.None;

        lock (partition.Gate)
        {
            // The CSeq method must be the same too: a CANCEL shares its INVITE's branch (RFC 3261 §17.1.3). With more Vias than the
            // request went out with, it was for somebody else (§8.1.3.3).
            var clients = method.SequenceEqual("CANCEL"u8) ? partition.Cancels : partition.Clients;
            if (!clients.TryGetValue(branch, out client)
                || !System.Text.Ascii.Equals(method, client.Request.Method.Name)
                || (vias > 1 && vias > 1 + ViaReader.Count(client.Request.Octets.Span, client.Request.Entries)))
            {
                client = null;
            }
            else
            {
                var effects = default(TransactionEffects);
                var now = partition.Now;
                var isFirst = !client.WasProvisional;
                client.WasProvisional |= index.Status < 200;
                client.Machine.OnResponse(index.Status, ref effects);
                step = Do_NeedsGate(partition, client, ref effects, now);
                if (isFirst || index.Status > 100)
                {
                    SetTimerC_NeedsGate(partition, client, now);
                }
            }
        }

        if (client is null)
        {
            Stray(flow, index.Status);
            return;
        }

        var isHeard = step.End == ClientEnd.Response && (index.Status >= 200 || client.HearsProvisional);
        var response = isHeard || step.SendAck ? SipResponse.Copy(message, index) : null;
        AfterStep(client, step, response);
    }

    private void Stray(SipFlow flow, int status)
    {
        // A repeated answer looks the same as a stray one, and both are dropped (RFC 6026 §7.3).
        SipLog.Stray(log, flow, status);
        SipMetrics.Strays.Add(1);
    }

    // False once the stack has stopped: nobody would fail the transaction then.
    private bool TryStart(ClientTransaction client)
    {
        var partition = PartitionOf(client.Branch);
        lock (partition.Gate)
        {
            if (_isStopped)
            {
                return false;
            }

            var effects = default(TransactionEffects);
            client.Machine.Start(ref effects);
            Table(partition, client).Add(client.Branch, client);
            Do_NeedsGate(partition, client, ref effects, partition.Now);
            return true;
        }
    }

    private static SipTransactionResult Stopped() =>
        new(SipTransactionOutcome.TransportFailed, null, new IOException(StoppedMessage));

    private ClientStep Do_NeedsGate(TransactionPartition partition, ClientTransaction client, ref TransactionEffects effects, TimeSpan now)
    {
        var end = ClientEnd.None;
        bool send = false, sendAck = false;

        foreach (ref readonly var effect in effects.AsSpan())
        {
            switch (effect.Kind)
            {
                case TransactionEffectKind.Send:
                    send = true;
                    break;

                case TransactionEffectKind.SendAck:
                    sendAck = true;
                    break;

                // What timer K would absorb finds no transaction and is dropped just so; nothing needs to be kept for it.
                case TransactionEffectKind.SetTimer when effect.Timer == TransactionTimer.K:
                case TransactionEffectKind.Terminate:
                    Remove_NeedsGate(partition, client);
                    break;

                case TransactionEffectKind.SetTimer when effect.Timer is TransactionTimer.A or TransactionTimer.E:
                    client.RepeatTimer = partition.Schedule_NeedsGate(now + effect.Delay, now, client, effect.Timer);
                    break;

                case TransactionEffectKind.SetTimer:
                    partition.Cancel_NeedsGate(ref client.EndTimer);
                    client.EndTimer = partition.Schedule_NeedsGate(now + effect.Delay, now, client, effect.Timer);
                    break;

                case TransactionEffectKind.CancelTimer:
                    partition.Cancel_NeedsGate(ref effect.Timer is TransactionTimer.A or TransactionTimer.E ? ref client.RepeatTimer : ref client.EndTimer);
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

        return new ClientStep(end, send, sendAck, MayCancel_NeedsGate(partition, client, now));
    }

    // CANCEL is sent once there has been a provisional response and no final one. An INVITE that is still not answered 64*T1 later
    // is taken for cancelled: no timer of its machine would end it (RFC 3261 §9.1).
    private bool MayCancel_NeedsGate(TransactionPartition partition, ClientTransaction client, TimeSpan now)
    {
        if (client is not PendingInvite { IsGivenUp: true, IsCancelled: false, Machine: InviteClientTransaction { State: InviteClientTransactionState.Proceeding } } invite)
        {
            return false;
        }

        invite.IsCancelled = true;
        partition.Cancel_NeedsGate(ref invite.EndTimer);
        invite.EndTimer = partition.Schedule_NeedsGate(now + timers.TransactionTimeout, now, invite, TransactionTimer.B);
        return true;
    }

    // A 100 says nothing of the callee, so only the first thing that comes may be one (RFC 3261 §16.7 step 2).
    private static void SetTimerC_NeedsGate(TransactionPartition partition, ClientTransaction client, TimeSpan now)
    {
        if (client is PendingInvite { RingLimit: { } limit, IsCancelled: false, Machine: InviteClientTransaction { State: InviteClientTransactionState.Proceeding } })
        {
            partition.Cancel_NeedsGate(ref client.EndTimer);
            client.EndTimer = partition.Schedule_NeedsGate(now + limit, now, client, TransactionTimer.C);
        }
    }

    /// <summary>Cancels an INVITE, now or with its first provisional response; it ends with its final response, or 64*T1 after the CANCEL.</summary>
    public void GiveUp(PendingInvite invite)
    {
        var partition = PartitionOf(invite.Branch);
        bool sendCancel;
        lock (partition.Gate)
        {
            invite.IsGivenUp = true;
            sendCancel = MayCancel_NeedsGate(partition, invite, partition.Now);
        }

        if (sendCancel)
        {
            sender.Forget(SendCancelAsync(invite));
        }
    }

    private async ValueTask SendCancelAsync(PendingInvite invite)
    {
        var cancel = new PendingRequest(
            invite.Branch, new NonInviteClientTransaction(timers, invite.Flow.Protocol.IsReliable()), InviteRequests.CreateCancel(invite.Request), invite.Flow, invite.SentBy);
        if (TryStart(cancel))
        {
            await SendRequestAsync(cancel, CancellationToken.None).ConfigureAwait(false);
        }
    }

    private async ValueTask SendAckAsync(PendingInvite invite, SipResponse refusal)
    {
        // Two threads may both write the first one; they write the same octets.
        var ack = invite.Ack ??= Write(InviteRequests.CreateAck(invite.Request, refusal), invite.Flow, invite.SentBy, invite.Branch);

        try
        {
            await sender.SendAsync(invite.Flow, ack, CancellationToken.None).ConfigureAwait(false);
        }
        catch (IOException error)
        {
            Fail(invite, error);
        }
    }

    private static byte[] Write(SipRequest request, SipFlow flow, string sentBy, UInt128 branch)
    {
        var (rented, length) = SentRequest.Write(request, flow.Protocol, sentBy, branch);
        var octets = rented.AsSpan(0, length).ToArray();
        ArrayPool<byte>.Shared.Return(rented);
        return octets;
    }

    private void Fail(ClientTransaction client, Exception error)
    {
        var partition = PartitionOf(client.Branch);
        ClientStep step;
        lock (partition.Gate)
        {
            var effects = default(TransactionEffects);
            client.Machine.OnTransportError(ref effects);
            step = Do_NeedsGate(partition, client, ref effects, partition.Now);
        }

        AfterStep(client, step, null, error);
    }

    private void Cancel(PendingRequest client, CancellationToken cancellationToken)
    {
        var partition = PartitionOf(client.Branch);
        lock (partition.Gate)
        {
            Remove_NeedsGate(partition, client);
        }

        client.TryCancel(cancellationToken);
    }

    // A repetition of the request by its timer is counted and sent here; the first sending is awaited by whoever starts it.
    private void AfterStep(ClientTransaction client, in ClientStep step, SipResponse? response, Exception? error = null)
    {
        if (step.SendAck)
        {
            sender.Forget(SendAckAsync((PendingInvite)client, response!));
        }

        if (step.SendCancel)
        {
            sender.Forget(SendCancelAsync((PendingInvite)client));
        }

        switch (step.End)
        {
            case ClientEnd.Response when response is not null:
                client.OnResponse(response);
                break;

            case ClientEnd.Timeout:
                client.OnEnd(new SipTransactionResult(SipTransactionOutcome.TimedOut) { WasProvisional = client.WasProvisional });
                break;

            case ClientEnd.TransportError:
                client.OnEnd(new SipTransactionResult(SipTransactionOutcome.TransportFailed, null, error));
                break;

            case ClientEnd.Over:
                client.OnOver();
                break;
        }
    }

    private async ValueTask SendRequestAsync(ClientTransaction client, CancellationToken cancellationToken)
    {
        var (octets, length) = SentRequest.Write(client.Request, client.Flow.Protocol, client.SentBy, client.Branch);
        try
        {
            await sender.SendAsync(client.Flow, octets.AsMemory(0, length), cancellationToken).ConfigureAwait(false);
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

    private async ValueTask<SipTransactionResult> WaitForEndAsync(PendingRequest client, ValueTask sending, CancellationToken cancellationToken)
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
                var (transactions, client) = ((ClientTransactions, PendingRequest))state!;
                transactions.Cancel(client, token);
            },
            (this, client)).ConfigureAwait(false);
        return await client.Completion.ConfigureAwait(false);
    }

    /// <summary>A timer has run out; what is to be done outside the lock is for <see cref="AfterTimer"/>.</summary>
    public ClientStep OnTimer_NeedsGate(TransactionPartition partition, ClientTransaction client, TransactionTimer timer, TimeSpan due)
    {
        if (timer == TransactionTimer.B && client is PendingInvite { IsCancelled: true })
        {
            Remove_NeedsGate(partition, client);
            return ClientStep.None with { End = ClientEnd.Timeout };
        }

        if (timer == TransactionTimer.C && client is PendingInvite ringing)
        {
            ringing.IsGivenUp = true;
            return ClientStep.None with { SendCancel = MayCancel_NeedsGate(partition, client, due) };
        }

        var effects = default(TransactionEffects);
        client.Machine.OnTimer(timer, ref effects);
        var step = Do_NeedsGate(partition, client, ref effects, due);
        return timer == TransactionTimer.M ? step with { End = ClientEnd.Over } : step;
    }

    public void AfterTimer(ClientTransaction client, in ClientStep step)
    {
        if (step.Send)
        {
            SipMetrics.Retransmissions.Add(1);
            sender.Forget(SendRequestAsync(client, CancellationToken.None));
        }

        AfterStep(client, step, null);
    }

    /// <summary>Fails all, and begins no more.</summary>
    public void Stop()
    {
        _isStopped = true;
        FailAll(_ => true, new IOException(StoppedMessage));

        // What has had its 2xx does not fail any more.
        foreach (var partition in partitions)
        {
            ClientTransaction[] accepted;
            lock (partition.Gate)
            {
                accepted = [.. partition.Clients.Values];
            }

            foreach (var client in accepted)
            {
                client.OnOver();
            }
        }
    }

    /// <summary>Fails those for which <paramref name="condition"/> holds.</summary>
    public void FailAll(Func<ClientTransaction, bool> condition, Exception error)
    {
        foreach (var partition in partitions)
        {
            List<ClientTransaction>? failed = null;
            lock (partition.Gate)
            {
                foreach (var client in partition.Clients.Values.Concat(partition.Cancels.Values))
                {
                    if (condition(client))
                    {
                        (failed ??= []).Add(client);
                    }
                }
            }

            foreach (var client in failed ?? [])
            {
                Fail(client, error);
            }
        }
    }

    private static void Remove_NeedsGate(TransactionPartition partition, ClientTransaction client)
    {
        partition.Cancel_NeedsGate(ref client.RepeatTimer);
        partition.Cancel_NeedsGate(ref client.EndTimer);
        Table(partition, client).Remove(client.Branch);
    }

    private static Dictionary<UInt128, ClientTransaction> Table(TransactionPartition partition, ClientTransaction client) =>
        client.Request.Method == SipMethod.Cancel ? partition.Cancels : partition.Clients;

    private TransactionPartition PartitionOf(UInt128 branch) => partitions[(int)(uint)branch & (partitions.Length - 1)];
}
