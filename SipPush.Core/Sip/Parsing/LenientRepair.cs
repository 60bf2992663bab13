using System.Buffers;
using System.Globalization;
using System.Text;

namespace SipPush.Sip.Parsing;

/// <summary>
/// The lenient profile: rewrites the header section of a message where its fault has one plain meaning, before anybody has read it, so that
/// nobody downstream sees another message than the one that is acted on. What it does not know is left as it is, for the parser to refuse. On a
/// stream Content-Length has framed the message already and is never touched.
/// </summary>
internal static class LenientRepair
{
    private static ReadOnlySpan<byte> OpeningQuote => "\u201c"u8;

    private static ReadOnlySpan<byte> ClosingQuote => "\u201d"u8;

    /// <summary>The repaired message; null when there is nothing to repair, or the header section is longer than its limit.</summary>
    public static byte[]? TryRepair(ReadOnlySpan<byte> message, SipLimits limits, bool isDatagram, out LenientRepairs repairs)
    {
        repairs = LenientRepairs.None;
        var position = 0;
        while (position < message.Length && message[position] is (byte)'\r' or (byte)'\n')
        {
            position++;
        }

        var section = message[..Math.Min(message.Length, limits.HeaderSection)];
        ArrayBufferWriter<byte>? repaired = null;
        var copied = 0;
        var lines = 0;

        while (TryTakeLine(section, folds: lines > 0, ref position, out var line))
        {
            var content = section[line];
            if (content.IsEmpty)
            {
                break;
            }

            // The parser is going to refuse it.
            if (lines > limits.HeaderCount)
            {
                return null;
            }

            var better = lines == 0 ? RepairRequestLine(content, ref repairs) : RepairHeader(content, message, section, isDatagram, ref repairs);
            lines++;
            if (better is not null)
            {
                repaired ??= new ArrayBufferWriter<byte>(message.Length + 64);
                repaired.Write(message[copied..line.Start.Value]);
                repaired.Write(better);
                copied = line.End.Value;
            }
        }

        repaired?.Write(message[copied..]);
        return repaired?.WrittenSpan.ToArray();
    }

    // A line with its folds, without its line end; false when there is no whole one left. The empty line has none, whatever the body begins with.
    private static bool TryTakeLine(ReadOnlySpan<byte> section, bool folds, ref int position, out Range line)
    {
        var start = position;
        line = default;
        do
        {
            var end = section[position..].IndexOf((byte)'\n');
            if (end < 0)
            {
                return false;
            }
            position += end + 1;
        }
        while (folds && position - start > 2 && position < section.Length && section[position] is (byte)' ' or (byte)'\t');

        var last = position - 1;
        line = start..(last > start && section[last - 1] == '\r' ? last - 1 : last);
        return true;
    }

    // Three words and no more; what has more is for the parser to refuse (RFC 4475 §3.1.2.8).
    private static byte[]? RepairRequestLine(ReadOnlySpan<byte> line, ref LenientRepairs repairs)
    {
        var first = line.IndexOf((byte)' ');
        var last = line.LastIndexOf((byte)' ');
        if (first <= 0 || last <= first || last + 1 == line.Length || line.StartsWith("SIP/"u8))
        {
            return null;
        }

        var method = line[..first];
        var uri = line[first..last].Trim((byte)' ');
        var version = line[(last + 1)..];
        if (uri.IsEmpty || uri.Contains((byte)' '))
        {
            return null;
        }

        var found = LenientRepairs.None;
        if (method.Length + uri.Length + version.Length + 2 != line.Length)
        {
            found |= LenientRepairs.RequestLineSpaces;
        }

        if (uri.Length > 1 && uri[^1] == '"')
        {
            uri = uri[..^1];
            found |= LenientRepairs.StrayQuote;
        }

        repairs |= found;
        return found == LenientRepairs.None ? null : [.. method, (byte)' ', .. uri, (byte)' ', .. version];
    }

    private static byte[]? RepairHeader(ReadOnlySpan<byte> line, ReadOnlySpan<byte> message, ReadOnlySpan<byte> section, bool isDatagram, scoped ref LenientRepairs repairs)
    {
        var colon = line.IndexOf((byte)':');
        if (colon <= 0)
        {
            return null;
        }

        var id = HeaderIds.Find(line[..colon].TrimEnd(" \t"u8));
        var value = SipGrammar.Trim(line[(colon + 1)..]);
        var found = LenientRepairs.None;
        var repaired = id switch
        {
            HeaderId.From or HeaderId.To => RepairAddress(value, hasTag: true, ref found),
            HeaderId.PCalledPartyId => RepairCalledParty(value, ref found),
            HeaderId.PAssertedIdentity or HeaderId.PPreferredIdentity => RepairAddress(value, hasTag: false, ref found),
            HeaderId.Contact or HeaderId.AcceptContact or HeaderId.RejectContact => RepairFeatures(value, id, ref found),
            HeaderId.ContentLength when isDatagram => RepairContentLength(value, message, section, ref found),
            _ => value,
        };

        repairs |= found;
        return found == LenientRepairs.None ? null : [.. line[..(colon + 1)], (byte)' ', .. repaired];
    }

    private static ReadOnlySpan<byte> RepairAddress(ReadOnlySpan<byte> value, bool hasTag, scoped ref LenientRepairs found)
    {
        value = StraightenQuotes(value, ref found, out _);
        var open = SipGrammar.IndexOfOutside(value, (byte)'<');
        if (open < 0)
        {
            return value;
        }

        var close = value[open..].IndexOf((byte)'>');
        if (close < 0)
        {
            // The tag is what the URI must not swallow.
            found |= LenientRepairs.UnclosedBracket;
            var tag = hasTag ? IndexOfTag(value[open..]) : -1;
            var end = tag < 0 ? value.Length : open + tag;
            value = (byte[])[.. SipGrammar.Trim(value[..end]), (byte)'>', .. value[end..]];
            close = value[open..].IndexOf((byte)'>');
        }

        close += open;
        if (close > open + 2 && value[close - 1] == '"' && !value[(open + 1)..(close - 1)].Contains((byte)'"'))
        {
            found |= LenientRepairs.StrayQuote;
            value = (byte[])[.. value[..(close - 1)], .. value[close..]];
            close--;
        }

        if (hasTag && value[^1] == '>' && close < value.Length - 1 && IsTag(SipGrammar.Trim(value[(close + 1)..^1])))
        {
            found |= LenientRepairs.ExtraBracket;
            value = value[..^1];
        }

        return value;
    }

    // All of a bare URI is the URI, though its parameters look like the header's (RFC 3261 §20.10): a GRUU is meant (RFC 7315 §5.2).
    private static ReadOnlySpan<byte> RepairCalledParty(ReadOnlySpan<byte> value, scoped ref LenientRepairs found)
    {
        value = RepairAddress(value, hasTag: false, ref found);
        if (value.Contains((byte)'<') || value.Contains((byte)'>') || value.IndexOf((byte)':') <= 0)
        {
            return value;
        }

        var uri = value;
        if (uri[^1] == '"' && uri.Count((byte)'"') == 1)
        {
            found |= LenientRepairs.StrayQuote;
            uri = uri[..^1];
        }

        if (uri.ContainsAny(" \t\r\n\""u8))
        {
            return value;
        }

        found |= LenientRepairs.BareCalledParty;
        return (byte[])[(byte)'<', .. uri, (byte)'>'];
    }

    private static ReadOnlySpan<byte> RepairFeatures(ReadOnlySpan<byte> value, HeaderId id, scoped ref LenientRepairs found)
    {
        value = StraightenQuotes(value, ref found, out _);
        value = NameIcsi(value, ref found);
        return id == HeaderId.Contact ? DropEmptyParameters(value, ref found) : JoinFeatures(value, ref found);
    }

    private static ReadOnlySpan<byte> RepairContentLength(ReadOnlySpan<byte> value, ReadOnlySpan<byte> message, ReadOnlySpan<byte> section, scoped ref LenientRepairs found)
    {
        if (value.IsEmpty || value.ContainsAnyExcept(" ."u8) || !TryFindBody(section, out var body))
        {
            return value;
        }

        found |= LenientRepairs.ContentLengthPlaceholder;
        return Encoding.ASCII.GetBytes((message.Length - body).ToString(CultureInfo.InvariantCulture));
    }

    // False also when there is a second Content-Length: then none of them is a placeholder.
    private static bool TryFindBody(ReadOnlySpan<byte> section, out int body)
    {
        var lengths = 0;
        body = 0;
        while (body < section.Length && section[body] is (byte)'\r' or (byte)'\n')
        {
            body++;
        }

        for (var lines = 0; lengths <= 1 && TryTakeLine(section, folds: lines > 0, ref body, out var line); lines++)
        {
            var content = section[line];
            if (content.IsEmpty)
            {
                return lengths == 1;
            }

            var colon = content.IndexOf((byte)':');
            if (colon > 0 && HeaderIds.Find(content[..colon].TrimEnd(" \t"u8)) == HeaderId.ContentLength)
            {
                lengths++;
            }
        }

        return false;
    }

    // A quoted string that is closed, and followed by what may follow one, keeps its curly quotes: they are text.
    // Searched are the octets looked at for the ends of quoted strings: what a test counts instead of time.
    internal static ReadOnlySpan<byte> StraightenQuotes(ReadOnlySpan<byte> value, scoped ref LenientRepairs found, out long searched)
    {
        searched = 0;
        if (value.IndexOf(OpeningQuote) < 0 && value.IndexOf(ClosingQuote) < 0)
        {
            return value;
        }

        var straight = new byte[value.Length];
        var length = 0;
        var changed = false;

        // Where the string ends whose end was looked for last. All quotes before that are escaped, so theirs is the same.
        var closing = 0;

        for (var i = 0; i < value.Length;)
        {
            var isCurly = IsCurlyQuote(value[i..]);
            if (!isCurly && value[i] != '"')
            {
                straight[length++] = value[i++];
                continue;
            }

            if (!isCurly && i >= closing)
            {
                var end = SipGrammar.EndOfQuoted(value[i..]);
                closing = end < 0 ? value.Length : i + end;
                searched += closing - i;
            }

            if (!isCurly && closing < value.Length
                && (closing + 1 == value.Length || value[closing + 1] is (byte)' ' or (byte)'\t' or (byte)'\r' or (byte)'\n' or (byte)';' or (byte)',' or (byte)'<'))
            {
                value[i..(closing + 1)].CopyTo(straight.AsSpan(length));
                length += closing + 1 - i;
                i = closing + 1;
                continue;
            }

            straight[length++] = (byte)'"';
            changed |= isCurly;
            i += isCurly ? OpeningQuote.Length : 1;

            while (i < value.Length && value[i] != '"' && !IsCurlyQuote(value[i..]))
            {
                straight[length++] = value[i++];
            }

            if (i < value.Length)
            {
                changed |= value[i] != '"';
                i += value[i] == '"' ? 1 : ClosingQuote.Length;
                straight[length++] = (byte)'"';
            }
        }

        if (!changed)
        {
            return value;
        }

        found |= LenientRepairs.CurlyQuotes;
        return straight.AsSpan(0, length);
    }

    private static bool IsCurlyQuote(ReadOnlySpan<byte> text) => text.StartsWith(OpeningQuote) || text.StartsWith(ClosingQuote);

    private static ReadOnlySpan<byte> NameIcsi(ReadOnlySpan<byte> value, scoped ref LenientRepairs found)
    {
        var mistaken = "+g.3gpp.icsi_ref"u8;
        byte[]? named = null;

        for (var i = 0; SipGrammar.IndexOfOutside(value[i..], (byte)'+') is >= 0 and var plus;)
        {
            i += plus;
            if (value.Length - i >= mistaken.Length && Ascii.EqualsIgnoreCase(value.Slice(i, mistaken.Length), mistaken))
            {
                named ??= value.ToArray();
                named[i + mistaken.IndexOf((byte)'_')] = (byte)'-';
            }
            i++;
        }

        if (named is null)
        {
            return value;
        }

        found |= LenientRepairs.IcsiUnderscore;
        return named;
    }

    // A comma begins a new value, and every value of these headers begins with an asterisk.
    private static ReadOnlySpan<byte> JoinFeatures(ReadOnlySpan<byte> value, scoped ref LenientRepairs found)
    {
        byte[]? joined = null;

        for (var i = 0; SipGrammar.IndexOfOutside(value[i..], (byte)',') is >= 0 and var comma;)
        {
            i += comma;
            if (i > 0 && SipGrammar.Trim(value[(i + 1)..]) is [(byte)'+', ..])
            {
                joined ??= value.ToArray();
                joined[i] = (byte)';';
            }
            i++;
        }

        if (joined is null)
        {
            return value;
        }

        found |= LenientRepairs.FeatureComma;
        return joined;
    }

    private static ReadOnlySpan<byte> DropEmptyParameters(ReadOnlySpan<byte> value, scoped ref LenientRepairs found)
    {
        var kept = new byte[value.Length];
        var length = 0;

        for (var i = 0; i < value.Length;)
        {
            if (value[i] == ';' && SipGrammar.Trim(value[(i + 1)..]) is [(byte)';', ..])
            {
                i++;
                while (SipGrammar.IsWhiteSpace(value[i]))
                {
                    i++;
                }
                continue;
            }

            var end = value[i] == '"' ? SipGrammar.EndOfQuoted(value[i..]) : value[i] == '<' ? value[i..].IndexOf((byte)'>') : 0;
            if (end < 0)
            {
                end = value.Length - i - 1;
            }

            // A GRUU is opaque, but one with white space or empty parameters in it is no URI at all until they are gone.
            var isGruu = value[i] == '"' && EndsWithGruu(kept.AsSpan(0, length));
            foreach (var octet in value.Slice(i, end + 1))
            {
                if (!isGruu || !(SipGrammar.IsWhiteSpace(octet) || (octet == ';' && kept[length - 1] == ';')))
                {
                    kept[length++] = octet;
                }
            }
            i += end + 1;
        }

        if (length == value.Length)
        {
            return value;
        }

        found |= LenientRepairs.EmptyParameter;
        return kept.AsSpan(0, length);
    }

    private static bool EndsWithGruu(ReadOnlySpan<byte> text)
    {
        text = SipGrammar.Trim(text);
        if (text is not [.., (byte)'='])
        {
            return false;
        }

        text = SipGrammar.Trim(text[..^1]);
        return text.Length > 9
            && (Ascii.EqualsIgnoreCase(text[^8..], "pub-gruu"u8) || Ascii.EqualsIgnoreCase(text[^9..], "temp-gruu"u8));
    }

    private static int IndexOfTag(ReadOnlySpan<byte> text)
    {
        for (var i = 0; text[i..].IndexOf((byte)';') is >= 0 and var semicolon;)
        {
            i += semicolon;
            if (text.Length - i > 5 && Ascii.EqualsIgnoreCase(text.Slice(i, 5), ";tag="u8))
            {
                return i;
            }
            i++;
        }

        return -1;
    }

    private static bool IsTag(ReadOnlySpan<byte> parameters) =>
        SipGrammar.IsParameters(parameters)
        && ParameterReader.TryFind(parameters, "tag"u8, out var tag)
        && SipGrammar.IsToken(tag)
        && parameters.EndsWith(tag);
}
