using System.Buffers;

namespace SipPush.Sip.Parsing;

/// <summary>The character classes and small readings that the typed headers share (RFC 3261 §25.1).</summary>
internal static class SipGrammar
{
    private static readonly SearchValues<byte> TokenCharacters = SearchValues.Create(
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-.!%*_+`'~"u8);

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
