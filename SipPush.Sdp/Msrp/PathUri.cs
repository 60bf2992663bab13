using System.Buffers;
using System.Diagnostics.CodeAnalysis;
using System.Globalization;

namespace SipPush.Sdp;

/// <summary>
/// One URI of <c>a=path</c> (RFC 4975 §8.2), read as far as a session description needs it: where to connect, and how. Two are equal when
/// they are written alike, octet by octet; the rules of RFC 4975 §6.1 are the MSRP layer's.
/// </summary>
public sealed record PathUri
{
    private static readonly SearchValues<char> NotInHost = SearchValues.Create("[]\"<>\\");

    private readonly int _portAt;
    private readonly int _portLength;

    private PathUri(string text, bool isSecure, string host, int? port, int portAt, int portLength)
    {
        Text = text;
        IsSecure = isSecure;
        Host = host;
        Port = port;
        _portAt = portAt;
        _portLength = portLength;
    }

    /// <summary>The URI as it came.</summary>
    public string Text { get; }

    /// <summary>True for <c>msrps</c>: TLS.</summary>
    public bool IsSecure { get; }

    /// <summary>A domain name or an address, an IPv6 address without its brackets.</summary>
    public string Host { get; }

    /// <summary>The port; null where there is none, which a session description may not have.</summary>
    public int? Port { get; }

    /// <summary>Reads <c>scheme "://" [user "@"] host [":" port] ["/" session-id] ";" transport</c>; false when it is anything else.</summary>
    public static bool TryParse(string text, [NotNullWhen(true)] out PathUri? uri)
    {
        ArgumentNullException.ThrowIfNull(text);
        uri = null;
        var isSecure = text.StartsWith("msrps://", StringComparison.OrdinalIgnoreCase);
        if ((!isSecure && !text.StartsWith("msrp://", StringComparison.OrdinalIgnoreCase)) || !SdpGrammar.IsVisible(text))
        {
            return false;
        }

        var start = isSecure ? "msrps://".Length : "msrp://".Length;
        var semicolon = text.IndexOf(';', start);
        if (semicolon < 0 || semicolon == text.Length - 1)
        {
            return false;
        }

        var slash = text.IndexOf('/', start, semicolon - start);
        var end = slash < 0 ? semicolon : slash;
        var at = text.LastIndexOf('@', end - 1, end - start);
        start = at < 0 ? start : at + 1;

        var closing = text.IndexOf(']', start, end - start);
        var colon = text.IndexOf(':', closing < 0 ? start : closing, end - (closing < 0 ? start : closing));
        var hostEnd = colon < 0 ? end : colon;
        var host = text.AsSpan(start, hostEnd - start);
        if (host.StartsWith("["))
        {
            if (closing != hostEnd - 1)
            {
                return false;
            }

            host = host[1..^1];
        }

        var portText = colon < 0 ? default : text.AsSpan(colon + 1, end - colon - 1);
        var port = 0L;
        if (host.IsEmpty || host.ContainsAny(NotInHost) || (colon >= 0 && (!SdpGrammar.TryReadNumber(portText, out port) || port is 0 or > ushort.MaxValue)))
        {
            return false;
        }

        uri = new PathUri(text, isSecure, host.ToString(), colon < 0 ? null : (int)port, hostEnd, colon < 0 ? 0 : end - colon);
        return true;
    }

    /// <summary>Reads a URI that the program has made.</summary>
    /// <exception cref="FormatException">It is none.</exception>
    public static PathUri Parse(string text) => TryParse(text, out var uri) ? uri : throw new FormatException("Not an MSRP URI with a transport.");

    /// <summary>The same with another port.</summary>
    public PathUri WithPort(int port) =>
        Parse($"{Text.AsSpan(0, _portAt)}:{port.ToString(CultureInfo.InvariantCulture)}{Text.AsSpan(_portAt + _portLength)}");

    /// <summary>True when both are written alike.</summary>
    public bool Equals(PathUri? other) => other is not null && Text == other.Text;

    /// <inheritdoc/>
    public override int GetHashCode() => Text.GetHashCode(StringComparison.Ordinal);

    /// <summary>The URI as it came.</summary>
    public override string ToString() => Text;
}
