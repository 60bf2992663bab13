using System.Globalization;
using System.Net;
using System.Text;

namespace SipPush.Sip;

/// <summary>Where SIP is spoken: a protocol, a numeric address and a port.</summary>
/// <param name="Protocol">The transport protocol.</param>
/// <param name="Address">IPv4 or IPv6 address and port; port 0 asks for a free one when listening.</param>
public readonly record struct SipEndPoint(SipProtocol Protocol, IPEndPoint Address)
{
    /// <summary>Reads <c>tcp:127.0.0.1:5080</c> or <c>127.0.0.1:5080;transport=tcp</c>; IPv6 addresses stand in brackets.
    /// Without a protocol it is UDP, without a port the protocol's own.</summary>
    /// <exception cref="FormatException">The text is neither.</exception>
    public static SipEndPoint Parse(string text) =>
        TryParse(text, out var endPoint)
            ? endPoint
            : throw new FormatException($"'{text}' is not an end point such as tcp:127.0.0.1:5080 or 127.0.0.1:5080;transport=tcp");

    /// <summary>As <see cref="Parse"/>; false when the text is neither form.</summary>
    public static bool TryParse(string? text, out SipEndPoint endPoint)
    {
        endPoint = default;
        var rest = text.AsSpan().Trim();
        var protocol = SipProtocol.Udp;
        var parameter = rest.IndexOf(";transport=", StringComparison.OrdinalIgnoreCase);

        if (parameter >= 0)
        {
            if (!TryParseProtocol(rest[(parameter + ";transport=".Length)..], out protocol))
            {
                return false;
            }
            rest = rest[..parameter];
        }
        else if (rest.IndexOf(':') is > 0 and var colon && TryParseProtocol(rest[..colon], out protocol))
        {
            rest = rest[(colon + 1)..];
        }
        else
        {
            protocol = SipProtocol.Udp;
        }

        // A bare IPv6 address would lose its last group to the port, so it needs its brackets.
        if (rest.Count(':') > 1 && rest[0] != '[')
        {
            return false;
        }

        // The framework also reads "5060" and "127.1" as addresses; nobody means 0.0.19.196.
        if (!rest.StartsWith('[') && rest.Count('.') != 3)
        {
            return false;
        }

        if (!IPEndPoint.TryParse(rest, out var address))
        {
            return false;
        }

        if (rest[^1] == ']' || !rest.Contains(':'))
        {
            address.Port = protocol.DefaultPort();
        }

        endPoint = new SipEndPoint(protocol, address);
        return true;
    }

    /// <summary>The form with the protocol first, such as <c>tcp:127.0.0.1:5080</c>.</summary>
    public override string ToString() =>
        string.Create(CultureInfo.InvariantCulture, $"{Protocol.ParameterName()}:{Address}");

    private static bool TryParseProtocol(ReadOnlySpan<char> name, out SipProtocol protocol)
    {
        protocol = default;
        Span<byte> ascii = stackalloc byte[3];
        return name.Length == 3
            && Ascii.FromUtf16(name, ascii, out _) == System.Buffers.OperationStatus.Done
            && SipProtocols.TryParse(ascii, out protocol);
    }
}
