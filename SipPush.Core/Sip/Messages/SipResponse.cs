using SipPush.Sip.Parsing;

namespace SipPush.Sip;

/// <summary>A response (RFC 3261 §7.2).</summary>
public sealed class SipResponse : SipMessage
{
    private readonly int _reasonStart;
    private readonly int _reasonLength;

    internal SipResponse(byte[] octets, HeaderEntry[] entries, int status, int reasonStart, int reasonLength, int headersEnd, int bodyStart)
        : base(octets, entries, headersEnd, bodyStart)
    {
        StatusCode = status;
        _reasonStart = reasonStart;
        _reasonLength = reasonLength;
    }

    /// <summary>The status, from 100 to 699.</summary>
    public int StatusCode { get; }

    /// <summary>The reason phrase as it stands.</summary>
    public string ReasonPhrase => Text(_reasonStart, _reasonLength).ToString();

    internal ReadOnlySpan<byte> ReasonOctets => Octets.Span.Slice(_reasonStart, _reasonLength);

    /// <summary>True from 200 on: the transaction's last word.</summary>
    public bool IsFinal => StatusCode >= 200;

    /// <summary>True for 2xx.</summary>
    public bool IsSuccess => StatusCode is >= 200 and < 300;

    /// <summary>How long to wait before trying again, when the response says so (RFC 3261 §20.33).</summary>
    public TimeSpan? RetryAfter => Seconds(HeaderId.RetryAfter);

    /// <summary>Reads one whole response, as a test or a tool has it; the octets are copied. In the lenient profile it is repaired first, as a datagram.</summary>
    /// <exception cref="FormatException">It is not a response, or a malformed one.</exception>
    public static SipResponse Parse(ReadOnlySpan<byte> octets, SipProfile profile = SipProfile.Strict)
    {
        var limits = new SipLimits();
        if (profile == SipProfile.Lenient)
        {
            octets = LenientRepair.TryRepair(octets, limits, isDatagram: true, out _) ?? octets;
        }

        var index = new MessageIndex();
        var error = SipParser.Parse(octets, limits, index);
        return error == SipParseError.None && !index.IsRequest
            ? Copy(octets, index)
            : throw new FormatException($"Not a SIP response: {error}");
    }

    /// <summary>An owned copy of what <paramref name="index"/> found in <paramref name="message"/>.</summary>
    internal static SipResponse Copy(ReadOnlySpan<byte> message, MessageIndex index) => new(
        message[..index.Length].ToArray(),
        index.Entries.AsSpan(0, index.Count).ToArray(),
        index.Status,
        index.ReasonStart,
        index.ReasonLength,
        index.HeadersEnd,
        index.BodyStart);
}
