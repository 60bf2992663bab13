namespace SipPush.Sip.Parsing;

/// <summary>
/// Finds the parts of one message (RFC 3261 §7): the start line, the header lines with their folds, the body. It cuts and does
/// not interpret, except for Content-Length, which says where the body ends. Bare LF ends a line too. After a fault it goes on
/// where it can, so that the request can still be answered.
/// </summary>
internal static class SipParser
{
    private static readonly System.Buffers.SearchValues<byte> VersionCharacters = System.Buffers.SearchValues.Create("0123456789."u8);

    // No URI has these in it (RFC 3986 §2); a request for one in brackets or with a stray quote is not guessed at.
    private static readonly System.Buffers.SearchValues<byte> NotInUri = System.Buffers.SearchValues.Create(
        [.. Enumerable.Range(0, 0x21).Select(octet => (byte)octet), (byte)'"', (byte)'<', (byte)'>']);

    /// <summary>Fills <paramref name="index"/> with what stands in <paramref name="message"/>, which holds one datagram or one framed message.</summary>
    public static SipParseError Parse(ReadOnlySpan<byte> message, SipLimits limits, MessageIndex index)
    {
        index.Reset();

        var position = 0;
        while (position < message.Length && message[position] is (byte)'\r' or (byte)'\n')
        {
            position++;
        }

        if (position == message.Length)
        {
            return SipParseError.Empty;
        }

        var end = message[position..].IndexOf((byte)'\n');
        var lineLength = end < 0 ? message.Length - position : end;

        var error = ReadStartLine(message, position, lineLength, index);
        if (lineLength > limits.StartLine)
        {
            error = SipParseError.StartLineTooLong;
        }

        position += end < 0 ? lineLength : end + 1;
        var headers = ReadHeaders(message, position, limits, index);
        if (error == SipParseError.None)
        {
            error = headers;
        }

        if (error == SipParseError.None && HasTooManyVias(message, limits, index))
        {
            error = SipParseError.TooManyVias;
        }

        var body = ReadBody(message, limits, index);
        return error == SipParseError.None ? body : error;
    }

    private static SipParseError ReadStartLine(ReadOnlySpan<byte> message, int start, int length, MessageIndex index)
    {
        var line = message.Slice(start, length);
        if (line.Length > 0 && line[^1] == '\r')
        {
            line = line[..^1];
        }

        // No method has a slash in it, so this is a response even when the rest of the line is not readable.
        if (line.Length >= 4 && System.Text.Ascii.EqualsIgnoreCase(line[..4], "SIP/"u8))
        {
            return ReadStatusLine(line, start, index);
        }

        index.IsRequest = true;
        var method = line.IndexOf((byte)' ');
        if (method <= 0)
        {
            return SipParseError.StartLine;
        }

        index.MethodStart = start;
        index.MethodLength = method;

        var version = line.LastIndexOf((byte)' ');
        var uri = line[(method + 1)..Math.Max(version, method + 1)];
        index.UriStart = start + method + 1;
        index.UriLength = uri.Length;

        if (!SipGrammar.IsToken(line[..method]) || uri.IsEmpty || uri.ContainsAny(NotInUri))
        {
            return SipParseError.StartLine;
        }

        var protocol = line[(version + 1)..];
        return System.Text.Ascii.EqualsIgnoreCase(protocol, "SIP/2.0"u8) ? SipParseError.None
            : IsVersion(protocol) ? SipParseError.Version
            : SipParseError.StartLine;
    }

    private static SipParseError ReadStatusLine(ReadOnlySpan<byte> line, int start, MessageIndex index)
    {
        const int CodeStart = 8;

        var version = line.IndexOf((byte)' ');
        if (version != CodeStart - 1 || !System.Text.Ascii.EqualsIgnoreCase(line[..version], "SIP/2.0"u8))
        {
            return version > 0 && IsVersion(line[..version]) ? SipParseError.Version : SipParseError.StartLine;
        }

        if (line.Length < CodeStart + 3
            || !SipGrammar.TryParseNumber(line.Slice(CodeStart, 3), out var status)
            || status is < 100 or > 699
            || (line.Length > CodeStart + 3 && line[CodeStart + 3] != ' '))
        {
            return SipParseError.StartLine;
        }

        index.Status = (int)status;
        index.ReasonStart = start + Math.Min(CodeStart + 4, line.Length);
        index.ReasonLength = Math.Max(0, line.Length - CodeStart - 4);
        return SipParseError.None;
    }

    // SIP-Version = "SIP" "/" 1*DIGIT "." 1*DIGIT
    private static bool IsVersion(ReadOnlySpan<byte> text) =>
        text.Length > 4
        && System.Text.Ascii.EqualsIgnoreCase(text[..4], "SIP/"u8)
        && !text[4..].ContainsAnyExcept(VersionCharacters);

    private static SipParseError ReadHeaders(ReadOnlySpan<byte> message, int position, SipLimits limits, MessageIndex index)
    {
        var error = SipParseError.None;

        // Nothing is looked at past the limit: a longer section is answered with what was found before it.
        var section = message[..Math.Min(message.Length, limits.HeaderSection)];
        if (position > section.Length)
        {
            index.HeadersEnd = position;
            index.BodyStart = message.Length;
            return SipParseError.HeaderSection;
        }

        while (true)
        {
            var rest = section[position..];
            var end = rest.IndexOf((byte)'\n');
            if (end < 0)
            {
                index.HeadersEnd = position;
                index.BodyStart = message.Length;
                return error != SipParseError.None ? error
                    : section.Length < message.Length ? SipParseError.HeaderSection
                    : SipParseError.HeadersTruncated;
            }

            if (end == 0 || (end == 1 && rest[0] == '\r'))
            {
                index.HeadersEnd = position;
                index.BodyStart = position + end + 1;
                return error;
            }

            // A line that begins with white space continues the one before it.
            while (position + end + 1 < section.Length && section[position + end + 1] is (byte)' ' or (byte)'\t')
            {
                var more = rest[(end + 1)..].IndexOf((byte)'\n');
                if (more < 0)
                {
                    break;
                }
                end += more + 1;
            }

            if (index.Count >= limits.HeaderCount)
            {
                index.HeadersEnd = position;
                index.BodyStart = message.Length;
                return error == SipParseError.None ? SipParseError.HeaderCount : error;
            }

            if (!TryReadHeader(rest[..end], position, index) && !TryContinueList(message, rest[..end], position, index))
            {
                error = error == SipParseError.None ? SipParseError.HeaderLine : error;
            }
            else if (end > limits.HeaderLine && error == SipParseError.None)
            {
                error = SipParseError.HeaderLineTooLong;
            }

            position += end + 1;
        }
    }

    // A list that goes on in a line of its own lost the white space of its fold, as one of RFC 3665 §3.10 did in print.
    private static bool TryContinueList(ReadOnlySpan<byte> message, ReadOnlySpan<byte> line, int start, MessageIndex index)
    {
        if (index.Count == 0 || line[0] != '<')
        {
            return false;
        }

        ref var last = ref index.Entries[index.Count - 1];
        if (last.ValueLength == 0 || message[last.ValueStart + last.ValueLength - 1] != ',')
        {
            return false;
        }

        last.ValueLength = (ushort)(start + line.TrimEnd(" \t\r\n"u8).Length - last.ValueStart);
        return true;
    }

    // header = name *( SP / HTAB ) ":" SWS value
    private static bool TryReadHeader(ReadOnlySpan<byte> line, int start, MessageIndex index)
    {
        var colon = line.IndexOf((byte)':');
        var nameLength = Math.Max(colon, 0);
        while (nameLength > 0 && line[nameLength - 1] is (byte)' ' or (byte)'\t')
        {
            nameLength--;
        }

        var id = HeaderIds.Find(line[..nameLength]);
        if (id == HeaderId.Other && !SipGrammar.IsToken(line[..nameLength]))
        {
            return false;
        }

        var valueStart = colon + 1;
        while (valueStart < line.Length && SipGrammar.IsWhiteSpace(line[valueStart]))
        {
            valueStart++;
        }

        var valueEnd = line.Length;
        while (valueEnd > valueStart && SipGrammar.IsWhiteSpace(line[valueEnd - 1]))
        {
            valueEnd--;
        }

        ref var entry = ref index.Add();
        entry.Id = id;
        entry.Start = (ushort)start;
        entry.NameLength = (ushort)nameLength;
        entry.ValueStart = (ushort)(start + valueStart);
        entry.ValueLength = (ushort)(valueEnd - valueStart);
        return true;
    }

    private static bool HasTooManyVias(ReadOnlySpan<byte> message, SipLimits limits, MessageIndex index)
    {
        // No value is shorter than "SIP/2.0/X y,", so few octets need no count.
        if (index.HeadersEnd <= limits.Vias * "SIP/2.0/X y,".Length)
        {
            return false;
        }

        var values = 0;
        for (var i = index.Find(HeaderId.Via); i >= 0; i = index.Find(HeaderId.Via, i + 1))
        {
            values += 1 + message.Slice(index.Entries[i].ValueStart, index.Entries[i].ValueLength).Count((byte)',');
        }

        return values > limits.Vias;
    }

    private static SipParseError ReadBody(ReadOnlySpan<byte> message, SipLimits limits, MessageIndex index)
    {
        var available = message.Length - index.BodyStart;
        index.BodyLength = available;

        uint? announced = null;
        for (var i = index.Find(HeaderId.ContentLength); i >= 0; i = index.Find(HeaderId.ContentLength, i + 1))
        {
            var entry = index.Entries[i];
            if (!SipGrammar.TryParseNumber(message.Slice(entry.ValueStart, entry.ValueLength), out var length) || (announced is { } other && other != length))
            {
                return SipParseError.ContentLength;
            }
            announced = length;
        }

        if (announced is { } octets)
        {
            if (octets > available)
            {
                return SipParseError.BodyTruncated;
            }
            index.BodyLength = (int)octets;
        }

        return index.BodyLength > limits.Body ? SipParseError.BodyTooLarge : SipParseError.None;
    }
}
