using System.Text;
using SipPush.Msrp.Chunking;
using SipPush.Msrp.Connections;
using SipPush.Msrp.Diagnostics;
using SipPush.Msrp.Framing;

namespace SipPush.Msrp.Sessions;

/// <summary>The messages that come in on one session: those that have begun, and the ids of those that have ended, so that chunks that come again are acknowledged, but start nothing (RFC 4975 §5.4). Under the lock of the connection, which it takes itself.</summary>
internal sealed class IncomingMessages(MsrpSession session)
{
    // Ids of messages that have ended: this many of them.
    private const int Remembered = 256;

    // How a message ended that was neither whole nor refused: its chunks get 200 and nothing else.
    private const int Abandoned = 0;

    private readonly List<IncomingTransfer> _partial = [];
    private Dictionary<string, int>? _endings;
    private Queue<string>? _ended;

    /// <summary>Messages that have begun and not ended.</summary>
    public int Count => _partial.Count;

    /// <summary>A SEND has begun. The status that it gets, and, when that is 200, the message that its body belongs to: null when nothing becomes of the body.</summary>
    /// <remarks>A chunk of a message that has been received as a whole comes again: <paramref name="isRepeated"/>. What its sender wants to hear, he hears again (RFC 4975 §5.4).</remarks>
    /// <param name="head">Its head.</param>
    /// <param name="fromPath">Its From-Path as an array that may be kept.</param>
    /// <param name="transfer">The message.</param>
    /// <param name="isNew">Whether it has to be offered to the application.</param>
    /// <param name="isRepeated">Whether all of it is here already.</param>
    public int Begin(MsrpHead head, byte[] fromPath, out IncomingTransfer? transfer, out bool isNew, out bool isRepeated)
    {
        isNew = isRepeated = false;
        transfer = null;
        var connection = session.Connection!;
        lock (connection.Sync)
        {
            transfer = Find(head.MessageId);
            if (transfer is not null)
            {
                BeginChunk(transfer, head);
                return MsrpStatus.Ok;
            }

            if (!head.HasBody)
            {
                // Binds the session, or keeps the connection alive: no message.
                return MsrpStatus.Ok;
            }

            if (_endings is not null && _endings.TryGetValue(Encoding.UTF8.GetString(head.MessageId), out var ending))
            {
                isRepeated = ending == MsrpStatus.Ok;
                return ending == Abandoned ? MsrpStatus.Ok : ending;
            }

            var status = Check(head);
            if (status == MsrpStatus.Ok && !connection.Endpoint.TryBeginPartial())
            {
                status = MsrpStatus.MessageTooLarge;
            }

            if (status != MsrpStatus.Ok)
            {
                // Its further chunks may be under way: they must not begin it in the middle.
                Remember(head.MessageId, status);
                return status;
            }
        }

        // The application chooses a sink without the lock.
        transfer = session.CreateTransfer(head, fromPath);
        lock (connection.Sync)
        {
            if (transfer is null || !session.IsOpen)
            {
                var status = transfer is null ? MsrpStatus.MessageTooLarge : MsrpStatus.NoSuchSession;
                connection.Endpoint.EndPartial();
                Remember(head.MessageId, status);
                transfer?.Fail(new MsrpException("The session has ended", status));
                transfer = null;
                return status;
            }

            _partial.Add(transfer);
            isNew = true;
            BeginChunk(transfer, head);
            return MsrpStatus.Ok;
        }
    }

    /// <summary>The chunk at hand has come to its end-line: what is to be answered to it.</summary>
    public int EndChunk(IncomingTransfer transfer, ContinuationFlag flag, bool hasBody)
    {
        var connection = session.Connection!;
        lock (connection.Sync)
        {
            transfer.IsOpen = false;
            transfer.LastActivity = connection.Reading.ReadAt;
            if (transfer.RefusedWith != 0)
            {
                Remove(transfer);
                transfer.Fail(new MsrpException("The message was refused", transfer.RefusedWith));
                return transfer.RefusedWith;
            }

            if (flag == ContinuationFlag.Aborted)
            {
                Remove(transfer);
                transfer.Fail(new MsrpException("The sender has abandoned the message"));
                return MsrpStatus.Ok;
            }

            // A SEND without a body can keep a connection alive, whatever its Message-ID: it is no chunk of the message.
            if (!hasBody)
            {
                connection.ShowDeadline(transfer.LastActivity + connection.PartialMessageTimeout);
                return MsrpStatus.Ok;
            }

            if (transfer.EndChunk(flag) != ReassemblyOutcome.Taken)
            {
                transfer.RefusedWith = MsrpStatus.MessageTooLarge;
                Remove(transfer);
                transfer.Fail(new MsrpException("The message is larger than allowed", MsrpStatus.MessageTooLarge));
                return MsrpStatus.MessageTooLarge;
            }

            if (transfer.IsComplete)
            {
                Remove(transfer);
                transfer.Complete();
            }
            else
            {
                connection.ShowDeadline(transfer.LastActivity + connection.PartialMessageTimeout);
            }

            return MsrpStatus.Ok;
        }
    }

    /// <summary>A message has ended while a chunk of it was being read.</summary>
    public void End(IncomingTransfer transfer, string reason)
    {
        lock (session.Connection!.Sync)
        {
            transfer.IsOpen = false;
            Remove(transfer);
            transfer.Fail(new MsrpException(transfer.Refusal ?? reason, transfer.RefusedWith));
        }
    }

    /// <summary>A message is to be refused. When a chunk of it is being read, the read loop will see to it. Under the lock of the connection.</summary>
    public void Refuse(IncomingTransfer transfer, int status, string reason)
    {
        if (transfer.IsEnded)
        {
            return;
        }

        transfer.RefusedWith = status;
        transfer.Refusal = reason;

        // The read loop may be waiting for the reader of a chunk that has ended already.
        transfer.CancelFlush();
        if (!transfer.IsOpen)
        {
            Remove(transfer);
            transfer.Fail(new MsrpException(reason, status));
        }
    }

    /// <summary>Drops what has been waiting for a further chunk since before that time; gives when to look again. Under the lock of the connection.</summary>
    public long DropBefore(long time)
    {
        var oldest = long.MaxValue;
        for (var i = _partial.Count - 1; i >= 0; i--)
        {
            var transfer = _partial[i];
            if (transfer.IsOpen)
            {
                continue;
            }

            if (transfer.LastActivity <= time)
            {
                // Should more of it come after all, its sender is told to stop.
                transfer.RefusedWith = MsrpStatus.MessageTooLarge;
                transfer.CancelFlush();
                Remove(transfer);
                transfer.Fail(new MsrpException("No further chunk came in time", MsrpStatus.RequestTimeout));
            }
            else
            {
                oldest = Math.Min(oldest, transfer.LastActivity);
            }
        }

        return oldest;
    }

    /// <summary>The session has ended, though its connection may live on: what is open is left to the read loop. Under the lock of the connection.</summary>
    public void RefuseAll(string reason)
    {
        foreach (var transfer in _partial.ToArray())
        {
            Refuse(transfer, MsrpStatus.NoSuchSession, reason);
        }
    }

    /// <summary>The session has ended, and the read loop touches nothing of it any more. Under the lock of the connection.</summary>
    public void FailAll(string reason, Exception? inner)
    {
        while (_partial.Count > 0)
        {
            var transfer = _partial[^1];
            Remove(transfer);
            transfer.Fail(new MsrpException(reason, 0, inner));
        }
    }

    private int Check(MsrpHead head)
    {
        if (!session.Accepts(head.ContentType))
        {
            return MsrpStatus.UnsupportedMediaType;
        }

        var isTooLarge = head.ByteRange is { } range && (range.Total > session.Options.MaxSize || range.Start - 1 > session.Options.MaxSize);
        return isTooLarge || _partial.Count >= session.Limits.PartialMessagesPerSession ? MsrpStatus.MessageTooLarge : MsrpStatus.Ok;
    }

    private void BeginChunk(IncomingTransfer transfer, MsrpHead head)
    {
        transfer.IsOpen = true;
        transfer.LastActivity = session.Connection!.Now;
        transfer.BeginChunk((head.ByteRange?.Start ?? 1) - 1);
    }

    private IncomingTransfer? Find(ReadOnlySpan<byte> messageId)
    {
        foreach (var transfer in _partial)
        {
            if (messageId.SequenceEqual(transfer.MessageId))
            {
                return transfer;
            }
        }

        return null;
    }

    private void Remove(IncomingTransfer transfer)
    {
        if (!_partial.Remove(transfer))
        {
            return;
        }

        session.Connection!.Endpoint.EndPartial();
        Remember(transfer.MessageId, transfer.RefusedWith != 0 ? transfer.RefusedWith : transfer.IsComplete ? MsrpStatus.Ok : Abandoned);
    }

    private void Remember(ReadOnlySpan<byte> messageId, int status)
    {
        _endings ??= new Dictionary<string, int>(StringComparer.Ordinal);
        _ended ??= new Queue<string>();
        var id = Encoding.UTF8.GetString(messageId);
        if (_endings.TryAdd(id, status))
        {
            _ended.Enqueue(id);
            if (_ended.Count > Remembered)
            {
                _endings.Remove(_ended.Dequeue());
            }
        }
    }
}
