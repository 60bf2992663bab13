using System.Net;
using System.Net.Sockets;

namespace SipPush.Sip.Location;

/// <summary>
/// From a URI to the end points where requests for it go (RFC 3263 §4). Numeric hosts and names with address records; the transport
/// is the one the URI names, else UDP.
/// </summary>
internal static class ServerLocator
{
    /// <summary>The end point of a URI whose host is a numeric address, which takes no looking up; false for any other.</summary>
    public static bool TryLocate(SipUri uri, out SipEndPoint endPoint)
    {
        endPoint = default;
        var host = Host(uri).Span;
        if (host.Length > 2 && host[0] == '[' && host[^1] == ']')
        {
            host = host[1..^1];
        }

        if (uri.Scheme != "sip" || !IPAddress.TryParse(host, out var address))
        {
            return false;
        }

        var protocol = uri.Transport ?? SipProtocol.Udp;
        endPoint = new SipEndPoint(protocol, new IPEndPoint(address, uri.Port ?? protocol.DefaultPort()));
        return true;
    }

    /// <summary>The end points in the order in which to try them.</summary>
    /// <exception cref="IOException">The host has no address, or can't be looked up.</exception>
    public static async ValueTask<IReadOnlyList<SipEndPoint>> LocateAsync(SipUri uri, CancellationToken cancellationToken)
    {
        // A sips URI asks for TLS on every hop: better not at all than in the clear (RFC 3261 §26.2.2).
        if (uri.Scheme != "sip")
        {
            throw new IOException($"Requests can't be sent to {uri.Scheme} URIs");
        }

        if (TryLocate(uri, out var numeric))
        {
            return [numeric];
        }

        var host = Host(uri).ToString();
        var protocol = uri.Transport ?? SipProtocol.Udp;
        var port = uri.Port ?? protocol.DefaultPort();

        try
        {
            var addresses = await Dns.GetHostAddressesAsync(host, cancellationToken).ConfigureAwait(false);
            return [.. addresses.Select(found => new SipEndPoint(protocol, new IPEndPoint(found, port)))];
        }
        catch (SocketException error)
        {
            throw new IOException($"The address of {host} can't be found: {error.Message}", error);
        }
    }

    private static SipText Host(SipUri uri) => uri.Parameters.TryGet("maddr"u8, out var maddr) ? maddr : uri.Host;
}
