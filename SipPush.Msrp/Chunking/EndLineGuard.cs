using System.Diagnostics;
using System.Runtime.CompilerServices;

namespace SipPush.Msrp.Chunking;

/// <summary>Watches the body of a chunk on its way out, so that hyphens, transaction id and flag never appear in it (RFC 4975 §7.1). What may be
/// the beginning is remembered from piece to piece. A struct with state: kept in a field, passed by reference.</summary>
internal struct EndLineGuard
{
    private const int Hyphens = 7;
    private const int MaxTransactionId = 32;

    private Octets _needle;
    private Octets _tail;
    private int _needleLength;
    private int _tailLength;

    /// <summary>A chunk with that id begins.</summary>
    public void Reset(ReadOnlySpan<byte> transactionId)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(transactionId.Length, MaxTransactionId);
        Span<byte> needle = _needle;
        needle[..Hyphens].Fill((byte)'-');
        transactionId.CopyTo(needle[Hyphens..]);
        _needleLength = Hyphens + transactionId.Length;
        _tailLength = 0;
    }

    /// <summary>How many octets of the next piece of the body may be sent before the chunk has to be interrupted: up to but without the flag that would
    /// complete an end-line, so 0 when all but that went out before. The length of the piece when there is nothing to be feared; otherwise
    /// the next call has to be <see cref="Reset"/>, for the chunk that goes on with what is left.</summary>
    public int IndexOfConflict(ReadOnlySpan<byte> piece)
    {
        Debug.Assert(_needleLength > Hyphens);
        ReadOnlySpan<byte> needle = ((ReadOnlySpan<byte>)_needle)[.._needleLength];

        if (_tailLength > 0)
        {
            Span<byte> border = stackalloc byte[2 * (Hyphens + MaxTransactionId)];
            var ahead = Math.Min(piece.Length, needle.Length);
            ((ReadOnlySpan<byte>)_tail)[.._tailLength].CopyTo(border);
            piece[..ahead].CopyTo(border[_tailLength..]);
            var flag = IndexOfFlag(border[..(_tailLength + ahead)], needle);

            if (flag >= 0)
            {
                return flag - _tailLength;
            }
        }

        var conflict = IndexOfFlag(piece, needle);

        if (conflict >= 0)
        {
            return conflict;
        }

        Remember(piece);
        return piece.Length;
    }

    private static int IndexOfFlag(ReadOnlySpan<byte> octets, ReadOnlySpan<byte> needle)
    {
        for (var from = 0; ; from++)
        {
            var found = octets[from..].IndexOf(needle);

            if (found < 0)
            {
                return -1;
            }

            from += found;
            var flag = from + needle.Length;

            if (flag < octets.Length && octets[flag] is (byte)'+' or (byte)'$' or (byte)'#')
            {
                return flag;
            }
        }
    }

    // The last octets, as many as come before a flag, from the first hyphen among them: mostly there is none, and the next border costs nothing.
    private void Remember(ReadOnlySpan<byte> piece)
    {
        Span<byte> tail = _tail;

        if (piece.Length < _needleLength && _tailLength > 0)
        {
            var kept = Math.Min(_tailLength, _needleLength - piece.Length);
            tail.Slice(_tailLength - kept, kept).CopyTo(tail);
            piece.CopyTo(tail[kept..]);
            _tailLength = kept + piece.Length;
        }
        else
        {
            var last = piece[^Math.Min(piece.Length, _needleLength)..];
            last.CopyTo(tail);
            _tailLength = last.Length;
        }

        var hyphen = tail[.._tailLength].IndexOf((byte)'-');

        if (hyphen < 0)
        {
            _tailLength = 0;
        }
        else if (hyphen > 0)
        {
            tail[hyphen.._tailLength].CopyTo(tail);
            _tailLength -= hyphen;
        }
    }

    [InlineArray(Hyphens + MaxTransactionId)]
    private struct Octets
    {
        private byte _first;
    }
}
