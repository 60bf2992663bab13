using System.Net.WebSockets;

namespace SipPush.Msrp;

/// <summary>MSRP over WebSocket (RFC 7977): an end that can only open WebSockets is always behind a relay, which it is given to by <see cref="MsrpRelayOptions.ConnectAsync"/>.</summary>
public static class MsrpWebSocket
{
    /// <summary>The subprotocol that both sides have to agree on (RFC 7977 §4.1).</summary>
    public const string SubProtocol = "msrp";

    /// <summary>Opens a WebSocket for MSRP.</summary>
    /// <param name="server">Where: <c>wss</c> only (RFC 7977 §5.1).</param>
    /// <param name="configure">Certificates, headers, credentials of the handshake; null for none.</param>
    /// <param name="cancellationToken">Gives it up.</param>
    /// <exception cref="ArgumentException">It is not <c>wss</c>.</exception>
    /// <exception cref="WebSocketException">It can't be opened, or the server does not speak MSRP on it.</exception>
    public static async ValueTask<WebSocket> ConnectAsync(Uri server, Action<ClientWebSocketOptions>? configure = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(server);
        if (server.Scheme != Uri.UriSchemeWss)
        {
            throw new ArgumentException("MSRP goes over wss only", nameof(server));
        }

        var socket = new ClientWebSocket();
        try
        {
            socket.Options.AddSubProtocol(SubProtocol);
            configure?.Invoke(socket.Options);
            await socket.ConnectAsync(server, cancellationToken).ConfigureAwait(false);
            return socket;
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }
}
