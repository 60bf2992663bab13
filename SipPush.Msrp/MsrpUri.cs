using System.Buffers;
using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;
using SipPush.Msrp.Framing;

namespace SipPush.Msrp;

/// <summary>An MSRP URI (RFC 4975 §6). Two are equal by the rules of §6.1.</summary>
public sealed class MsrpUri : IEquatable<MsrpUri>
{
    // No grammar bounds a URI; those in use have a tenth of this.
    private const int MaxLength = 1024;

    private static readonly SearchValues<byte> UserinfoOctets =
        SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~%!$&'()*+,;=:"u8);

    // Of reg-name those sub-delims are left out that no host has and that mean something else in a URI of MSRP.
    private static readonly SearchValues<byte> HostOctets =
        SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~%"u8);

    private static readonly SearchValues<byte> Ipv6Octets = SearchValues.Create("0123456789abcdefABCDEF:."u8);

    private static readonly SearchValues<byte> SessionIdOctets =
        SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~+=/"u8);

    private readonly string _text;

    /// <summary>An <c>msrp</c> or <c>msrps</c> URI with transport <c>tcp</c>.</summary>
    /// <exception cref="ArgumentException">These parts make no URI.</exception>
    public MsrpUri(bool isSecure, string host, int? port, string? sessionId)
    {
        ArgumentNullException.ThrowIfNull(host);

        var builder = new StringBuilder(isSecure ? "msrps://" : "msrp://")
            .Append(host.Contains(':', StringComparison.Ordinal) ? $"[{host}]" : host);

        if (port is { } number)
        {
            builder.Append(CultureInfo.InvariantCulture, $":{number}");
        }

        if (sessionId is not null)
        {
            builder.Append('/').Append(sessionId);
        }

        _text = builder.Append(";tcp").ToString();

        // Read back, so that what can't be written can't be made either.
        if (!TryRead(_text, out var parts) || parts.SessionId != sessionId || parts.Port != port || parts.HasUserinfo || parts.Transport != "tcp")
        {
            throw new ArgumentException($"'{_text}' is not an MSRP URI.");
        }

        (IsSecure, Host, Port, SessionId, Transport) = (isSecure, parts.Host, port, sessionId, parts.Transport);
    }

    private MsrpUri(in Parts parts, string text)
    {
        (IsSecure, Host, Port, SessionId, Transport) = (parts.IsSecure, parts.Host, parts.Port, parts.SessionId, parts.Transport);
        _text = text;
    }

    /// <summary>Whether the scheme is <c>msrps</c>: TLS.</summary>
    public bool IsSecure { get; }

    /// <summary>The host, percent-decoded; an IPv6 address without its brackets, in the form of RFC 5952.</summary>
    public string Host { get; }

    /// <summary>The port, null when the URI names none.</summary>
    public int? Port { get; }

    /// <summary>The session, null when the URI names none (that of a relay, for instance).</summary>
    public string? SessionId { get; }

    /// <summary>The transport parameter, <c>tcp</c> as a rule.</summary>
    public string Transport { get; }

    /// <summary>Reads a URI of at most 1,024 octets; false when it is not one.</summary>
    public static bool TryParse(ReadOnlySpan<byte> value, [NotNullWhen(true)] out MsrpUri? uri)
    {
        uri = TryRead(value, out var parts) ? new MsrpUri(parts, Encoding.ASCII.GetString(value)) : null;
        return uri is not null;
    }

    /// <summary>Reads a URI.</summary>
    /// <exception cref="FormatException">It is not one.</exception>
    public static MsrpUri Parse(string value)
    {
        ArgumentNullException.ThrowIfNull(value);
        return TryRead(value, out var parts) ? new MsrpUri(parts, value) : throw new FormatException("Not an MSRP URI.");
    }

    /// <inheritdoc/>
    public bool Equals(MsrpUri? other) =>
        other is not null &&
        IsSecure == other.IsSecure &&
        Port == other.Port &&
        string.Equals(SessionId, other.SessionId, StringComparison.Ordinal) &&
        string.Equals(Host, other.Host, StringComparison.OrdinalIgnoreCase) &&
        string.Equals(Transport, other.Transport, StringComparison.OrdinalIgnoreCase);

    /// <inheritdoc/>
    public override bool Equals(object? obj) => Equals(obj as MsrpUri);

    /// <inheritdoc/>
    public override int GetHashCode() => HashCode.Combine(IsSecure, Port, SessionId, StringComparer.OrdinalIgnoreCase.GetHashCode(Host));

    /// <summary>The URI as it is written, as it came when it was read.</summary>
    public override string ToString() => _text;

    private static bool TryRead(string value, out Parts parts)
    {
        // Octets beyond ASCII are in no part, so that a length in characters is enough here.
        if (value.Length > MaxLength || !Ascii.IsValid(value))
        {
            parts = default;
            return false;
        }

        Span<byte> octets = stackalloc byte[MaxLength];
        return TryRead(octets[..Encoding.ASCII.GetBytes(value, octets)], out parts);
    }

    private static bool TryRead(ReadOnlySpan<byte> rest, out Parts parts)
    {
        parts = default;

        if (rest.Length > MaxLength || !TryTakeScheme(ref rest, out parts.IsSecure))
        {
            return false;
        }

        // An "@" stands nowhere but behind the userinfo, in which unlike in a host ":" and ";" may be.
        if (rest.IndexOf((byte)'@') is >= 0 and var at)
        {
            if (rest[..at].ContainsAnyExcept(UserinfoOctets))
            {
                return false;
            }

            parts.HasUserinfo = true;
            rest = rest[(at + 1)..];
        }

        return TryTakeHost(ref rest, out parts.Host) && TryTakePort(ref rest, out parts.Port) &&
            TryTakeSessionId(ref rest, out parts.SessionId) && TryTakeTransport(ref rest, out parts.Transport) && AreParameters(rest);
    }

    private static bool TryTakeScheme(ref ReadOnlySpan<byte> rest, out bool isSecure)
    {
        isSecure = rest.Length > 4 && (rest[4] | 0x20) == 's';
        var length = isSecure ? 8 : 7;
        if (rest.Length < length || !Ascii.EqualsIgnoreCase(rest[..length], isSecure ? "msrps://"u8 : "msrp://"u8))
        {
            return false;
        }

        rest = rest[length..];
        return true;
    }

    private static bool TryTakeHost(ref ReadOnlySpan<byte> rest, out string host)
    {
        host = "";

        if (rest is [(byte)'[', ..])
        {
            var close = rest.IndexOf((byte)']');
            if (close < 0 || rest[1..close].ContainsAnyExcept(Ipv6Octets) || !IPAddress.TryParse(Encoding.ASCII.GetString(rest[1..close]), out var address) ||
                address.AddressFamily != AddressFamily.InterNetworkV6)
            {
                return false;
            }

            host = address.ToString();
            rest = rest[(close + 1)..];
            return true;
        }

        var end = rest.IndexOfAny((byte)':', (byte)'/', (byte)';');
        if (end <= 0 || rest[..end].ContainsAnyExcept(HostOctets) || !TryDecode(rest[..end], out host))
        {
            return false;
        }

        rest = rest[end..];
        return true;
    }

    /// <summary>Percent-encoded unreserved characters are decoded, since that is how hosts are compared (RFC 4975 §6.1); others are in no host.</summary>
    private static bool TryDecode(ReadOnlySpan<byte> value, out string text)
    {
        if (!value.Contains((byte)'%'))
        {
            text = Encoding.ASCII.GetString(value);
            return true;
        }

        text = "";
        var decoded = new StringBuilder(value.Length);
        while (!value.IsEmpty)
        {
            var (octet, length) = (value[0], 1);
            if (octet == '%')
            {
                if (value.Length < 3 || !byte.TryParse(value[1..3], NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out octet) ||
                    octet == '%' || !HostOctets.Contains(octet))
                {
                    return false;
                }

                length = 3;
            }

            decoded.Append((char)octet);
            value = value[length..];
        }

        text = decoded.ToString();
        return true;
    }

    private static bool TryTakePort(ref ReadOnlySpan<byte> rest, out int? port)
    {
        port = null;
        if (rest is not [(byte)':', ..])
        {
            return true;
        }

        var length = rest[1..].IndexOfAnyExceptInRange((byte)'0', (byte)'9');
        if (length is < 1 or > 5 || !int.TryParse(rest[1..(1 + length)], NumberStyles.None, CultureInfo.InvariantCulture, out var number) ||
            number is < 1 or > ushort.MaxValue)
        {
            return false;
        }

        port = number;
        rest = rest[(1 + length)..];
        return true;
    }

    private static bool TryTakeSessionId(ref ReadOnlySpan<byte> rest, out string? sessionId)
    {
        sessionId = null;
        if (rest is not [(byte)'/', ..])
        {
            return true;
        }

        var length = rest[1..].IndexOf((byte)';');
        if (length < 1 || rest.Slice(1, length).ContainsAnyExcept(SessionIdOctets))
        {
            return false;
        }

        sessionId = Encoding.ASCII.GetString(rest.Slice(1, length));
        rest = rest[(1 + length)..];
        return true;
    }

    private static bool TryTakeTransport(ref ReadOnlySpan<byte> rest, out string transport)
    {
        transport = "";
        if (rest is not [(byte)';', ..])
        {
            return false;
        }

        rest = rest[1..];
        var length = rest.IndexOf((byte)';') is >= 0 and var semicolon ? semicolon : rest.Length;
        if (length == 0 || rest[..length].ContainsAnyExcept(MsrpGrammar.AlphanumericOctets))
        {
            return false;
        }

        transport = rest[..length].SequenceEqual("tcp"u8) ? "tcp" : Encoding.ASCII.GetString(rest[..length]);
        rest = rest[length..];
        return true;
    }

    private static bool AreParameters(ReadOnlySpan<byte> rest)
    {
        while (!rest.IsEmpty)
        {
            rest = rest[1..];
            var length = rest.IndexOf((byte)';') is >= 0 and var semicolon ? semicolon : rest.Length;
            var parameter = rest[..length];
            var equals = parameter.IndexOf((byte)'=');

            if (equals < 0 ? !MsrpGrammar.IsToken(parameter) : !MsrpGrammar.IsToken(parameter[..equals]) || !MsrpGrammar.IsToken(parameter[(equals + 1)..]))
            {
                return false;
            }

            rest = rest[length..];
        }

        return true;
    }

    private struct Parts
    {
        public bool IsSecure;
        public bool HasUserinfo;
        public string Host;
        public int? Port;
        public string? SessionId;
        public string Transport;
    }
}
