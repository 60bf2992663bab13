using System.IO.Pipelines;
using SipPush.Msrp.Chunking;
using SipPush.Msrp.Connections;
using SipPush.Msrp.Diagnostics;
using SipPush.Msrp.Framing;
using SipPush.Msrp.Reports;
using SipPush.Msrp.Transactions;

namespace SipPush.Msrp.Sessions;

/// <summary>
/// The messages that go out on one session: those under way, the window, what is answered and reported about them. Its lock is the connection's; what begins, ends or binds takes the session's before it.
/// </summary>
internal sealed class OutgoingMessages(MsrpSession session)
{
    private readonly Lock _gate = session.Gate;
    private readonly List<OutgoingTransfer> _running = [];

    // A session that never sends has none of these.
    private SendTransactions? _transactions;
    private Queue<OutgoingTransfer>? _waitingForWindow;
    private HashSet<string>? _refusedTypes;

    private MsrpConnection? _connection;
    private MsrpSendOutcome? _ended;

    /// <summary>Chunks that an answer could still belong to.</summary>
    public int Unanswered => _transactions?.Count ?? 0;

    /// <summary>What is under way, for whoever wants to see it through.</summary>
    public Task[] Running()
    {
        lock (_gate)
        {
            lock (Sync)
            {
                return [.. _running.Select(transfer => transfer.Result)];
            }
        }
    }

    /// <summary>Whether a message waits for the session to be connected that can be written at once, and so binds the session.</summary>
    public bool CanAnnounce
    {
        get
        {
            lock (_gate)
            {
                return _connection is null && _running.Exists(transfer => transfer.Source is MemoryBodySource && transfer.Total <= session.RemoteMaxSize);
            }
        }
    }

    public async ValueTask<MsrpSendResult> SendAsync(OutgoingMsrpMessage message, CancellationToken cancellationToken)
    {
        var messageId = message.MessageId ?? session.Endpoint.Options.Identifiers.NewMessageId();
        var refusal = Refusal(message);
        if (refusal is not null || cancellationToken.IsCancellationRequested)
        {
            if (message.Source is PipeReader body)
            {
                await body.CompleteAsync().ConfigureAwait(false);
            }

            if (cancellationToken.IsCancellationRequested)
            {
                MsrpMetrics.MessageNotSent(isCancelled: true);
                cancellationToken.ThrowIfCancellationRequested();
            }

            MsrpMetrics.MessageSent(refusal!.Value.Outcome);
            return new MsrpSendResult(refusal.Value.Outcome, messageId, refusal.Value.Status, new MsrpProgress(0, 0, 0, message.Length));
        }

        var transfer = new OutgoingTransfer(session, message, messageId);
        try
        {
            Begin(transfer);
            using var registration = cancellationToken.UnsafeRegister(static (state, token) => Cancel((OutgoingTransfer)state!, token), transfer);
            if (message.Progress is { } progress)
            {
                await ShowAsync(transfer, progress).ConfigureAwait(false);
            }

            var result = await transfer.Result.ConfigureAwait(false);
            MsrpMetrics.MessageSent(result.Outcome);
            return result;
        }
        catch (Exception failure) when (failure is not ArgumentException)
        {
            MsrpMetrics.MessageNotSent(failure is OperationCanceledException);
            throw;
        }
        finally
        {
            if (!transfer.IsDone)
            {
                // The application's own progress has thrown.
                Cancel(transfer, CancellationToken.None);
            }

            await transfer.Released.ConfigureAwait(false);
            await transfer.Source.DisposeAsync().ConfigureAwait(false);
        }

        static void Cancel(OutgoingTransfer transfer, CancellationToken token) => transfer.Session.Outgoing.Cancel(transfer, token);
    }

    // No callback of the application is made by a loop, or under a lock. Nothing is shown after the send has ended.
    private async Task ShowAsync(OutgoingTransfer transfer, IProgress<MsrpProgress> progress)
    {
        MsrpProgress? last = null;
        bool isDone;
        do
        {
            await transfer.HasMoved!.WaitAsync().ConfigureAwait(false);
            MsrpProgress now;
            lock (_gate)
            {
                lock (Sync)
                {
                    isDone = transfer.IsDone;
                    now = transfer.Progress;
                }
            }

            if (now != last && !transfer.Result.IsCanceled && !transfer.Result.IsFaulted)
            {
                last = now;
                progress.Report(now);
            }
        }
        while (!isDone);
    }

    /// <summary>The session has its connection: what waited for it is scheduled. Under the lock of the connection, before anything else.</summary>
    public void IsBoundTo(MsrpConnection connection)
    {
        _connection = connection;
        foreach (var transfer in _running)
        {
            connection.Schedule(transfer);
        }
    }

    /// <summary>The session has ended: so has everything that was under way.</summary>
    public void EndAll(MsrpSendOutcome outcome)
    {
        lock (_gate)
        {
            _ended = outcome;
            lock (Sync)
            {
                while (_running.Count > 0)
                {
                    var transfer = _running[^1];
                    var isReportMissing = outcome == MsrpSendOutcome.SessionEnded && transfer.Message.SuccessReport && transfer.IsAcknowledged;
                    End(transfer, isReportMissing ? MsrpSendOutcome.ReportMissing : outcome, isReportMissing ? MsrpStatus.Ok : 0);
                }

                _transactions?.CloseAll();
            }
        }
    }

    // ---- Called by the write loop, under the lock of the connection

    public bool HasRoom(OutgoingTransfer transfer) =>
        !transfer.WantsAnswers || Transactions.HasRoom(Math.Min(session.ChunkSize, transfer.Total - transfer.Position ?? long.MaxValue));

    public void WaitForWindow(OutgoingTransfer transfer) => (_waitingForWindow ??= new()).Enqueue(transfer);

    public SendTransaction BeginChunk(UInt128 id, OutgoingTransfer transfer) => Transactions.Begin(id, transfer);

    public void EndChunk(SendTransaction transaction, OutgoingTransfer transfer, int length)
    {
        Transactions.End(transaction, length);
        if (transaction.IsAcknowledged)
        {
            // The answer came before the end of the chunk.
            transfer.Acknowledged += length;
        }
    }

    /// <summary>The source of a message has failed.</summary>
    public void Fail(OutgoingTransfer transfer, Exception failure)
    {
        transfer.Fail(failure);
        Leave(transfer);
    }

    /// <summary>A message turns out to be larger than the far end takes.</summary>
    public void IsTooLarge(OutgoingTransfer transfer) => End(transfer, MsrpSendOutcome.Refused, MsrpStatus.MessageTooLarge);

    /// <summary>What was written of this session has been handed to the transport.</summary>
    public void HandOver(long now)
    {
        Transactions.HandOver(now);
        _connection!.ShowDeadline(Transactions.NextDeadline);
    }

    /// <summary>The last octet of that message has been handed to the transport.</summary>
    public void IsHandedOver(OutgoingTransfer transfer)
    {
        transfer.IsHandedOver = true;
        transfer.HandedOver = transfer.Position;
        transfer.HasMoved?.Set();
        EndIfThrough(transfer);
    }

    /// <summary>A source that had nothing has something, or has ended. By any thread.</summary>
    public void SourceIsReady(OutgoingTransfer transfer)
    {
        if (_connection is not { } connection)
        {
            return;
        }

        lock (connection.Sync)
        {
            if (transfer.State == TransferState.WaitingForData)
            {
                connection.Schedule(transfer);
            }
        }
    }

    // ---- Called by the read loop and the timer, under the lock of the connection

    /// <summary>An answer to a chunk; false when it belongs to none of this session.</summary>
    public bool OnResponse(UInt128 id, int status)
    {
        var transfer = Transactions.Answer(id, status, _connection!.Reading.ReadAt, out var length);
        if (transfer is null)
        {
            return false;
        }

        if (status is >= 200 and < 300)
        {
            transfer.ChunksAcknowledged++;
            transfer.Acknowledged += length;
            transfer.HasMoved?.Set();
            EndIfThrough(transfer);
        }
        else
        {
            Refuse(transfer, status);
        }

        OpenWindow();
        return true;
    }

    public void OnReport(MsrpHead head)
    {
        var messageId = head.MessageId;
        foreach (var transfer in _running)
        {
            if (!messageId.SequenceEqual(transfer.MessageIdOctets))
            {
                continue;
            }

            if (head.ReportStatus is not (0 or MsrpStatus.Ok))
            {
                Refuse(transfer, head.ReportStatus);
            }
            else if (transfer.Reports.OnReport(head.ByteRange, head.ReportStatus) is ReportEffect.Progress or ReportEffect.Delivered)
            {
                transfer.HasMoved?.Set();
                EndIfThrough(transfer);
            }

            return;
        }
    }

    /// <summary>Looks for answers and reports that are missing; gives when to look again.</summary>
    public long OnTimer(long now)
    {
        while (_transactions?.Expire(now) is { } transfer)
        {
            End(transfer, MsrpSendOutcome.TimedOut, MsrpStatus.RequestTimeout);
        }

        var next = _transactions?.NextDeadline ?? long.MaxValue;
        for (var i = _running.Count - 1; i >= 0; i--)
        {
            var transfer = _running[i];
            if (transfer.ReportDeadline <= now)
            {
                End(transfer, MsrpSendOutcome.ReportMissing, MsrpStatus.Ok);
            }
            else
            {
                next = Math.Min(next, transfer.ReportDeadline);
            }
        }

        OpenWindow();
        return next;
    }

    private SendTransactions Transactions => _transactions ??= new(MsrpEndpoint.TransactionTimeout, session.Options.Window, session.Options.Pipelining);

    private Lock Sync => _connection?.Sync ?? _gate;

    private (MsrpSendOutcome Outcome, int Status)? Refusal(OutgoingMsrpMessage message)
    {
        lock (_gate)
        {
            lock (Sync)
            {
                if (_ended is { } ended)
                {
                    return (ended, 0);
                }

                if (_refusedTypes?.Contains(TypeOf(message)) == true)
                {
                    return (MsrpSendOutcome.Refused, MsrpStatus.UnsupportedMediaType);
                }
            }
        }

        return session.Remote?.MaxSize < message.Length ? (MsrpSendOutcome.Refused, MsrpStatus.MessageTooLarge) : null;
    }

    private void Begin(OutgoingTransfer transfer)
    {
        lock (_gate)
        {
            lock (Sync)
            {
                if (_running.Exists(other => other.MessageId == transfer.MessageId))
                {
                    transfer.Release();
                    throw new ArgumentException($"A message with the Message-ID {transfer.MessageId} is under way");
                }

                if (_ended is { } ended)
                {
                    transfer.End(ended);
                    transfer.Release();
                    return;
                }

                _running.Add(transfer);
                _connection?.Schedule(transfer);
            }
        }
    }

    private void Cancel(OutgoingTransfer transfer, CancellationToken cancellationToken)
    {
        lock (_gate)
        {
            lock (Sync)
            {
                if (!transfer.IsDone)
                {
                    transfer.Cancel(cancellationToken);
                    Leave(transfer);
                }
            }
        }
    }

    private void Refuse(OutgoingTransfer transfer, int status)
    {
        if (status == MsrpStatus.UnsupportedMediaType)
        {
            // No more messages of that type in this session (RFC 4975 §10.6); those that have begun get answers of their own.
            var type = TypeOf(transfer.Message);
            (_refusedTypes ??= new(StringComparer.OrdinalIgnoreCase)).Add(type);
            foreach (var other in _running.FindAll(other => other.Chunks == 0 && TypeOf(other.Message).Equals(type, StringComparison.OrdinalIgnoreCase)))
            {
                End(other, MsrpSendOutcome.Refused, status);
            }
        }

        End(transfer, status == MsrpStatus.RequestTimeout ? MsrpSendOutcome.TimedOut : MsrpSendOutcome.Refused, status);
        if (status is MsrpStatus.NoSuchSession or MsrpStatus.SessionInUse)
        {
            _connection!.IsRefused(session, status);
        }
    }

    private void EndIfThrough(OutgoingTransfer transfer)
    {
        if (transfer.IsDone)
        {
            return;
        }

        if (transfer.Message.SuccessReport)
        {
            if (transfer.Reports.IsDelivered)
            {
                End(transfer, MsrpSendOutcome.Reported, MsrpStatus.Ok);
            }
            else if (transfer.IsAcknowledged && transfer.ReportDeadline == long.MaxValue)
            {
                var timeout = transfer.Message.ReportTimeout;
                if (timeout != Timeout.InfiniteTimeSpan)
                {
                    var now = session.Endpoint.Now;
                    transfer.ReportDeadline = now + Math.Min(timeout.Ticks, long.MaxValue - now);
                    _connection!.ShowDeadline(transfer.ReportDeadline);
                }
            }
        }
        else if (transfer.IsAcknowledged)
        {
            End(transfer, transfer.WantsAnswers ? MsrpSendOutcome.Acknowledged : MsrpSendOutcome.Sent, transfer.WantsAnswers ? MsrpStatus.Ok : 0);
        }
    }

    private void End(OutgoingTransfer transfer, MsrpSendOutcome outcome, int status)
    {
        transfer.End(outcome, status);
        Leave(transfer);
    }

    // The message has ended. If it has been begun and not been written to its end, the write loop abandons it when its turn comes.
    private void Leave(OutgoingTransfer transfer)
    {
        if (!_running.Remove(transfer))
        {
            return;
        }

        if (_connection is not { } connection)
        {
            transfer.Release();
            return;
        }

        if (!connection.MayTouch(transfer))
        {
            transfer.Release();
        }

        if (transfer.State is TransferState.WaitingForData or TransferState.WaitingForWindow)
        {
            connection.Schedule(transfer);
        }

        connection.Wake();
    }

    // The messages that wait for the window get their turn in their order: a small one does not pass a large one.
    private void OpenWindow()
    {
        while (_waitingForWindow?.TryPeek(out var transfer) == true && (transfer.State != TransferState.WaitingForWindow || HasRoom(transfer)))
        {
            _waitingForWindow.Dequeue();
            if (transfer.State == TransferState.WaitingForWindow)
            {
                _connection!.Schedule(transfer);
            }
        }
    }

    // Without its parameters, as types are matched (RFC 4975 §8.6).
    private static string TypeOf(OutgoingMsrpMessage message) => message.ContentType.Split(';')[0].TrimEnd();
}
