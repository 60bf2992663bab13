using System.Buffers;
using System.IO.Pipelines;
using System.Runtime.InteropServices;
using SipPush.Msrp.Chunking;
using SipPush.Msrp.Diagnostics;
using SipPush.Msrp.Framing;
using SipPush.Msrp.Transactions;

namespace SipPush.Msrp.Connections;

/// <summary>
/// The write loop of a connection. Responses and reports go first; then one write of at most <see cref="WriteSize"/> octets of chunks, turn by turn. A chunk that is
/// under way when something more urgent waits is interrupted, and continued by another chunk later (RFC 4975 §5.1, §7.1.1).
/// </summary>
internal sealed class ConnectionWriter(MsrpConnection connection, PipeWriter output, MsrpIdentifiers identifiers)
{
    /// <summary>Octets handed to the transport at once, about: so long has a response to wait at most. With their heads they fit into one buffer of the transport.</summary>
    public const int WriteSize = 124 * 1024;

    // What a chunk takes besides its body, its paths and its own headers, about.
    private const int Framing = 200;

    // Bodies above this many octets have * as the end of their range, and only the last chunk of a message has fewer, if it can be helped (RFC 4975 §7.1.1).
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

    // The message whose source the loop may be looking into, from its turn to the end of its chunk. Written under the lock of the connection.
    private OutgoingTransfer? _held;

    // The message of the chunk that has been begun, which stays so over a flush.
    private OutgoingTransfer? _current;
    private SendTransaction? _transaction;
    private bool _isExplicit;
    private EndLineGuard _guard;
    private int _chunkLength;
    private int _chunkLimit;
    private int _turnLeft;
    private int _budget;
    private bool _isClosing;
    private bool _dropsChunks;

    /// <summary>When the flush under way began, in ticks of the clock; <see cref="long.MaxValue"/> when none is.</summary>
    public long FlushingSince { get; private set; } = long.MaxValue;

    /// <summary>Adds messages and octets; under the lock of the connection, and followed by <see cref="Wake"/>.</summary>
    public ChunkScheduler Scheduler => _scheduler;

    /// <summary>Responses, reports and other frames that overtake chunks; under the lock of the connection, and followed by <see cref="Wake"/>.</summary>
    public RentedBuffer Urgent => _urgent;

    public void Wake() => _signal.Set();

    /// <summary>As <see cref="Wake"/>, and when the loop waits, this thread writes what is urgent: one less to wake for each answer. Not under a lock.</summary>
    public void WakeHere() => _signal.Set(here: true);

    /// <summary>Completes when the urgent octets have been taken; under the lock of the connection.</summary>
    public Task UrgentIsLowAsync() => (_urgentIsLow ??= new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously)).Task;

    /// <summary>Has the loop end when what waits has been written; without <paramref name="chunks"/>, only what overtakes them.</summary>
    public void Close(bool chunks)
    {
        lock (connection.Sync)
        {
            _isClosing = true;
            _dropsChunks |= !chunks;
        }

        Wake();
    }

    /// <summary>Runs until <see cref="Close"/>, or until the transport fails.</summary>
    public async Task RunAsync()
    {
        var isBorrowed = false;
        while (true)
        {
            while (Fill(urgentOnly: isBorrowed))
            {
                connection.ShowDeadline(FlushingSince + connection.WriteTimeout);
                if (output.CanGetUnflushedBytes)
                {
                    MsrpMetrics.OctetsSent.Add(output.UnflushedBytes);
                }

                var result = await output.FlushAsync().ConfigureAwait(false);
                FlushingSince = long.MaxValue;
                if (result.IsCompleted || result.IsCanceled)
                {
                    return;
                }

                HandOver();
            }

            bool hasChunks;
            lock (connection.Sync)
            {
                hasChunks = !_dropsChunks && (_current is not null || _scheduler.HasNext);
                if (_isClosing && _urgent.Length == 0 && (_dropsChunks || !_scheduler.HasNext))
                {
                    return;
                }
            }

            if (isBorrowed && hasChunks)
            {
                // They could keep the thread of the read loop for long.
                await Task.CompletedTask.ConfigureAwait(ConfigureAwaitOptions.ForceYielding);
                isBorrowed = false;
                continue;
            }

            isBorrowed = await _signal.WaitAsync().ConfigureAwait(false);
        }
    }

    /// <summary>The loop has ended: what it held goes back. Under the lock of the connection.</summary>
    public void Release()
    {
        ReleaseUrgent();
        _urgentTaken.Clear();
        _held?.Release();
        _held = null;
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

    /// <summary>A message has ended before it was written: whether the loop may still touch its source, and so will be the one to release it. Under the lock of the connection, when
    /// the message is done.</summary>
    public bool MayTouch(OutgoingTransfer transfer) => _held == transfer && FlushingSince == long.MaxValue;

    // False when there is nothing to write.
    private bool Fill(bool urgentOnly)
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
        _budget = WriteSize;
        if (_urgentTaken.Length > 0)
        {
            if (_current is not null)
            {
                EndChunk(_current.IsDone ? ContinuationFlag.Aborted : ContinuationFlag.More);
            }

            output.Write(_urgentTaken.Written);
            _budget -= _urgentTaken.Length;
            _urgentTaken.Clear();
            hasWritten = true;
        }

        // A chunk that has named its end is not interrupted for the sake of the budget.
        while ((_budget > 0 || (_current is not null && _isExplicit)) && !_dropsChunks && !urgentOnly)
        {
            if (_current is null && !BeginChunk(ref othersWait, ref hasWritten))
            {
                break;
            }

            hasWritten = true;
            _budget -= WriteBody(_current!, _budget, othersWait);
        }

        if (hasWritten)
        {
            lock (connection.Sync)
            {
                FlushingSince = connection.Now;
                _current?.Reports.OnSending(_current.Position);
                if (_held is { IsDone: true })
                {
                    // It ended while it was being written; nobody shall wait for the flush to get his source back.
                    _held.Release();
                }
            }
        }

        return hasWritten;
    }

    // Octets written; the end of the chunk when there were none.
    private int WriteBody(OutgoingTransfer transfer, int budget, bool othersWait)
    {
        if (transfer.IsDone)
        {
            EndChunk(ContinuationFlag.Aborted);
            return 0;
        }

        var source = transfer.Source;
        var available = source.Available.Span;
        if (available.IsEmpty && source.Failure is { } failure)
        {
            Fail(transfer, failure);
            EndChunk(ContinuationFlag.Aborted);
            return 0;
        }

        LearnTotal(transfer);
        if (IsTooLarge(transfer))
        {
            EndChunk(ContinuationFlag.Aborted);
            return 0;
        }

        // While nobody knows whether more follows, one octet is kept back, so that the last chunk is not an empty one. A source that has nothing gets another chunk when it has.
        var most = Math.Min(transfer.Total is null ? source.Buffered - 1 : source.Buffered, _chunkLimit - _chunkLength);
        if (most <= 0 || (othersWait && _turnLeft <= 0 && !_isExplicit))
        {
            EndChunk(transfer.Position == transfer.Total ? ContinuationFlag.Complete : ContinuationFlag.More);
            return 0;
        }

        var count = (int)Math.Min(Math.Min(available.Length, most), _isExplicit ? most : budget);
        var piece = available[..count];
        var allowed = _isExplicit ? count : _guard.IndexOfConflict(piece);
        output.Write(piece[..allowed]);
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

    private void LearnTotal(OutgoingTransfer transfer)
    {
        if (transfer.Total is null && transfer.Source is { Failure: null, IsEnding: true } source)
        {
            lock (connection.Sync)
            {
                transfer.Total = transfer.Position + source.Buffered;
            }
        }
    }

    private bool IsTooLarge(OutgoingTransfer transfer)
    {
        if ((transfer.Total ?? transfer.Position + transfer.Source.Buffered) <= transfer.Session.RemoteMaxSize)
        {
            return false;
        }

        lock (connection.Sync)
        {
            transfer.Session.Outgoing.IsTooLarge(transfer);
        }

        return true;
    }

    private void Fail(OutgoingTransfer transfer, Exception failure)
    {
        lock (connection.Sync)
        {
            transfer.Session.Outgoing.Fail(transfer, failure);
        }
    }

    // Whether a chunk can be begun: a small one is, when it is the last.
    private static bool IsReady(OutgoingTransfer transfer)
    {
        var source = transfer.Source;
        if (source.Failure is not null || source.IsEnding)
        {
            return true;
        }

        var wanted = Math.Min(LargestExplicit, transfer.Session.ChunkSize);
        return source.Buffered >= (transfer.Total is { } total ? Math.Min(wanted, total - transfer.Position) : wanted + 1);
    }

    // True when it waits for data, or has got it and been put into the circle again.
    private bool IsWaiting(OutgoingTransfer transfer)
    {
        lock (connection.Sync)
        {
            transfer.State = TransferState.WaitingForData;
        }

        var waits = transfer.Source.Wait(transfer.SourceIsReady);

        lock (connection.Sync)
        {
            if (!waits && transfer.State == TransferState.WaitingForData)
            {
                transfer.State = TransferState.Writing;
                return false;
            }

            _held = null;
            if (transfer.IsDone)
            {
                transfer.Release();
            }

            return true;
        }
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
                if (!transfer.IsDone)
                {
                    if (!transfer.Session.Outgoing.HasRoom(transfer))
                    {
                        transfer.State = TransferState.WaitingForWindow;
                        transfer.Session.Outgoing.WaitForWindow(transfer);
                        continue;
                    }

                    _held = transfer;
                    transfer.State = TransferState.Writing;
                }
            }

            if (transfer.IsDone)
            {
                hasWritten |= Abandon(transfer);
                continue;
            }

            if (!IsReady(transfer) && IsWaiting(transfer))
            {
                continue;
            }

            if (!IsReady(transfer))
            {
                // There was something, but not enough: it is looked at again when the others have had their turns.
                lock (connection.Sync)
                {
                    _held = null;
                    _scheduler.Add(transfer);
                }

                continue;
            }

            if (transfer.Source.Failure is { } failure)
            {
                Fail(transfer, failure);
                hasWritten |= Abandon(transfer);
                continue;
            }

            LearnTotal(transfer);
            if (IsTooLarge(transfer))
            {
                hasWritten |= Abandon(transfer);
                continue;
            }

            var planned = Math.Min(transfer.Session.ChunkSize, transfer.Total - transfer.Position ?? long.MaxValue);
            WriteHead(transfer, planned <= LargestExplicit && transfer.Source.Buffered >= planned ? (int)planned : null);
            hasWritten = true;
            if (transfer.Position == transfer.Total)
            {
                EndChunk(ContinuationFlag.Complete);
                continue;
            }

            return true;
        }
    }

    // A chunk of known length has an id that its octets don't hold; any other is interrupted before they do.
    private void WriteHead(OutgoingTransfer transfer, int? length)
    {
        var session = transfer.Session;
        do
        {
            identifiers.WriteTransactionId(_transactionId);
            _guard.Reset(_transactionId);
        }
        while (length is { } octets && !IsFree(transfer.Source, octets));

        _current = transfer;
        _isExplicit = length is not null;
        _chunkLength = 0;
        _chunkLimit = session.ChunkSize;
        _turnLeft = WriteSize;
        MsrpFrameWriter.WriteSendHead(output, _transactionId, session.SendPaths, transfer.MessageIdOctets, new ByteRange(transfer.Position + 1, transfer.Position + length, transfer.Total), transfer.Headers, transfer.ContentType);

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

    private bool IsFree(BodySource source, int length)
    {
        foreach (var piece in source.Octets.Slice(0, length))
        {
            if (_guard.IndexOfConflict(piece.Span) < piece.Length)
            {
                return false;
            }
        }

        return true;
    }

    private void EndChunk(ContinuationFlag flag)
    {
        var transfer = _current!;
        MsrpFrameWriter.WriteEndLine(output, _transactionId, flag, afterBody: true);
        _budget -= Framing + transfer.Session.SendPaths.Length + transfer.Headers.Length;
        _current = null;

        lock (connection.Sync)
        {
            var session = transfer.Session;
            _held = null;
            transfer.Reports.OnSending(transfer.Position);
            if (_transaction is { } transaction)
            {
                session.Outgoing.EndChunk(transaction, transfer, _chunkLength);
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
                    if (transfer.IsDone)
                    {
                        transfer.Release();
                    }

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
            WriteHead(transfer, length: null);
            EndChunk(ContinuationFlag.Aborted);
        }
        else
        {
            lock (connection.Sync)
            {
                _held = null;
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
                current.HasMoved?.Set();
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
