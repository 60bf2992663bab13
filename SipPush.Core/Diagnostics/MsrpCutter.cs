namespace SipPush.Diagnostics;

/// <summary>
/// Cuts one direction of an MSRP connection into pieces, each to be a packet of its own: a message whole (RFC 4975 §7.3.1), or, when it is larger than a piece may be, as
/// much of it as goes in. A message always begins a piece, and an end-line is never torn. Nothing is dropped, whatever the octets are.
/// </summary>
/// <remarks>What is held back is never more than one piece. This is not the framing of the endpoint: it judges nothing but where a message begins and ends.</remarks>
/// <param name="largestPiece">Octets of a piece at the most; more than the longest end-line has.</param>
internal sealed class MsrpCutter(int largestPiece)
{
    private const int FlagAndLineEnd = 3;

    // RFC 4975 §9 has at most 32; whoever breaks that is still recorded by messages.
    private const int LongestTransactionId = 64;

    private byte[] _buffer = new byte[Math.Min(largestPiece, 1024)];
    private int _start;
    private int _end;
    private Phase _phase;

    // The end-line from the CRLF in front of it up to its flag, and octets held in which it does not begin.
    private byte[] _endLine = [];
    private int _searched;

    private enum Phase
    {
        Between,
        Message,

        // An endpoint gives up what it can't frame, so there is no way back.
        NotMsrp,
    }

    /// <summary>The transaction id of the message that is being held or was the last to be taken; empty before the first.</summary>
    public ReadOnlySpan<byte> TransactionId => _endLine.AsSpan(Math.Min(_endLine.Length, EndLineStart.Length));

    private static ReadOnlySpan<byte> MessageStart => "MSRP "u8;

    private static ReadOnlySpan<byte> EndLineStart => "\r\n-------"u8;

    private ReadOnlySpan<byte> Held => _buffer.AsSpan(_start.._end);

    /// <summary>The next piece, good until the next call; empty when more octets are needed. Takes what it looks at from the front of <paramref name="octets"/>: it is to be
    /// called again until nothing comes.</summary>
    public ReadOnlySpan<byte> Take(scoped ref ReadOnlySpan<byte> octets)
    {
        while (true)
        {
            if (FindPiece() is > 0 and var length)
            {
                return Take(length);
            }

            if (octets.IsEmpty)
            {
                return default;
            }

            Hold(ref octets);
        }
    }

    /// <summary>What is held of a message that has not ended, up to where its end-line may begin.</summary>
    public ReadOnlySpan<byte> TakeBegun() => _phase == Phase.Message ? Take(_searched) : default;

    /// <summary>All that is held: nothing more will come.</summary>
    public ReadOnlySpan<byte> TakeRest() => Take(_end - _start);

    private ReadOnlySpan<byte> Take(int length)
    {
        var piece = Held[..length];
        _start += length;
        _searched = Math.Max(0, _searched - length);
        return piece;
    }

    private void Hold(ref ReadOnlySpan<byte> octets)
    {
        var needed = Math.Min(Held.Length + octets.Length, largestPiece);
        if (needed > _buffer.Length)
        {
            Array.Resize(ref _buffer, Math.Min(Math.Max(needed, 2 * _buffer.Length), largestPiece));
        }

        if (_start + needed > _buffer.Length)
        {
            Held.CopyTo(_buffer);
            (_start, _end) = (0, _end - _start);
        }

        var taken = octets[..(needed - Held.Length)];
        taken.CopyTo(_buffer.AsSpan(_end));
        _end += taken.Length;
        octets = octets[taken.Length..];
    }

    private int FindPiece()
    {
        if (_phase == Phase.Between)
        {
            // Between messages there may be CRLFs, to keep a connection alive.
            if (Held.IndexOfAnyExcept((byte)'\r', (byte)'\n') is not 0 and var lineEnds)
            {
                return lineEnds < 0 ? Held.Length : lineEnds;
            }

            Begin();
        }

        return _phase switch
        {
            Phase.Message => FindEnd(),
            Phase.NotMsrp => Held.Length,
            _ => 0,
        };
    }

    /// <summary>Reads <c>pMSRP SP transact-id SP</c>; stays between messages when that is not all there yet.</summary>
    private void Begin()
    {
        var common = Math.Min(Held.Length, MessageStart.Length);
        if (!MessageStart.StartsWith(Held[..common]))
        {
            _phase = Phase.NotMsrp;
            return;
        }

        var id = Held[common..];
        var length = id.IndexOf((byte)' ');
        if (length < 0 && id.Length <= LongestTransactionId)
        {
            return;
        }

        if (length is > 0 and <= LongestTransactionId && !id[..length].ContainsAnyExceptInRange((byte)'!', (byte)'~'))
        {
            _phase = Phase.Message;
            _endLine = [.. EndLineStart, .. id[..length]];
            _searched = MessageStart.Length + length;
        }
        else
        {
            _phase = Phase.NotMsrp;
        }
    }

    private int FindEnd()
    {
        for (int found; (found = Held[_searched..].IndexOf(_endLine)) >= 0;)
        {
            var at = _searched + found;
            var end = at + _endLine.Length + FlagAndLineEnd;
            if (end > Held.Length)
            {
                _searched = at;
                return CutWhenFull();
            }

            if (Held[end - FlagAndLineEnd] is (byte)'$' or (byte)'+' or (byte)'#' && Held[end - 2] == '\r' && Held[end - 1] == '\n')
            {
                _phase = Phase.Between;
                return end;
            }

            _searched = at + _endLine.Length;
        }

        // It has no CR but its first octet, so that the last one is where it may have begun.
        var from = Math.Max(_searched, Held.Length - _endLine.Length + 1);
        var begun = Held[from..].LastIndexOf((byte)'\r');
        _searched = begun >= 0 && _endLine.AsSpan().StartsWith(Held[(from + begun)..]) ? from + begun : Held.Length;
        return CutWhenFull();
    }

    // So much stays that the end-line, should it have begun, is neither torn nor alone in the last piece.
    private int CutWhenFull() => Held.Length < largestPiece ? 0 : largestPiece - _endLine.Length - FlagAndLineEnd;
}
