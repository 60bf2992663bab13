using System.Net;
using Microsoft.Extensions.Logging;

namespace SipPush.Msrp.Transport;

/// <summary>What goes on below MSRP: 2900 to 2949. What any stranger can cause at will is Debug, so that nobody can fill the log.</summary>
internal static partial class MsrpTransportLog
{
    [LoggerMessage(2900, LogLevel.Debug, "{Remote} is refused: over {Limit} connections")]
    public static partial void TooManyConnections(ILogger logger, EndPoint remote, int limit);

    [LoggerMessage(2901, LogLevel.Debug, "{Remote} is refused: over {Limit} TLS handshakes are under way")]
    public static partial void TooManyHandshakes(ILogger logger, EndPoint remote, int limit);

    [LoggerMessage(2902, LogLevel.Debug, "{Remote} is not let in: {Cause}")]
    public static partial void HandshakeFailed(ILogger logger, EndPoint remote, string cause);

    [LoggerMessage(2903, LogLevel.Error, "The connection from {Remote} ended by a fault")]
    public static partial void ServingFailed(ILogger logger, EndPoint remote, Exception fault);

    [LoggerMessage(2904, LogLevel.Warning, "{Host} has not proved to be the far end that was expected: {Cause}")]
    public static partial void PeerNotVerified(ILogger logger, string host, string cause);
}
