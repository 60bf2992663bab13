namespace SipPush.Sip;

/// <summary>
/// Gathers the Content-Length of one header section, line by line: <c>1*DIGIT</c> with white space around it, which a
/// folded line continues (RFC 3261 §7.3.1, §20.14). Several fields must agree.
/// </summary>
internal struct ContentLengthReader
{
    private enum Part
    {
        Outside,
        BeforeDigits,
        Digits,
        AfterDigits,
    }

    private Part _part;
    private long _current;

    /// <summary>The value that the fields so far agree on; null when there was none.</summary>
    public long? Value { get; private set; }

    /// <summary>True once a field was not a number, or disagreed with an earlier one.</summary>
    public bool IsInvalid { get; private set; }

    /// <summary>Takes one line after the start-line, without its line end.</summary>
    public void Line(ReadOnlySpan<byte> line)
    {
        if (line[0] is (byte)' ' or (byte)'\t')
        {
            // A fold belongs to whichever field it continues, whatever it looks like.
            if (_part != Part.Outside)
            {
                Read(line);
            }
            return;
        }

        EndField();

        if ((line[0] | 0x20) is not ((byte)'c' or (byte)'l') || line.IndexOf((byte)':') is not (> 0 and var colon))
        {
            return;
        }

        var name = line[..colon].TrimEnd(" \t"u8);

        if (System.Text.Ascii.EqualsIgnoreCase(name, "Content-Length"u8) || System.Text.Ascii.EqualsIgnoreCase(name, "l"u8))
        {
            _part = Part.BeforeDigits;
            _current = 0;
            Read(line[(colon + 1)..]);
        }
    }

    /// <summary>The header section has ended, and with it its last field.</summary>
    public void EndField()
    {
        if (_part == Part.Outside)
        {
            return;
        }

        if (_part == Part.BeforeDigits || (Value is { } earlier && earlier != _current))
        {
            IsInvalid = true;
        }

        Value ??= _current;
        _part = Part.Outside;
    }

    private void Read(ReadOnlySpan<byte> value)
    {
        // The fold itself is white space, so digits on both sides of it are two numbers.
        if (_part == Part.Digits)
        {
            _part = Part.AfterDigits;
        }

        foreach (var octet in value)
        {
            switch (octet)
            {
                case (byte)' ' or (byte)'\t':
                    _part = _part == Part.Digits ? Part.AfterDigits : _part;
                    break;

                case >= (byte)'0' and <= (byte)'9' when _part != Part.AfterDigits && _current <= (long.MaxValue - 9) / 10:
                    _part = Part.Digits;
                    _current = (_current * 10) + (octet - '0');
                    break;

                default:
                    IsInvalid = true;
                    _part = Part.AfterDigits;
                    break;
            }
        }
    }
}
