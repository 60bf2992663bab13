using System.Buffers;
using Microsoft.Extensions.Logging;
using SipPush.Diagnostics;
using SipPush.Sip.Parsing;

namespace SipPush.Sip.Transactions;

/// <summary>The driver's client half: starts transactions, matches responses to them by branch, and ends them.</summary>
internal sealed class ClientTransactions(TransactionPartition[] partitions, SipTimers timers, SipIdentifiers identifiers, MessageSender sender, ILogger log)
{
    /// <summary>Sends a request in a transaction of its own and waits for its end. Cancelling stops the retransmissions too.</summary>
    public ValueTask<SipTransactionResult> SendAsync(SipRequest request, SipFlow flow, string sentBy, CancellationToken cancellationToken)
    {
        if (cancellationToken.IsCancellationRequested)
        {
            return ValueTask.FromCanceled<SipTransactionResult>(cancellationToken);
        }

        var machine = new NonInviteClientTransaction(timers, flow.Protocol.IsReliable());
        var client = new ClientTransaction(identifiers.NextBranch(), machine, request, flow, sentBy);
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
        ClientEnd end;

        lock (partition.Gate)
        {
            // The CSeq method must be the same too: a CANCEL shares its INVITE's branch (RFC 3261 §17.1.3). With more Vias than the
            // request went out with, it was for somebody else (§8.1.3.3).
            if (!partition.Clients.TryGetValue(branch, out client)
                || !System.Text.Ascii.Equals(method, client.Request.Method.Name)
                || (vias > 1 && vias > 1 + ViaReader.Count(client.Request.Octets.Span, client.Request.Entries)))
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
        SipLog.Stray(log, flow, status);
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

    public void Fail(ClientTransaction client, Exception error)
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
                var (transactions, client) = ((ClientTransactions, ClientTransaction))state!;
                transactions.Cancel(client, token);
            },
            (this, client)).ConfigureAwait(false);
        return await client.Completion.ConfigureAwait(false);
    }

    /// <summary>A timer has run out; what is to be done outside the lock is for <see cref="AfterTimer"/>.</summary>
    public static (ClientEnd End, bool Send) OnTimer_NeedsGate(TransactionPartition partition, ClientTransaction client, TransactionTimer timer, TimeSpan due)
    {
        var effects = default(TransactionEffects);
        client.Machine.OnTimer(timer, ref effects);
        return Do_NeedsGate(partition, client, ref effects, due);
    }

    public void AfterTimer(ClientTransaction client, ClientEnd end, bool send)
    {
        if (send)
        {
            SipMetrics.Retransmissions.Add(1);
            sender.Forget(SendRequestAsync(client, CancellationToken.None));
        }

        Complete(client, end, null, null);
    }

    /// <summary>Fails those for which <paramref name="condition"/> holds.</summary>
    public void FailAll(Func<ClientTransaction, bool> condition, Exception error)
    {
        foreach (var partition in partitions)
        {
            List<ClientTransaction>? failed = null;
            lock (partition.Gate)
            {
                foreach (var client in partition.Clients.Values)
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

    private TransactionPartition PartitionOf(UInt128 branch) => partitions[(int)(uint)branch & (partitions.Length - 1)];
}
