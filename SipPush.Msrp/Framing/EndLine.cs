namespace SipPush.Msrp.Framing;

/// <summary>Looks for the end of a body: CRLF, seven hyphens, the transaction id, a flag, CRLF (RFC 4975 §7.3.1). All up to the flag is the
/// same throughout a frame, and is what is searched for. It has no CR but its first octet: after a false one the search goes on behind it.</summary>
internal static class EndLine
{
    public const int HyphenCount = 7;

    /// <summary>Flag, CR and LF.</summary>
    public const int TailLength = 3;

    /// <summary>Octets at the start of <paramref name="octets"/> that are body for certain. Behind them stand <paramref name="matched"/>
    /// octets of what is an end-line or may become one.</summary>
    /// <param name="octets">The octets to look at.</param>
    /// <param name="start">The end-line up to its flag, with the CRLF in front.</param>
    /// <param name="matched">The whole length when the end-line is complete, 0 when all is body.</param>
    public static int Scan(ReadOnlySpan<byte> octets, ReadOnlySpan<byte> start, out int matched)
    {
        var from = 0;
        for (int found; (found = octets[from..].IndexOf(start)) >= 0;)
        {
            var at = from + found;
            from = at + start.Length;
            if (IsTail(octets[from..]))
            {
                matched = start.Length + Math.Min(octets.Length - from, TailLength);
                return at;
            }
        }

        from = Math.Max(from, octets.Length - start.Length + 1);
        if (octets[from..].LastIndexOf((byte)'\r') is >= 0 and var cr && start.StartsWith(octets[(from + cr)..]))
        {
            matched = octets.Length - from - cr;
            return from + cr;
        }

        matched = 0;
        return octets.Length;
    }

    /// <summary>Goes on with an end-line of which <paramref name="matched"/> octets have been seen; false at the first octet that isn't one of it.</summary>
    public static bool Continue(ReadOnlySpan<byte> octets, ReadOnlySpan<byte> start, ref int matched)
    {
        foreach (var octet in octets)
        {
            var fits = matched < start.Length
                ? octet == start[matched]
                : (matched - start.Length) switch
                {
                    0 => MsrpGrammar.IsFlag(octet),
                    1 => octet == '\r',
                    _ => octet == '\n',
                };

            if (!fits)
            {
                return false;
            }

            matched++;
        }

        return true;
    }

    private static bool IsTail(ReadOnlySpan<byte> tail) =>
        (tail.Length < 1 || MsrpGrammar.IsFlag(tail[0])) && (tail.Length < 2 || tail[1] == '\r') && (tail.Length < TailLength || tail[2] == '\n');
}
