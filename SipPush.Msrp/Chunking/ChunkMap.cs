namespace SipPush.Msrp.Chunking;

/// <summary>Which octets of one message have come, for a target to which each is written at its offset (RFC 4975 §7.3.1): the last received
/// win, and nothing is held. The limits are those of <see cref="Reassembler"/> but for the gap buffer, and so are the rules for the total;
/// only that here a <c>$</c> before octets written already counts as it stands: the target is cut to <see cref="Total"/> in the end.</summary>
internal sealed class ChunkMap(ReassemblyLimits limits)
{
    private ReceivedRanges? _beyond;
    private long _position;
    private ReassemblyOutcome _outcome;
    private bool _closed;

    /// <summary>Octets that came without a gap from offset 0.</summary>
    public long Contiguous { get; private set; }

    /// <summary>Octets that came.</summary>
    public long Received => Contiguous + (_beyond?.Covered ?? 0);

    /// <summary>Length of the message, once the chunk with <c>$</c> has come.</summary>
    public long? Total { get; private set; }

    /// <summary>Whether all octets have come.</summary>
    public bool IsComplete => Total == Contiguous;

    /// <summary>A chunk begins at that offset (counted from 0). Only one chunk is open at a time.</summary>
    public void BeginChunk(long offset)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(offset);
        _position = offset;
    }

    /// <summary>More octets of the open chunk: the first <paramref name="count"/> of them are to be written at <paramref name="offset"/>, the others are
    /// not part of the message. A message that is complete takes no more.</summary>
    public ReassemblyOutcome Append(int length, out long offset, out int count)
    {
        offset = _position;
        count = 0;

        if (_closed)
        {
            return _outcome;
        }

        if (IsComplete)
        {
            return ReassemblyOutcome.Taken;
        }

        if (length > limits.MessageSize - _position)
        {
            return Close(ReassemblyOutcome.MessageTooLarge);
        }

        _position += length;

        var taken = (int)Math.Max(0, Math.Min(_position, Total ?? _position) - offset);
        var end = offset + taken;

        if (offset > Contiguous)
        {
            _beyond ??= new ReceivedRanges();

            if (!_beyond.TryAdd(offset, taken, limits.Ranges))
            {
                return Close(ReassemblyOutcome.TooManyGaps);
            }
        }
        else if (end > Contiguous)
        {
            Contiguous = end;
            Join();
        }

        count = taken;
        return ReassemblyOutcome.Taken;
    }

    /// <summary>The open chunk has ended. With <c>#</c> nothing more is taken. The outcome is that of <see cref="Append"/>, or
    /// <see cref="ReassemblyOutcome.MessageTooLarge"/> when an empty chunk puts the end of the message beyond its limit.</summary>
    public ReassemblyOutcome EndChunk(ContinuationFlag flag)
    {
        if (_closed)
        {
            return _outcome;
        }

        if (flag == ContinuationFlag.Aborted)
        {
            return IsComplete ? ReassemblyOutcome.Taken : Close(ReassemblyOutcome.Taken);
        }

        if (flag == ContinuationFlag.Complete && Total is null)
        {
            if (_position > limits.MessageSize)
            {
                return Close(ReassemblyOutcome.MessageTooLarge);
            }

            Total = _position;
            Contiguous = Math.Min(Contiguous, _position);
            _beyond?.RemoveFrom(_position);
        }
        return ReassemblyOutcome.Taken;
    }

    private void Join()
    {
        if (_beyond is { Count: > 0 } && _beyond[0].Start <= Contiguous)
        {
            _beyond.RemoveBefore(Contiguous);

            if (_beyond.Count > 0 && _beyond[0].Start == Contiguous)
            {
                Contiguous = _beyond[0].End;
                _beyond.RemoveBefore(Contiguous);
            }
        }
    }

    private ReassemblyOutcome Close(ReassemblyOutcome outcome)
    {
        _closed = true;
        _outcome = outcome;
        _beyond = null;
        return outcome;
    }
}
