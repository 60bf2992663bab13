using SipPush.Sip.Parsing;

namespace SipPush.Sip;

/// <summary>A request (RFC 3261 §7.1).</summary>
public sealed class SipRequest : SipMessage
{
    private readonly int _uriStart;
    private readonly int _uriLength;
    private SipUri? _requestUri;

    internal SipRequest(byte[] octets, HeaderEntry[] entries, SipMethod method, int uriStart, int uriLength, int headersEnd, int bodyStart)
        : base(octets, entries, headersEnd, bodyStart)
    {
        Method = method;
        _uriStart = uriStart;
        _uriLength = uriLength;
    }

    /// <summary>The method.</summary>
    public SipMethod Method { get; }

    /// <summary>The Request-URI as it stands.</summary>
    public SipText RequestUriText => Text(_uriStart, _uriLength);

    /// <summary>The Request-URI, read; null when it is no URI.</summary>
    public SipUri? RequestUri => _requestUri ??= SipUri.TryParse(RequestUriText, out var uri) ? uri : null;

    /// <summary>Max-Forwards; null when it is absent or unreadable.</summary>
    public int? MaxForwards => SipGrammar.TryParseNumber(Value(HeaderId.MaxForwards).Span, out var hops) && hops <= 255 ? (int)hops : null;

    /// <summary>Reads one whole request, as a test or a tool has it; the octets are copied. In the lenient profile it is repaired first, as a datagram.</summary>
    /// <exception cref="FormatException">It is not a request, or a malformed one.</exception>
    public static SipRequest Parse(ReadOnlySpan<byte> octets, SipProfile profile = SipProfile.Strict)
    {
        var limits = new SipLimits();
        if (profile == SipProfile.Lenient)
        {
            octets = LenientRepair.TryRepair(octets, limits, isDatagram: true, out _) ?? octets;
        }

        var index = new MessageIndex();
        var error = SipParser.Parse(octets, limits, index);
        return error == SipParseError.None && index.IsRequest
            ? Copy(octets, index)
            : throw new FormatException($"Not a SIP request: {error}");
    }

    /// <summary>An owned copy of what <paramref name="index"/> found in <paramref name="message"/>.</summary>
    internal static SipRequest Copy(ReadOnlySpan<byte> message, MessageIndex index) => new(
        message[..index.Length].ToArray(),
        index.Entries.AsSpan(0, index.Count).ToArray(),
        SipMethod.From(message.Slice(index.MethodStart, index.MethodLength)),
        index.UriStart,
        index.UriLength,
        index.HeadersEnd,
        index.BodyStart);

    /// <summary>An owned copy in which the first Via line reads <paramref name="via"/>: the same with <c>received</c> and <c>rport</c> filled in.</summary>
    internal static SipRequest Copy(ReadOnlySpan<byte> message, MessageIndex index, ReadOnlySpan<byte> via)
    {
        var line = index.Find(HeaderId.Via);
        var old = index.Entries[line];
        var growth = via.Length - old.ValueLength;
        var octets = new byte[index.Length + growth];

        message[..old.ValueStart].CopyTo(octets);
        via.CopyTo(octets.AsSpan(old.ValueStart));
        message[(old.ValueStart + old.ValueLength)..index.Length].CopyTo(octets.AsSpan(old.ValueStart + via.Length));

        var entries = index.Entries.AsSpan(0, index.Count).ToArray();
        entries[line].ValueLength = (ushort)via.Length;
        for (var i = line + 1; i < entries.Length; i++)
        {
            entries[i].Start = (ushort)(entries[i].Start + growth);
            entries[i].ValueStart = (ushort)(entries[i].ValueStart + growth);
        }

        return new SipRequest(
            octets,
            entries,
            SipMethod.From(message.Slice(index.MethodStart, index.MethodLength)),
            index.UriStart,
            index.UriLength,
            index.HeadersEnd + growth,
            index.BodyStart + growth);
    }
}
