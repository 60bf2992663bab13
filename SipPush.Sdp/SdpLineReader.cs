namespace SipPush.Sdp;

/// <summary>Cuts a description into lines. CRLF and LF end one (RFC 8866 §5).</summary>
internal ref struct SdpLineReader(ReadOnlySpan<byte> octets)
{
    private ReadOnlySpan<byte> _rest = octets;

    /// <summary>The number of the last line that was read, from 1.</summary>
    public int Number { get; private set; }

    /// <summary>The line without its end.</summary>
    public ReadOnlySpan<byte> Line { get; private set; }

    /// <summary>False where the last line stops without an end.</summary>
    public bool IsTerminated { get; private set; }

    /// <summary>False where there is no further line.</summary>
    public bool Read()
    {
        if (_rest.IsEmpty)
        {
            return false;
        }

        Number++;
        var end = _rest.IndexOf((byte)'\n');
        IsTerminated = end >= 0;
        Line = IsTerminated ? _rest[..end] : _rest;
        _rest = IsTerminated ? _rest[(end + 1)..] : default;
        if (IsTerminated && Line is [.., (byte)'\r'])
        {
            Line = Line[..^1];
        }

        return true;
    }
}
