using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;

namespace SipPush.Tests.Interop;

/// <summary>Ports on the loopback that nobody has at this moment, neither for UDP nor for TCP.</summary>
internal static class FreePort
{
    private static readonly Lock Gate = new();
    private static readonly HashSet<int> Given = [];

    // Below those that the system gives to connections of its own choice: none of these is gone before it is used.
    private const int First = 16_384;
    private const int End = 32_768;

    /// <summary>A port that this process has not been given before.</summary>
    public static int Next()
    {
        for (var attempt = 0; attempt < 100; attempt++)
        {
            var port = RandomNumberGenerator.GetInt32(First, End);
            try
            {
                using var tcp = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
                tcp.Bind(new IPEndPoint(IPAddress.Loopback, port));
                using var udp = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
                udp.Bind(new IPEndPoint(IPAddress.Loopback, port));
            }
            catch (SocketException)
            {
                continue;
            }

            lock (Gate)
            {
                if (Given.Add(port))
                {
                    return port;
                }
            }
        }
        throw new InvalidOperationException("No port is free for both UDP and TCP");
    }
}
