namespace SipPush.Sip.Parsing;

/// <summary>
/// What must be right in a request before anybody may act on it, proxies included (RFC 3261 §16.3 step 1): the headers that can't
/// stand twice, the addresses of From and To, Max-Forwards, and every value of a Via line that holds several. One walk over
/// the index; what is not needed to handle a request safely is left to whoever reads it.
/// </summary>
internal static class RequestSyntax
{
    private static readonly System.Buffers.SearchValues<byte> NotInAddress = System.Buffers.SearchValues.Create(" \t\r\n\"<>"u8);

    /// <summary>The first fault; those of Via, CSeq and Call-ID that keep a transaction from being found have been looked for already.</summary>
    public static SipParseError Check(ReadOnlySpan<byte> message, MessageIndex index)
    {
        var seen = 0;
        for (var i = 0; i < index.Count; i++)
        {
            ref readonly var entry = ref index.Entries[i];
            var (single, error) = entry.Id switch
            {
                HeaderId.From => (1, SipParseError.From),
                HeaderId.To => (2, SipParseError.To),
                HeaderId.CallId => (4, SipParseError.CallId),
                HeaderId.CSeq => (8, SipParseError.CSeq),
                HeaderId.MaxForwards => (16, SipParseError.MaxForwards),
                HeaderId.Via => (0, SipParseError.Via),
                _ => default,
            };

            if (error == SipParseError.None)
            {
                continue;
            }

            var value = message.Slice(entry.ValueStart, entry.ValueLength);
            if ((seen & single) != 0 || !IsReadable(entry.Id, value))
            {
                return error;
            }

            seen |= single;
        }

        return SipParseError.None;
    }

    /// <summary>True when the value is one <c>name-addr</c> or <c>addr-spec</c> with parameters, and nothing else.</summary>
    internal static bool IsAddress(ReadOnlySpan<byte> value)
    {
        var open = SipGrammar.IndexOfOutside(value, (byte)'<');
        if (open < 0)
        {
            // A URI with a comma, a semicolon or a question mark in it must stand in brackets (§20.10).
            var semicolon = value.IndexOf((byte)';');
            var bare = SipGrammar.Trim(semicolon < 0 ? value : value[..semicolon]);
            return bare.Contains((byte)':') && !bare.ContainsAny(NotInAddress) && !bare.ContainsAny((byte)',', (byte)'?');
        }

        var close = value[open..].IndexOf((byte)'>');
        if (close < 0)
        {
            return false;
        }

        var name = SipGrammar.Trim(value[..open]);
        var uri = value.Slice(open + 1, close - 1);
        var rest = SipGrammar.Trim(value[(open + close + 1)..]);
        return IsDisplayName(name)
            && !uri.IsEmpty
            && !uri.ContainsAny(NotInAddress)
            && (rest.IsEmpty || rest[0] == ';');
    }

    // Tokens or one quoted string. Letters beyond ASCII without quotes do no harm; a comma would part two values.
    private static bool IsDisplayName(ReadOnlySpan<byte> name) =>
        name.IsEmpty
        || (name[0] == '"' ? SipGrammar.EndOfQuoted(name) == name.Length - 1 : !name.ContainsAny((byte)',', (byte)'"', (byte)';'));

    private static bool IsReadable(HeaderId id, ReadOnlySpan<byte> value) => id switch
    {
        HeaderId.From or HeaderId.To => IsAddress(value),
        HeaderId.MaxForwards => SipGrammar.TryParseNumber(value, out var hops) && hops <= byte.MaxValue,
        HeaderId.Via => !value.Contains((byte)',') || AreVias(value),
        _ => true,
    };

    private static bool AreVias(ReadOnlySpan<byte> line)
    {
        while (true)
        {
            var comma = SipGrammar.IndexOfOutside(line, (byte)',');
            var value = SipGrammar.Trim(comma < 0 ? line : line[..comma]);
            var semicolon = SipGrammar.IndexOfOutside(value, (byte)';');
            if (!Via.TryReadHead(semicolon < 0 ? value : value[..semicolon], out _, out _))
            {
                return false;
            }

            if (comma < 0)
            {
                return true;
            }

            line = line[(comma + 1)..];
        }
    }
}
