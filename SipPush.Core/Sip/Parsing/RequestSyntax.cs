namespace SipPush.Sip.Parsing;

/// <summary>
/// What must be right in a request before anybody may act on it, proxies included (RFC 3261 §16.3 step 1): the headers that can't
/// stand twice, Max-Forwards, and every value of a Via line that holds several. From and To have been read for their tags by then. One
/// walk over the index; what is not needed to handle a request safely is left to whoever reads it.
/// </summary>
internal static class RequestSyntax
{
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

    private static bool IsReadable(HeaderId id, ReadOnlySpan<byte> value) => id switch
    {
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
