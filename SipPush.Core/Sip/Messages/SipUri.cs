using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;
using SipPush.Sip.Parsing;

namespace SipPush.Sip;

/// <summary>
/// A SIP or SIPS URI (RFC 3261 §19.1), or a URI of another scheme, of which only the text is known; of a tel URI
/// <see cref="TelUri"/> knows the parts. Immutable; it keeps its
/// octets, so an opaque URI such as a GRUU goes out as it came in. Equality is that of RFC 3261 §19.1.4, by which a public GRUU
/// equals its AOR (compare those with <see cref="IsSameGruu"/>), and for tel that of RFC 3966 §4.
/// </summary>
public sealed class SipUri : IEquatable<SipUri>
{
    private int _hostEnd;

    private SipUri(SipText text) => Text = text;

    /// <summary>The URI as it was written.</summary>
    public SipText Text { get; }

    /// <summary>The scheme in lower case.</summary>
    public string Scheme { get; private init; } = "";

    /// <summary>True for <c>sip</c> and <c>sips</c>; only then are the other parts known.</summary>
    public bool IsSip => Scheme is "sip" or "sips";

    /// <summary>The user part as it stands, without a password; empty when there is none.</summary>
    public SipText User { get; private init; }

    /// <summary>The password; nobody should send one.</summary>
    public SipText Password { get; private init; }

    /// <summary>Name or address; an IPv6 address keeps its brackets.</summary>
    public SipText Host { get; private init; }

    /// <summary>The port, or null when none is named; a named default is not the same as none (RFC 3261 §19.1.4).</summary>
    public int? Port { get; private init; }

    /// <summary>The URI's own parameters.</summary>
    public SipParameters Parameters { get; private init; }

    /// <summary>What follows the question mark; empty when nothing does.</summary>
    public SipText Headers { get; private init; }

    /// <summary>The protocol that <c>transport</c> asks for; null when it asks for none or for one unknown here.</summary>
    public SipProtocol? Transport =>
        Parameters.TryGet("transport"u8, out var value) && SipProtocols.TryParse(value.Span, out var protocol) ? protocol : null;

    /// <summary>True when it has a <c>gr</c> parameter, with a value (public) or without (temporary) (RFC 5627 §3).</summary>
    public bool IsGruu => Parameters.Contains("gr"u8);

    /// <summary>True when it has <c>lr</c>: the mark of a loose router (RFC 3261 §19.1.1).</summary>
    public bool IsLooseRouter => Parameters.Contains("lr"u8);

    /// <summary>Reads a URI.</summary>
    /// <exception cref="FormatException">The text is none.</exception>
    public static SipUri Parse(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        return TryParse(text, out var uri) ? uri : throw new FormatException($"'{text}' is not a URI such as sip:bob@example.com");
    }

    /// <summary>Reads a URI; false when the text is none.</summary>
    public static bool TryParse(SipText text, [System.Diagnostics.CodeAnalysis.NotNullWhen(true)] out SipUri? uri)
    {
        uri = null;
        var span = text.Span;
        var colon = span.IndexOf((byte)':');

        if (colon <= 0 || span.ContainsAnyInRange((byte)0, (byte)' ') || span.ContainsAny((byte)'<', (byte)'>', (byte)'"'))
        {
            return false;
        }

        var scheme = ReadScheme(span[..colon]);
        if (scheme is null || colon + 1 == span.Length)
        {
            return false;
        }

        if (scheme is not ("sip" or "sips"))
        {
            uri = new SipUri(text) { Scheme = scheme };
            return true;
        }

        // userinfo may hold ";" and "?", so the "@" is looked for first (§25.1: user-unreserved).
        var start = colon + 1;
        var at = span[start..].IndexOf((byte)'@');
        SipText user = default, password = default;
        if (at >= 0)
        {
            var secret = span.Slice(start, at).IndexOf((byte)':');
            user = text.Slice(start, secret < 0 ? at : secret);
            password = secret < 0 ? default : text.Slice(start + secret + 1, at - secret - 1);
            if (user.IsEmpty)
            {
                return false;
            }
            start += at + 1;
        }

        var question = span[start..].IndexOf((byte)'?');
        var headersStart = question < 0 ? span.Length : start + question;
        var semicolon = span[start..headersStart].IndexOf((byte)';');
        var hostEnd = semicolon < 0 ? headersStart : start + semicolon;

        if (!TryReadHostPort(text.Slice(start, hostEnd - start), out var host, out var port))
        {
            return false;
        }

        uri = new SipUri(text)
        {
            _hostEnd = hostEnd,
            Scheme = scheme,
            User = user,
            Password = password,
            Host = host,
            Port = port,
            Parameters = new SipParameters(text.Slice(hostEnd, headersStart - hostEnd)),
            Headers = headersStart < span.Length ? text.Slice(headersStart + 1, span.Length - headersStart - 1) : default,
        };
        return true;
    }

    /// <summary>The address in the host part; null when it is a name.</summary>
    public IPAddress? HostAddress() => ReadAddress(Host.ToString().Trim('[', ']'));

    /// <summary>The URI of an end point: <c>sip:user@127.0.0.1:5070;transport=tcp</c>; UDP, being the default, is not named.</summary>
    public static SipUri Of(string? user, IPEndPoint address, SipProtocol protocol, string parameters = "")
    {
        ArgumentNullException.ThrowIfNull(address);
        return Of(user, FormatHost(address.Address), address.Port, protocol, parameters);
    }

    /// <summary>The URI of a named host; port 0 leaves the port out.</summary>
    public static SipUri Of(string? user, string host, int port, SipProtocol protocol, string parameters = "")
    {
        var text = new StringBuilder("sip:");
        if (!string.IsNullOrEmpty(user))
        {
            text.Append(user).Append('@');
        }
        text.Append(host);
        if (port != 0)
        {
            text.Append(CultureInfo.InvariantCulture, $":{port}");
        }
        if (protocol != SipProtocol.Udp)
        {
            text.Append(";transport=").Append(protocol.ParameterName());
        }
        return Parse(text.Append(parameters).ToString());
    }

    /// <summary>The SIPS URI of the same end point on TLS: what SIPS in a Request-URI asks for in Contact (RFC 3261 §8.1.1.8). TLS needs no naming then (§26.2.2).</summary>
    internal SipUri AsSips() => Scheme == "sips" ? this : Parse($"sips{Text.ToString()[Scheme.Length..].Replace(";transport=tls", "", StringComparison.OrdinalIgnoreCase)}");

    /// <summary>The same URI without any parameter or header: of a public GRUU, the AOR (RFC 5627 §3.1.1).</summary>
    public SipUri WithoutParameters() => !IsSip || _hostEnd == Text.Length ? this : new SipUri(Text.Slice(0, _hostEnd))
    {
        _hostEnd = _hostEnd,
        Scheme = Scheme,
        User = User,
        Password = Password,
        Host = Host,
        Port = Port,
    };

    /// <summary>True when both are equal and so are their <c>gr</c> parameters (RFC 5627 §5.4).</summary>
    public bool IsSameGruu(SipUri? other)
    {
        if (!Equals(other))
        {
            return false;
        }

        var has = Parameters.TryGet("gr"u8, out var mine);
        return has == other!.Parameters.TryGet("gr"u8, out var others) && mine == others;
    }

    /// <summary>Equality by RFC 3261 §19.1.4.</summary>
    public bool Equals(SipUri? other)
    {
        if (other is null)
        {
            return false;
        }

        if (ReferenceEquals(this, other))
        {
            return true;
        }

        if (Scheme != other.Scheme)
        {
            return false;
        }

        return !IsSip
            ? Text == other.Text || (AsTel() is { } tel && tel.Equals(other.AsTel()))
            : Port == other.Port
                && Host.EqualsIgnoreCase(other.Host.Span)
                && EqualsDecoded(User, other.User, ignoreCase: false)
                && EqualsDecoded(Password, other.Password, ignoreCase: false)
                && ParametersAgree(this, other)
                && ParametersAgree(other, this)
                && HeadersAgree(Headers, other.Headers);
    }

    /// <inheritdoc/>
    public override bool Equals(object? obj) => Equals(obj as SipUri);

    /// <inheritdoc/>
    public override int GetHashCode()
    {
        if (!IsSip)
        {
            return AsTel()?.GetHashCode() ?? Text.GetHashCode();
        }

        var hash = default(HashCode);
        foreach (var octet in Host.Span)
        {
            hash.Add((byte)(octet | 0x20));
        }
        AddDecoded(ref hash, User.Span);
        return hash.ToHashCode();
    }

    /// <summary>The URI as it was written.</summary>
    public override string ToString() => Text.ToString();

    internal static string FormatHost(IPAddress address) =>
        address.AddressFamily == AddressFamily.InterNetworkV6 ? $"[{address}]" : address.ToString();

    internal static bool TryReadHostPort(SipText text, out SipText host, out int? port)
    {
        port = null;
        host = text;
        var span = text.Span;
        var bracket = span.LastIndexOf((byte)']');
        var colon = span.LastIndexOf((byte)':');

        if (colon > bracket)
        {
            if (!SipGrammar.TryParseNumber(span[(colon + 1)..], out var number) || number is 0 or > ushort.MaxValue)
            {
                return false;
            }
            port = (int)number;
            host = text.Slice(0, colon);
        }

        span = host.Span;
        return span.Length > 0
            && (span[0] == '['
                ? span[^1] == ']' && ReadAddress(Encoding.ASCII.GetString(span[1..^1])) is not null
                : !span.ContainsAnyExcept(HostCharacters));
    }

    // The grammar of RFC 3261 lets three colons stand before an IPv4 address, and some wrote them (RFC 5118 §4.10).
    private static IPAddress? ReadAddress(string text) =>
        IPAddress.TryParse(text.Replace(":::", "::", StringComparison.Ordinal), out var address) ? address : null;

    private TelUri? AsTel() => Scheme == "tel" && TelUri.TryParse(Text, out var tel) ? tel : null;

    private const int Escaped = 0x100;

    private static readonly System.Buffers.SearchValues<byte> HostCharacters = System.Buffers.SearchValues.Create(
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789.-_"u8);

    private static string? ReadScheme(ReadOnlySpan<byte> text)
    {
        if (Ascii.EqualsIgnoreCase(text, "sip"u8))
        {
            return "sip";
        }

        if (Ascii.EqualsIgnoreCase(text, "sips"u8))
        {
            return "sips";
        }

        foreach (var octet in text)
        {
            if (!char.IsAsciiLetterOrDigit((char)octet) && octet is not ((byte)'+' or (byte)'-' or (byte)'.'))
            {
                return null;
            }
        }

        return char.IsAsciiLetter((char)text[0]) ? Encoding.ASCII.GetString(text).ToLowerInvariant() : null;
    }

    // user, ttl, method and maddr must match if either has them, transport too; any other only if both do.
    private static bool ParametersAgree(SipUri left, SipUri right)
    {
        foreach (var (name, value) in left.Parameters)
        {
            if (right.Parameters.TryGet(name.Span, out var other))
            {
                if (!EqualsDecoded(value, other, ignoreCase: true))
                {
                    return false;
                }
            }
            else if (name.EqualsIgnoreCase("user"u8) || name.EqualsIgnoreCase("ttl"u8) || name.EqualsIgnoreCase("method"u8)
                || name.EqualsIgnoreCase("maddr"u8) || name.EqualsIgnoreCase("transport"u8))
            {
                return false;
            }
        }

        return true;
    }

    // Headers are never ignored, and their order does not matter.
    private static bool HeadersAgree(SipText left, SipText right)
    {
        if (left.IsEmpty || right.IsEmpty)
        {
            return left.IsEmpty && right.IsEmpty;
        }

        static string[] Split(SipText text)
        {
            var items = text.ToString().Split('&');
            Array.Sort(items, StringComparer.OrdinalIgnoreCase);
            return items;
        }

        return Split(left).SequenceEqual(Split(right), StringComparer.OrdinalIgnoreCase);
    }

    // A %-escape is the character itself, unless that is reserved: then it was escaped to mean something else.
    private static bool EqualsDecoded(SipText left, SipText right, bool ignoreCase)
    {
        ReadOnlySpan<byte> a = left.Span, b = right.Span;

        while (!a.IsEmpty && !b.IsEmpty)
        {
            var x = TakeDecoded(ref a);
            var y = TakeDecoded(ref b);
            if (x != y && !(ignoreCase && (x | 0x20) == (y | 0x20) && char.IsAsciiLetter((char)x)))
            {
                return false;
            }
        }

        return a.IsEmpty && b.IsEmpty;
    }

    private static void AddDecoded(ref HashCode hash, ReadOnlySpan<byte> text)
    {
        while (!text.IsEmpty)
        {
            hash.Add(TakeDecoded(ref text));
        }
    }

    private static int TakeDecoded(ref ReadOnlySpan<byte> text)
    {
        var octet = text[0];
        if (octet == '%' && text.Length >= 3 && char.IsAsciiHexDigit((char)text[1]) && char.IsAsciiHexDigit((char)text[2]))
        {
            octet = (byte)((Hex(text[1]) << 4) | Hex(text[2]));
            text = text[3..];
            return ";/?:@&=+$,"u8.Contains(octet) ? octet | Escaped : octet;
        }

        text = text[1..];
        return octet;
    }

    private static int Hex(byte digit) => digit <= '9' ? digit - '0' : (digit | 0x20) - 'a' + 10;
}
