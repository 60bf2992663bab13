using System.Globalization;
using System.Net;
using System.Text;
using SipPush.Sip.Parsing;

namespace SipPush.Sip;

/// <summary>One hop of a request's way: <c>SIP/2.0/UDP host:port;branch=…</c> (RFC 3261 §20.42).</summary>
/// <param name="Transport">The protocol's name as it stands, such as <c>UDP</c>.</param>
/// <param name="SentBy">Host and optional port as they stand.</param>
/// <param name="Parameters">branch, received, rport, maddr, ttl and others.</param>
public readonly record struct Via(SipText Transport, SipText SentBy, SipParameters Parameters)
{
    private static readonly System.Buffers.SearchValues<byte> NotInSentBy = System.Buffers.SearchValues.Create("@\"<>,? \t\r\n"u8);

    /// <summary>The branch, which names the transaction; empty when there is none.</summary>
    public SipText Branch => Parameters.TryGet("branch"u8, out var value) ? value : default;

    /// <summary>Reads one value, white space allowed around every sign.</summary>
    public static bool TryParse(SipText value, out Via via)
    {
        via = default;
        var semicolon = SipGrammar.IndexOfOutside(value.Span, (byte)';');
        var head = semicolon < 0 ? value : value.Slice(0, semicolon);
        var parameters = semicolon < 0 ? default : value.Slice(semicolon, value.Length - semicolon);
        var span = head.Span;

        if (!TryReadHead(span, out var transport, out var sentBy))
        {
            return false;
        }

        via = new Via(new SipText(head.Octets[transport]), new SipText(head.Octets[sentBy]), new SipParameters(parameters));
        return true;
    }

    /// <summary>Host and port of <see cref="SentBy"/>; the port is 0 when none is named. An IPv6 host keeps its brackets.</summary>
    public (string Host, int Port) ReadSentBy()
    {
        var text = SentBy.ToString();
        var bracket = text.LastIndexOf(']');
        var colon = text.LastIndexOf(':');

        return colon > bracket
            ? (text[..colon].TrimEnd(), int.TryParse(text.AsSpan(colon + 1).Trim(), NumberStyles.None, CultureInfo.InvariantCulture, out var port) ? port : 0)
            : (text, 0);
    }

    /// <summary>The address in <see cref="SentBy"/>; null when it is a name.</summary>
    public IPAddress? SentByAddress() =>
        IPAddress.TryParse(ReadSentBy().Host.Trim('[', ']'), out var address) ? address : null;

    /// <summary>As it is written.</summary>
    public override string ToString() => $"SIP/2.0/{Transport} {SentBy}{Parameters}";

    /// <summary>Reads what stands before the first parameter: version, transport and sent-by.</summary>
    internal static bool TryReadHead(ReadOnlySpan<byte> head, out Range transport, out Range sentBy)
    {
        transport = sentBy = default;
        if (!TryTakeWord(head, 0, "SIP"u8, out var at) || !TryTakeVersion(head, at, out at))
        {
            return false;
        }

        var start = SkipWhiteSpace(head, at);
        at = start;
        while (at < head.Length && !SipGrammar.IsWhiteSpace(head[at]))
        {
            at++;
        }

        transport = start..at;
        start = SkipWhiteSpace(head, at);
        var end = head.Length;
        while (end > start && SipGrammar.IsWhiteSpace(head[end - 1]))
        {
            end--;
        }

        sentBy = start..end;
        return SipGrammar.IsToken(head[transport]) && IsSentBy(head[sentBy]);
    }

    // word SLASH, white space allowed round both
    private static bool TryTakeWord(ReadOnlySpan<byte> text, int from, ReadOnlySpan<byte> word, out int next)
    {
        next = SkipWhiteSpace(text, from);
        if (!(text.Length - next > word.Length) || !Ascii.EqualsIgnoreCase(text.Slice(next, word.Length), word))
        {
            return false;
        }

        next = SkipWhiteSpace(text, next + word.Length);
        return next < text.Length && text[next++] == '/';
    }

    // protocol-version = token: by a version that is unknown here the answer, 505, still finds its way.
    private static bool TryTakeVersion(ReadOnlySpan<byte> text, int from, out int next)
    {
        var start = SkipWhiteSpace(text, from);
        next = start;
        while (next < text.Length && (char.IsAsciiDigit((char)text[next]) || text[next] == '.'))
        {
            next++;
        }

        var isVersion = next > start;
        next = SkipWhiteSpace(text, next);
        return isVersion && next < text.Length && text[next++] == '/';
    }

    private static int SkipWhiteSpace(ReadOnlySpan<byte> text, int from)
    {
        while (from < text.Length && SipGrammar.IsWhiteSpace(text[from]))
        {
            from++;
        }

        return from;
    }

    // sent-by = host [ COLON port ]. An answer can't be sent to a host that has an "@" or white space in it, or to port 65536.
    private static bool IsSentBy(ReadOnlySpan<byte> text)
    {
        var colon = text.LastIndexOf((byte)':');
        var host = text;
        if (colon > text.LastIndexOf((byte)']'))
        {
            host = SipGrammar.Trim(text[..colon]);
            if (!SipGrammar.TryParseNumber(SipGrammar.Trim(text[(colon + 1)..]), out var port) || port is 0 or > ushort.MaxValue)
            {
                return false;
            }
        }

        return host.Length > 0 && !host.ContainsAny(NotInSentBy) && (host[0] != '[' || host[^1] == ']');
    }
}
