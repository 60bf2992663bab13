using System.Text;

namespace SipPush.Sip;

/// <summary>Builds a response: with all Via values, From, Call-ID, CSeq and To of its request (RFC 3261 §8.2.6.2), or from one that was received.</summary>
public sealed class SipResponseBuilder : SipMessageBuilder
{
    private readonly int _status;
    private readonly byte[] _reason;

    /// <summary>A response to <paramref name="request"/>. A To tag is added except to 100, unless the request had one.</summary>
    /// <param name="request">What is answered.</param>
    /// <param name="status">From 100 to 699.</param>
    /// <param name="toTag">The tag to add: at least 32 random bits (RFC 3261 §19.3).</param>
    /// <param name="reason">The reason phrase; the standard's own when null.</param>
    /// <exception cref="ArgumentException">The reason has CR, LF or NUL in it.</exception>
    public SipResponseBuilder(SipRequest request, int status, string toTag, string? reason = null)
        : base(null)
    {
        ArgumentNullException.ThrowIfNull(request);
        ArgumentOutOfRangeException.ThrowIfLessThan(status, 100);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(status, 699);

        _status = status;
        _reason = Encoding.UTF8.GetBytes(reason ?? SipReasons.Of(status));
        RefuseControls(_reason, nameof(reason));

        ArgumentNullException.ThrowIfNull(toTag);
        var suffix = Encoding.UTF8.GetBytes($";tag={toTag}");
        RefuseControls(suffix, nameof(toTag));

        foreach (ref readonly var entry in request.Entries)
        {
            switch (entry.Id)
            {
                case HeaderId.To when status != 100 && request.To.Tag.IsEmpty:
                    AddReceived(entry.Id, request.Text(entry.ValueStart, entry.ValueLength), suffix);
                    break;

                case HeaderId.Via or HeaderId.From or HeaderId.To or HeaderId.CallId or HeaderId.CSeq:
                case HeaderId.RecordRoute when status is > 100 and < 300:
                    AddReceived(entry.Id, request.Text(entry.ValueStart, entry.ValueLength));
                    break;
            }
        }
    }

    /// <summary>A copy of a response that was received, to be changed and sent on.</summary>
    public SipResponseBuilder(SipResponse origin)
        : base(origin)
    {
        ArgumentNullException.ThrowIfNull(origin);
        _status = origin.StatusCode;
        _reason = origin.ReasonOctets.ToArray();
    }

    /// <summary>The response as it stands now.</summary>
    public SipResponse Build()
    {
        var (octets, entries, headersEnd, bodyStart) = BuildParts();
        return new SipResponse(octets, entries, _status, "SIP/2.0 200 "u8.Length, _reason.Length, headersEnd, bodyStart);
    }

    private protected override int StartLineLength => "SIP/2.0 200 "u8.Length + _reason.Length + 2;

    private protected override int WriteStartLine(Span<byte> destination)
    {
        "SIP/2.0 "u8.CopyTo(destination);
        destination[8] = (byte)('0' + (_status / 100));
        destination[9] = (byte)('0' + (_status / 10 % 10));
        destination[10] = (byte)('0' + (_status % 10));
        destination[11] = (byte)' ';
        _reason.CopyTo(destination[12..]);
        "\r\n"u8.CopyTo(destination[(12 + _reason.Length)..]);
        return 14 + _reason.Length;
    }
}
