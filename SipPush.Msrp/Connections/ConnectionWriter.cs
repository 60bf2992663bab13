using System.Buffers;
using System.IO.Pipelines;
using System.Runtime.InteropServices;
using SipPush.Msrp.Chunking;
using SipPush.Msrp.Framing;
using SipPush.Msrp.Transactions;

namespace SipPush.Msrp.Connections;

/// <summary>
/// The write loop of a connection. Responses and reports go first; then one write of at most <see cref="WriteSize"/> octets of chunks, turn by turn. A chunk that is
/// under way when something more urgent waits is interrupted, and continued by another chunk later (RFC 4975 §5.1, §7.1.1).
/// </summary>
internal sealed class ConnectionWriter(MsrpConnection connection, PipeWriter output, MsrpIdentifiers identifiers)
{
    /// <summary>Octets handed to the transport at once: so long has a response to wait at most.</summary>
    public const int WriteSize = 64 * 1024;

    // Bodies above this many octets have * as the end of their range (RFC 4975 §7.1.1).
    private const int LargestExplicit = 2048;

    private readonly AsyncSignal _signal = new();
    private readonly ChunkScheduler _scheduler = new();
    private readonly List<MsrpSession> _written = [];
    private readonly List<OutgoingTransfer> _completed = [];
    private readonly byte[] _transactionId = new byte[MsrpIdentifiers.TransactionIdLength];

    // The first belongs to the lock of the connection, the second to the loop.
    private RentedBuffer _urgent = new();
    private RentedBuffer _urgentTaken = new();
    private TaskCompletionSource? _urgentIsLow;

    private OutgoingTransfer? _current;
    private SendTransaction? _transaction;
    private EndLineGuard _guard;
    private int _chunkLength;
    private int _chunkLimit;
    private int _turnLeft;
    private bool _isClosing;

    /// <summary>When the flush under way began, in ticks of the clock; <see cref="long.MaxValue"/> when none is.</summary>
    public long FlushingSince { get; private set; } = long.MaxValue;

    /// <summary>Adds messages and octets; under the lock of the connection, and followed by <see cref="Wake"/>.</summary>
    public ChunkScheduler Scheduler => _scheduler;

    /// <summary>Responses, reports and other frames that overtake chunks; under the lock of the connection, and followed by <see cref="Wake"/>.</summary>
    public RentedBuffer Urgent => _urgent;

    /// <summary>Whether the loop has this message in its hands.</summary>
    public bool IsWriting(OutgoingTransfer transfer) => _current == transfer;

    public void Wake() => _signal.Set();

    /// <summary>Completes when the urgent octets have been taken; under the lock of the connection.</summary>
    public Task UrgentIsLowAsync() => (_urgentIsLow ??= new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously)).Task;

    /// <summary>Has the loop end when what waits has been written.</summary>
    public void Close()
    {
        lock (connection.Sync)
        {
            _isClosing = true;
        }

        Wake();
    }

    /// <summary>Runs until <see cref="Close"/>, or until the transport fails.</summary>
    public async Task RunAsync()
    {
        while (true)
        {
            while (Fill())
            {
                FlushingSince = connection.Now;
                connection.ShowDeadline(FlushingSince + connection.WriteTimeout);
                var result = await output.FlushAsync().ConfigureAwait(false);
                FlushingSince = long.MaxValue;
                if (result.IsCompleted || result.IsCanceled)
                {
                    return;
                }

                HandOver();
            }

            lock (connection.Sync)
            {
                if (_isClosing && _urgent.Length == 0 && !_scheduler.HasNext)
                {
                    return;
                }
            }

            await _signal.WaitAsync().ConfigureAwait(false);
        }
    }

    /// <summary>The loop has ended: what it held goes back. Under the lock of the connection.</summary>
    public void Release()
    {
        ReleaseUrgent();
        _urgentTaken.Clear();
        _current?.Release();
        _current = null;
        while (_scheduler.TryNext(out var transfer))
        {
            transfer.Release();
        }
    }

    /// <summary>Nothing urgent is written any more. Under the lock of the connection.</summary>
    public void ReleaseUrgent()
    {
        _urgent.Clear();
        _urgentIsLow?.TrySetResult();
        _urgentIsLow = null;
    }

    /// <summary>A message has ended before it was written: whether the loop may still touch its source. Under the lock of the connection, when the message is done.</summary>
    public bool MayTouch(OutgoingTransfer transfer) => _current == transfer && FlushingSince == long.MaxValue;

    // False when there is nothing to write.
    private bool Fill()
    {
        bool othersWait;
        lock (connection.Sync)
        {
            if (_urgent.Length > 0)
            {
                (_urgent, _urgentTaken) = (_urgentTaken, _urgent);
                _urgentIsLow?.TrySetResult();
                _urgentIsLow = null;
            }

            othersWait = _scheduler.HasNext;
        }

        var hasWritten = false;
        if (_urgentTaken.Length > 0)
        {
            if (_current is not null)
            {
                EndChunk(ContinuationFlag.More);
            }

            output.Write(_urgentTaken.Written);
            _urgentTaken.Clear();
            hasWritten = true;
        }

        for (var budget = WriteSize; budget > 0;)
        {
            if (_current is null && !BeginChunk(ref othersWait, ref hasWritten))
            {
                break;
            }

            var written = WriteBody(_current!, budget, othersWait);
            if (written < 0)
            {
                break;
            }

            hasWritten = true;
            budget -= written;
        }

        if (_current is { Message.SuccessReport: true } current)
        {
            lock (connection.Sync)
            {
                current.Reports.OnSending(current.Position);
            }
        }

        return hasWritten;
    }

    // Octets written; at least the end of the chunk when there were none. -1 when the source has nothing for now.
    private int WriteBody(OutgoingTransfer transfer, int budget, bool othersWait)
    {
        if (transfer.IsDone)
        {
            EndChunk(ContinuationFlag.Aborted);
            return 0;
        }

        var source = transfer.Source;
        var available = source.Available.Span;
        if (available.IsEmpty)
        {
            return EndOrWait(transfer, othersWait);
        }

        if (_chunkLength >= _chunkLimit || (othersWait && _turnLeft <= 0))
        {
            EndChunk(ContinuationFlag.More);
            return 0;
        }

        var count = Math.Min(Math.Min(available.Length, budget), _chunkLimit - _chunkLength);
        var piece = available[..count];
        var allowed = _guard.IndexOfConflict(piece);
        piece = piece[..allowed];
        output.Write(piece);
        source.Advance(allowed);
        transfer.Position += allowed;
        _chunkLength += allowed;
        _turnLeft -= allowed;

        if (allowed < count)
        {
            // The body would hold the end-line of this chunk: the next one has another id.
            EndChunk(ContinuationFlag.More);
        }
        else if (transfer.Position == transfer.Total)
        {
            EndChunk(ContinuationFlag.Complete);
        }

        return allowed;
    }

    private int EndOrWait(OutgoingTransfer transfer, bool othersWait)
    {
        var source = transfer.Source;
        if (source.Failure is { } failure)
        {
            lock (connection.Sync)
            {
                transfer.Fail(failure);
            }

            EndChunk(ContinuationFlag.Aborted);
            return 0;
        }

        if (source.IsEnding)
        {
            transfer.Total = transfer.Position;
            EndChunk(ContinuationFlag.Complete);
            return 0;
        }

        if (othersWait)
        {
            EndChunk(ContinuationFlag.More);
            return 0;
        }

        return IsWaiting(transfer) ? -1 : 0;
    }

    // The chunk stays open while its source has nothing, unless somebody else wants the connection.
    private bool IsWaiting(OutgoingTransfer transfer)
    {
        lock (connection.Sync)
        {
            transfer.State = TransferState.WaitingForData;
        }

        if (transfer.Source.Wait(transfer.SourceIsReady))
        {
            return true;
        }

        lock (connection.Sync)
        {
            transfer.State = TransferState.Writing;
        }

        return false;
    }

    private bool BeginChunk(ref bool othersWait, ref bool hasWritten)
    {
        while (true)
        {
            OutgoingTransfer? transfer;
            lock (connection.Sync)
            {
                if (!_scheduler.TryNext(out transfer))
                {
                    return false;
                }

                othersWait = _scheduler.HasNext;
                if (!transfer.IsDone && !transfer.Session.Outgoing.HasRoom(transfer))
                {
                    transfer.State = TransferState.WaitingForWindow;
                    transfer.Session.Outgoing.WaitForWindow(transfer);
                    continue;
                }

                transfer.State = TransferState.Writing;
            }

            if (transfer.IsDone)
            {
                hasWritten |= Abandon(transfer);
                continue;
            }

            var source = transfer.Source;
            if (source.Available.IsEmpty && source.Failure is null && !source.IsEnding && IsWaiting(transfer))
            {
                continue;
            }

            if (source.Available.IsEmpty && source.Failure is { } failure)
            {
                transfer.Fail(failure);
                hasWritten |= Abandon(transfer);
                continue;
            }

            var available = source.Available.Length;
            if (source.IsEnding)
            {
                transfer.Total ??= transfer.Position + available;
            }

            var planned = Math.Min(transfer.Session.Options.ChunkSize, transfer.Total - transfer.Position ?? long.MaxValue);
            WriteHead(transfer, planned <= LargestExplicit && available >= planned ? transfer.Position + planned : null);
            hasWritten = true;
            if (transfer.Position == transfer.Total)
            {
                EndChunk(ContinuationFlag.Complete);
                continue;
            }

            return true;
        }
    }

    private void WriteHead(OutgoingTransfer transfer, long? rangeEnd)
    {
        var session = transfer.Session;
        identifiers.WriteTransactionId(_transactionId);
        _guard.Reset(_transactionId);
        _current = transfer;
        _chunkLength = 0;
        _chunkLimit = session.Options.ChunkSize;
        _turnLeft = WriteSize;
        MsrpFrameWriter.WriteSendHead(output, _transactionId, session.SendPaths, transfer.MessageIdOctets, new ByteRange(transfer.Position + 1, rangeEnd, transfer.Total), transfer.Headers, transfer.ContentType);

        lock (connection.Sync)
        {
            transfer.Chunks++;
            // Nobody waits for the answer to a chunk that only abandons its message.
            if (transfer is { MayBeAnswered: true, IsDone: false })
            {
                _transaction = session.Outgoing.BeginChunk(IdOf(_transactionId), transfer);
            }
        }
    }

    private void EndChunk(ContinuationFlag flag)
    {
        var transfer = _current!;
        MsrpFrameWriter.WriteEndLine(output, _transactionId, flag, afterBody: true);
        _current = null;

        lock (connection.Sync)
        {
            var session = transfer.Session;
            transfer.Reports.OnSending(transfer.Position);
            if (_transaction is { } transaction)
            {
                session.Outgoing.EndChunk(transaction, _chunkLength);
                _transaction = null;
            }

            if (!_written.Contains(session))
            {
                _written.Add(session);
            }

            switch (flag)
            {
                case ContinuationFlag.Complete:
                    transfer.State = TransferState.Written;
                    transfer.Reports.OnSendingEnd();
                    transfer.Release();
                    _completed.Add(transfer);
                    break;

                case ContinuationFlag.Aborted:
                    transfer.State = TransferState.Ended;
                    transfer.Release();
                    break;

                default:
                    _scheduler.Add(transfer);
                    break;
            }
        }
    }

    // A message that ended between two of its chunks: the far end is told by a chunk without octets (RFC 4975 §7.1), unless it has heard nothing of it yet.
    private bool Abandon(OutgoingTransfer transfer)
    {
        var isKnown = transfer.Chunks > 0 && transfer.Position != transfer.Total && transfer.Session.IsOpen;
        if (isKnown)
        {
            WriteHead(transfer, rangeEnd: null);
            EndChunk(ContinuationFlag.Aborted);
        }
        else
        {
            lock (connection.Sync)
            {
                transfer.State = TransferState.Ended;
                transfer.Release();
            }
        }

        return isKnown;
    }

    private void HandOver()
    {
        var now = connection.Now;
        lock (connection.Sync)
        {
            foreach (var session in _written)
            {
                session.Outgoing.HandOver(now);
            }

            _written.Clear();
            if (_current is { } current)
            {
                current.HandedOver = current.Position;
                current.ShowProgress();
            }

            foreach (var transfer in _completed)
            {
                transfer.Session.Outgoing.IsHandedOver(transfer);
            }

            _completed.Clear();
        }
    }

    private static UInt128 IdOf(ReadOnlySpan<byte> transactionId) => MemoryMarshal.Read<UInt128>(transactionId);
}
