using System.Buffers;

namespace SipPush.Sip.Parsing;

/// <summary>The character classes and small readings that the typed headers share (RFC 3261 §25.1).</summary>
internal static class SipGrammar
{
    private static readonly SearchValues<byte> TokenCharacters = SearchValues.Create(
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-.!%*_+`'~"u8);

    // Of the words of a display name, and the white space between them.
    private static readonly SearchValues<byte> NameCharacters = SearchValues.Create(
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-.!%*_+`'~ \t\r\n"u8);

    public static bool IsToken(ReadOnlySpan<byte> text) => text.Length > 0 && !text.ContainsAnyExcept(TokenCharacters);

    /// <summary>Linear white space; inside a folded value CR and LF are part of it.</summary>
    public static bool IsWhiteSpace(byte octet) => octet is (byte)' ' or (byte)'\t' or (byte)'\r' or (byte)'\n';

    public static ReadOnlySpan<byte> Trim(ReadOnlySpan<byte> text)
    {
        var start = 0;
        while (start < text.Length && IsWhiteSpace(text[start]))
        {
            start++;
        }

        var end = text.Length;
        while (end > start && IsWhiteSpace(text[end - 1]))
        {
            end--;
        }

        return text[start..end];
    }

    /// <summary>
    /// Where <paramref name="stop"/> first stands outside a quoted string and outside angle brackets; -1 when it does not. An
    /// unclosed quote or bracket runs to the end.
    /// </summary>
    public static int IndexOfOutside(ReadOnlySpan<byte> text, byte stop)
    {
        for (var position = 0; ;)
        {
            var found = text[position..].IndexOfAny(stop, (byte)'"', (byte)'<');
            if (found < 0)
            {
                return -1;
            }

            position += found;
            if (text[position] == stop)
            {
                return position;
            }

            var end = text[position] == '"' ? EndOfQuoted(text[position..]) : text[position..].IndexOf((byte)'>');
            if (end < 0)
            {
                return -1;
            }

            position += end + 1;
        }
    }

    /// <summary>Reads an unsigned number that fills <paramref name="text"/> whole; false on anything else and on overflow.</summary>
    public static bool TryParseNumber(ReadOnlySpan<byte> text, out uint number)
    {
        number = 0;

        // Ten digits hold every 32-bit number; leading zeros beyond that are no number anybody sends.
        if (text.Length is 0 or > 10)
        {
            return false;
        }

        ulong sum = 0;
        foreach (var octet in text)
        {
            var digit = (uint)(octet - '0');
            if (digit > 9)
            {
                return false;
            }
            sum = (sum * 10) + digit;
        }

        number = (uint)sum;
        return sum <= uint.MaxValue;
    }

    /// <summary>Reads <c>0</c>, <c>0.25</c>, <c>1.000</c>; more than the three digits behind the dot that the grammar allows are taken.</summary>
    public static bool TryParseQ(ReadOnlySpan<byte> text, out double q)
    {
        q = 0;
        if (text.IsEmpty || text[0] is not ((byte)'0' or (byte)'1') || (text.Length > 1 && text[1] != '.'))
        {
            return false;
        }

        q = text[0] - '0';
        var unit = 0.1;
        for (var i = 2; i < text.Length; i++, unit /= 10)
        {
            if (!char.IsAsciiDigit((char)text[i]))
            {
                return false;
            }
            q += (text[i] - '0') * unit;
        }

        return q <= 1;
    }

    /// <summary>Cuts <c>token *( SEMI generic-param )</c>, with white space around; false when it is anything else.</summary>
    public static bool TrySplit(SipText value, out SipText token, out SipParameters parameters)
    {
        var semicolon = value.Span.IndexOf((byte)';');
        token = (semicolon < 0 ? value : value.Slice(0, semicolon)).Trim();
        parameters = new SipParameters(semicolon < 0 ? default : value.Slice(semicolon, value.Length - semicolon).Trim());
        return IsToken(token.Span) && IsParameters(parameters.Text.Span);
    }

    /// <summary>
    /// True for nothing, and for a semicolon and what can stand behind it: quoted strings that are closed, and no angle bracket outside of them.
    /// </summary>
    public static bool IsParameters(ReadOnlySpan<byte> text)
    {
        if (text.IsEmpty)
        {
            return true;
        }

        if (text[0] != ';')
        {
            return false;
        }

        while (text.IndexOfAny((byte)'"', (byte)'<', (byte)'>') is >= 0 and var found)
        {
            var end = text[found] == '"' ? EndOfQuoted(text[found..]) : -1;
            if (end < 0)
            {
                return false;
            }

            text = text[(found + end + 1)..];
        }

        return true;
    }

    /// <summary>True for <c>*( token LWS ) / quoted-string</c>, white space around it aside.</summary>
    public static bool IsDisplayName(ReadOnlySpan<byte> text)
    {
        text = Trim(text);
        return text is [(byte)'"', ..] ? EndOfQuoted(text) == text.Length - 1 : !text.ContainsAnyExcept(NameCharacters);
    }

    /// <summary>Where the parenthesis stands that closes <paramref name="text"/>'s opening comment, escapes and comments inside it observed; -1 when it is never closed.</summary>
    public static int EndOfComment(ReadOnlySpan<byte> text)
    {
        var depth = 0;
        for (var i = 0; i < text.Length; i++)
        {
            switch (text[i])
            {
                case (byte)'\\':
                    i++;
                    break;

                case (byte)'(':
                    depth++;
                    break;

                case (byte)')' when --depth == 0:
                    return i;
            }
        }

        return -1;
    }

    /// <summary>The text as a quoted string.</summary>
    public static string Quote(string text) =>
        $"\"{text.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("\"", "\\\"", StringComparison.Ordinal)}\"";

    /// <summary>Where the last character of <paramref name="text"/>'s opening quoted string stands, escapes observed; -1 when it is never closed.</summary>
    public static int EndOfQuoted(ReadOnlySpan<byte> text)
    {
        for (var i = 1; i < text.Length; i += 2)
        {
            var found = text[i..].IndexOfAny((byte)'"', (byte)'\\');
            if (found < 0)
            {
                return -1;
            }

            i += found;
            if (text[i] == '"')
            {
                return i;
            }
        }

        return -1;
    }
}
