namespace SipPush.Sip;

/// <summary>
/// Cuts a stream into SIP messages by Content-Length (RFC 3261 §18.3). It is given the octets not yet consumed, always from
/// the first of them, and remembers how far it has looked, so each octet is searched once however they arrive.
/// </summary>
/// <remarks>
/// Strict ends of line are CRLF; a bare LF ends a line too. Empty lines before a message are skipped (§7.5). A header section that is
/// in error is read to its end first, so that what is reported can be answered. One CRLF by itself means nothing unless this side has
/// pinged, and two are a ping whenever they come; so only who asks with a pong outstanding is told of one, and it takes no part in a ping.
/// </remarks>
/// <param name="headerSectionLimit">Octets of start-line, headers and empty line, with the empty lines in front, at most.</param>
/// <param name="bodyLimit">Octets of body at most.</param>
internal sealed class StreamFramer(int headerSectionLimit, int bodyLimit)
{
    private int _leading;
    private int _lineStart;
    private int _examined;
    private int _total;
    private bool _started;
    private bool _afterEmptyLine;
    private ContentLengthReader _contentLength;

    /// <summary>Octets looked at since the framer was made; what a test counts instead of time.</summary>
    internal long Searched { get; private set; }

    /// <summary>
    /// What stands at the start of <paramref name="unconsumed"/>. After NeedMore the next call brings the same octets and more;
    /// after Done, KeepAlive and Pong it starts behind <see cref="FramingOutcome.Consumed"/>; after Error there is none.
    /// </summary>
    /// <param name="unconsumed">The octets.</param>
    /// <param name="pongAwaited">True takes the next CRLF in front of a message for the pong. One that was seen before is none.</param>
    public FramingOutcome Next(ReadOnlySpan<byte> unconsumed, bool pongAwaited = false)
    {
        if (_total > 0)
        {
            return Body(unconsumed);
        }

        // Looking no further than the limit makes the outcome independent of how the octets were cut.
        var window = unconsumed[..Math.Min(unconsumed.Length, headerSectionLimit)];

        if (!_started && EmptyLines(window, pongAwaited) is { } keepAlive)
        {
            return keepAlive;
        }

        if (_started && HeaderSection(window))
        {
            return EndOfHeaderSection(unconsumed);
        }

        return window.Length == headerSectionLimit
            ? Error(SipFramingError.HeaderSectionTooLarge, window.Length)
            : default;
    }

    private FramingOutcome? EmptyLines(ReadOnlySpan<byte> window, bool pongAwaited)
    {
        while (_leading < window.Length)
        {
            if (window[_leading] == '\n')
            {
                _leading++;
                Searched++;
                _afterEmptyLine = false;
            }
            else if (window[_leading] != '\r')
            {
                _started = true;
                break;
            }
            else if (_leading + 1 == window.Length)
            {
                break;
            }
            else if (window[_leading + 1] != '\n')
            {
                _started = true;
                break;
            }
            else
            {
                _leading += 2;
                Searched += 2;

                if (pongAwaited)
                {
                    return Found(FramingStatus.Pong, length: 2);
                }

                if (_afterEmptyLine)
                {
                    return Found(FramingStatus.KeepAlive, length: 4);
                }
                _afterEmptyLine = true;
            }
        }

        _lineStart = _examined = _leading;
        return null;
    }

    private FramingOutcome Found(FramingStatus status, int length)
    {
        var found = new FramingOutcome(status, _leading - length, length);
        Reset();
        return found;
    }

    /// <summary>Walks the lines; true at the empty one, with <see cref="_examined"/> behind it.</summary>
    private bool HeaderSection(ReadOnlySpan<byte> window)
    {
        while (true)
        {
            var at = window[_examined..].IndexOf((byte)'\n');

            if (at < 0)
            {
                Searched += window.Length - _examined;
                _examined = window.Length;
                return false;
            }

            Searched += at + 1;
            _examined += at + 1;
            var line = window[_lineStart..(_examined - 1)];

            if (line is [.., (byte)'\r'])
            {
                line = line[..^1];
            }

            if (line.IsEmpty)
            {
                return true;
            }

            if (_lineStart > _leading)
            {
                _contentLength.Line(line);
            }
            _lineStart = _examined;
        }
    }

    private FramingOutcome EndOfHeaderSection(ReadOnlySpan<byte> unconsumed)
    {
        _contentLength.EndField();

        if (_contentLength.IsInvalid)
        {
            return Error(SipFramingError.InvalidContentLength, _examined);
        }

        if (_contentLength.Value is not { } body)
        {
            return Error(SipFramingError.MissingContentLength, _examined);
        }

        if (body > bodyLimit)
        {
            return Error(SipFramingError.BodyTooLarge, _examined);
        }

        _total = _examined + (int)body;
        return Body(unconsumed);
    }

    private FramingOutcome Body(ReadOnlySpan<byte> unconsumed)
    {
        if (unconsumed.Length < _total)
        {
            return default;
        }

        var message = new FramingOutcome(FramingStatus.Done, _leading, _total - _leading);
        Reset();
        return message;
    }

    private FramingOutcome Error(SipFramingError error, int end) =>
        new(FramingStatus.Error, _leading, end - _leading, error);

    private void Reset()
    {
        _leading = _lineStart = _examined = _total = 0;
        _started = _afterEmptyLine = false;
        _contentLength = default;
    }
}
