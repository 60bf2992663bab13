using System.Buffers;
using System.Diagnostics;
using SipPush.Msrp.Diagnostics;

namespace SipPush.Msrp.Chunking;

/// <summary>Puts the chunks of one message in order for a reader that streams (RFC 4975 §7.3.1). Octets in order go to the output at
/// once; those before their turn are held in rented buffers, within limits; what was delivered stays as it was. Pure: no clock, lock or task.</summary>
/// <remarks>Among held octets the last received win. Lengths are counted, never taken from a Byte-Range. The first chunk that ends with <c>$</c>
/// fixes the total, whatever was announced; what lies beyond is ignored, and so is a second <c>$</c> elsewhere. A <c>$</c> before octets that
/// are delivered already can't take them back: the total is then what was delivered. Once a limit is passed the message is lost: what was
/// held is let go, and each further call gives the same outcome.</remarks>
internal sealed class Reassembler(ReassemblyLimits limits) : IDisposable
{
    /// <summary>Size of the buffers held octets lie in.</summary>
    public const int PageSize = 1 << PageShift;

    private const int PageShift = 13;

    private readonly ReassemblyLimits _limits = limits;

    // Held octets lie at their offset modulo the page: what comes again is simply written over, and pieces however small share pages.
    private ReceivedRanges? _held;
    private Dictionary<long, byte[]>? _pages;

    // Where the next octet of the open chunk belongs.
    private long _position;

    // Octets in order up to here need no look at anything else: not beyond the limits or the total, nothing held yet. -1 when closed.
    private long _straight = limits.MessageSize;
    private ReassemblyOutcome _outcome;
    private bool _closed;

    /// <summary>Octets delivered.</summary>
    public long Delivered { get; private set; }

    /// <summary>Octets that came, those delivered and those held.</summary>
    public long Received => Delivered + Held;

    /// <summary>Octets held that came before their turn.</summary>
    public int Held => (int)(_held?.Covered ?? 0);

    /// <summary>Octets of buffers rented for those.</summary>
    public int Rented => (_pages?.Count ?? 0) * PageSize;

    /// <summary>Length of the message, once the chunk with <c>$</c> has come.</summary>
    public long? Total { get; private set; }

    /// <summary>Whether all has been delivered.</summary>
    public bool IsComplete => Total == Delivered;

    /// <summary>A chunk begins at that offset (counted from 0). Only one chunk is open at a time. Nothing is allocated, however large the offset is.</summary>
    public void BeginChunk(long offset)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(offset);
        _position = offset;
    }

    /// <summary>More octets of the open chunk.</summary>
    public ReassemblyOutcome Append(ReadOnlySpan<byte> octets, IBufferWriter<byte> output)
    {
        if (_position == Delivered && octets.Length <= _straight - _position)
        {
            output.Write(octets);
            _position += octets.Length;
            Delivered = _position;
            return ReassemblyOutcome.Taken;
        }
        return Place(octets, output);
    }

    /// <summary>The open chunk has ended; its octets that closed a gap are followed in the output by those that were held (only now: until its end
    /// the chunk may bring later versions of them). With <c>#</c> what was held is let go and nothing more is taken. The outcome is that of
    /// <see cref="Append"/>, or <see cref="ReassemblyOutcome.MessageTooLarge"/> when an empty chunk puts the end of the message beyond its limit.</summary>
    public ReassemblyOutcome EndChunk(ContinuationFlag flag, IBufferWriter<byte> output)
    {
        if (_closed)
        {
            return _outcome;
        }

        if (flag == ContinuationFlag.Aborted)
        {
            // A message that is whole stays whole.
            return IsComplete ? ReassemblyOutcome.Taken : Close(ReassemblyOutcome.Taken);
        }

        if (flag == ContinuationFlag.Complete && Total is null)
        {
            if (_position > _limits.MessageSize)
            {
                return Close(ReassemblyOutcome.MessageTooLarge);
            }

            Total = Math.Max(_position, Delivered);
            ForgetBeyondTotal();
        }

        DeliverHeld(output);
        return ReassemblyOutcome.Taken;
    }

    /// <summary>Returns what was rented.</summary>
    public void Dispose() => Close(_outcome);

    private ReassemblyOutcome Place(ReadOnlySpan<byte> octets, IBufferWriter<byte> output)
    {
        if (_closed)
        {
            return _outcome;
        }

        // Whatever comes once more of a message that is whole changes nothing.
        if (IsComplete)
        {
            return ReassemblyOutcome.Taken;
        }

        if (octets.Length > _limits.MessageSize - _position)
        {
            return Close(ReassemblyOutcome.MessageTooLarge);
        }

        var start = _position;
        _position += octets.Length;

        if (_position > Total)
        {
            octets = octets[..(int)Math.Max(0, Total.Value - start)];
        }

        if (start < Delivered)
        {
            var known = (int)Math.Min(octets.Length, Delivered - start);
            octets = octets[known..];
            start += known;
        }

        if (octets.IsEmpty)
        {
            return ReassemblyOutcome.Taken;
        }

        if (start == Delivered)
        {
            output.Write(octets);
            Delivered += octets.Length;
            ForgetDelivered();
            return ReassemblyOutcome.Taken;
        }
        return Hold(start, octets) ? ReassemblyOutcome.Taken : Close(ReassemblyOutcome.TooManyGaps);
    }

    private bool Hold(long start, ReadOnlySpan<byte> octets)
    {
        _held ??= new ReceivedRanges();

        if (_held.Missing(start, octets.Length) > _limits.GapBuffer - _held.Covered || !_held.TryAdd(start, octets.Length, _limits.Ranges))
        {
            return false;
        }

        _pages ??= [];

        while (!octets.IsEmpty)
        {
            var page = start >> PageShift;

            if (!_pages.TryGetValue(page, out var buffer))
            {
                buffer = ArrayPool<byte>.Shared.Rent(PageSize);
                MsrpMetrics.HasRented();
                _pages.Add(page, buffer);
            }

            var room = buffer.AsSpan(0, PageSize)[(int)(start & (PageSize - 1))..];
            var count = Math.Min(room.Length, octets.Length);
            octets[..count].CopyTo(room);
            octets = octets[count..];
            start += count;
        }

        SetStraight();
        return true;
    }

    private void DeliverHeld(IBufferWriter<byte> output)
    {
        if (_held is not { Count: > 0 } || _held[0].Start != Delivered)
        {
            return;
        }

        Debug.Assert(_pages is not null);
        var (start, end) = _held[0];

        while (start < end)
        {
            var within = (int)(start & (PageSize - 1));
            var count = (int)Math.Min(PageSize - within, end - start);
            output.Write(_pages[start >> PageShift].AsSpan(within, count));
            start += count;
        }

        Delivered = end;
        ForgetDelivered();
    }

    // Held octets that have been delivered meanwhile, from the open chunk or from here.
    private void ForgetDelivered()
    {
        if (_held is { Count: > 0 } && _held[0].Start < Delivered)
        {
            var first = _held[0].Start >> PageShift;
            _held.RemoveBefore(Delivered);

            var kept = _held.Count > 0 ? _held[0].Start >> PageShift : long.MaxValue;

            for (var page = first; page < kept && page <= Delivered >> PageShift; page++)
            {
                Return(page);
            }
        }
        SetStraight();
    }

    private void ForgetBeyondTotal()
    {
        if (_held is { Count: > 0 })
        {
            Debug.Assert(_pages is not null && Total is not null);
            var last = _held[_held.Count - 1].End;
            _held.RemoveFrom(Total.Value);

            if (last > Total)
            {
                var end = _held.Count > 0 ? _held[_held.Count - 1].End : 0;

                foreach (var page in _pages.Keys)
                {
                    if (page << PageShift >= end)
                    {
                        Return(page);
                    }
                }
            }
        }
        SetStraight();
    }

    private void SetStraight()
    {
        _straight = Total ?? _limits.MessageSize;

        if (_held is { Count: > 0 })
        {
            _straight = Math.Min(_straight, _held[0].Start);
        }
    }

    private void Return(long page)
    {
        if (_pages!.Remove(page, out var buffer))
        {
            ArrayPool<byte>.Shared.Return(buffer);
            MsrpMetrics.HasReturned();
        }
    }

    private ReassemblyOutcome Close(ReassemblyOutcome outcome)
    {
        _closed = true;
        _outcome = outcome;
        _straight = -1;
        _held = null;

        if (_pages is { } pages)
        {
            _pages = null;

            foreach (var buffer in pages.Values)
            {
                ArrayPool<byte>.Shared.Return(buffer);
                MsrpMetrics.HasReturned();
            }
        }
        return outcome;
    }
}
