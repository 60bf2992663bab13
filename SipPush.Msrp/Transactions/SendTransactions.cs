using SipPush.Msrp.Chunking;

namespace SipPush.Msrp.Transactions;

/// <summary>
/// The SENDs of one session that have no answer yet, oldest first: the window of unanswered octets, and the 30 s after which a missing answer is
/// a failure (RFC 4975 §7.1.1). Pure: time comes in as ticks, and the lock is the connection's.
/// </summary>
/// <remarks>A chunk waits behind those before it. So its 30 s begin when its last octet was handed over or when its predecessor was answered, whichever is later: a peer
/// that works through a full window slowly, but steadily, has not failed.</remarks>
internal sealed class SendTransactions(long timeout, int window, bool pipelining)
{
    // Chunks of messages that only want to hear of failures are remembered for a while, but no more of them than this.
    private const int MaximumSilent = 4096;

    private readonly Queue<SendTransaction> _pending = new();
    private readonly Queue<SendTransaction> _written = new();
    private readonly Dictionary<UInt128, SendTransaction> _byId = [];
    private readonly Stack<SendTransaction> _spare = new();
    private long _lastAnswer = long.MinValue;
    private int _waiting;

    /// <summary>Octets in chunks that want an answer and have none.</summary>
    public long Unanswered { get; private set; }

    /// <summary>Chunks whose message still waits for an answer to them. Those of a message that has ended are only remembered, so that the window tells what the far end has to work through.</summary>
    public int Count => _byId.Values.Count(transaction => transaction.Transfer is { IsDone: false });

    /// <summary>When the oldest chunk will have waited too long; <see cref="long.MaxValue"/> when none waits.</summary>
    public long NextDeadline =>
        _pending.TryPeek(out var oldest) && oldest.IsHandedOver ? Math.Max(oldest.HandedOverAt, _lastAnswer) + timeout : long.MaxValue;

    /// <summary>Whether a chunk of up to that many octets may be begun.</summary>
    public bool HasRoom(long octets) => _waiting == 0 || (pipelining && Unanswered + octets <= window);

    /// <summary>A chunk has been begun.</summary>
    public SendTransaction Begin(UInt128 id, OutgoingTransfer transfer)
    {
        if (!_spare.TryPop(out var transaction))
        {
            transaction = new SendTransaction();
        }

        transaction.Id = id;
        transaction.Transfer = transfer;
        transaction.Length = 0;
        transaction.IsEnded = false;
        transaction.IsAcknowledged = false;
        transaction.HandedOverAt = long.MaxValue;
        transaction.WantsAnswer = transfer.WantsAnswers;
        transaction.IsClosed = false;
        _waiting += transaction.WantsAnswer ? 1 : 0;
        _byId.Add(id, transaction);
        _pending.Enqueue(transaction);
        return transaction;
    }

    /// <summary>The chunk has been written to its end, with a body of that many octets.</summary>
    public void End(SendTransaction transaction, int length)
    {
        transaction.IsEnded = true;
        if (!transaction.IsClosed && transaction.WantsAnswer)
        {
            transaction.Length = length;
            Unanswered += length;
        }

        _written.Enqueue(transaction);
    }

    /// <summary>What was written has been handed to the transport.</summary>
    public void HandOver(long now)
    {
        while (_written.TryDequeue(out var transaction))
        {
            transaction.HandedOverAt = now;
        }

        DropClosed();
        while (_pending.Count > MaximumSilent && _pending.Peek() is { WantsAnswer: false, IsHandedOver: true } oldest)
        {
            Close(oldest);
            DropClosed();
        }
    }

    /// <summary>An answer has come: the message that it is about, and the octets of the chunk; null when it belongs to none of these.</summary>
    public OutgoingTransfer? Answer(UInt128 id, int status, long now, out int length)
    {
        length = 0;
        if (!_byId.TryGetValue(id, out var transaction))
        {
            return null;
        }

        var transfer = transaction.Transfer;
        length = transaction.Length;
        transaction.IsAcknowledged = !transaction.IsEnded && status is >= 200 and < 300;
        if (_pending.Peek() == transaction)
        {
            _lastAnswer = now;
        }

        Close(transaction);
        DropClosed();
        return transfer;
    }

    /// <summary>The message of a chunk that has waited too long, or null when none has. To be called until it gives null.</summary>
    public OutgoingTransfer? Expire(long now)
    {
        while (NextDeadline <= now)
        {
            var oldest = _pending.Peek();
            var transfer = oldest.WantsAnswer ? oldest.Transfer : null;
            Close(oldest);
            DropClosed();
            if (transfer is not null)
            {
                return transfer;
            }
        }

        return null;
    }

    /// <summary>The session has ended: no answer is waited for.</summary>
    public void CloseAll()
    {
        foreach (var transaction in _pending)
        {
            if (!transaction.IsClosed)
            {
                Close(transaction);
            }
        }

        DropClosed();
    }

    private void Close(SendTransaction transaction)
    {
        _byId.Remove(transaction.Id);
        transaction.IsClosed = true;
        transaction.Transfer = null;
        if (transaction.WantsAnswer)
        {
            _waiting--;
            Unanswered -= transaction.Length;
        }
    }

    // A transaction is used again only when the transport has it and the queue no longer does.
    private void DropClosed()
    {
        while (_pending.TryPeek(out var oldest) && oldest is { IsClosed: true, IsHandedOver: true })
        {
            _pending.Dequeue();
            _spare.Push(oldest);
        }
    }
}
