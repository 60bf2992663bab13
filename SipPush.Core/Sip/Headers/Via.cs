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

        if (!TryTakeWord(span, 0, "SIP"u8, out var at) || !TryTakeWord(span, at, "2.0"u8, out at))
        {
            return false;
        }

        at = SkipWhiteSpace(span, at);
        var start = at;
        while (at < span.Length && !SipGrammar.IsWhiteSpace(span[at]))
        {
            at++;
        }

        var transport = head.Slice(start, at - start);
        start = SkipWhiteSpace(span, at);
        var end = span.Length;
        while (end > start && SipGrammar.IsWhiteSpace(span[end - 1]))
        {
            end--;
        }

        var sentBy = head.Slice(start, end - start);
        if (!SipGrammar.IsToken(transport.Span) || !IsSentBy(sentBy.Span))
        {
            return false;
        }

        via = new Via(transport, sentBy, new SipParameters(parameters));
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
