using System.Net;
using System.Net.Sockets;

namespace SipPush.Msrp.Transport;

/// <summary>What is set on every socket, in both roles.</summary>
internal static class ConnectedSocket
{
    private const int Probes = 3;
    private static readonly TimeSpan ProbeInterval = TimeSpan.FromSeconds(15);

    /// <exception cref="SocketException">The far end has left.</exception>
    public static void Prepare(Socket socket, MsrpTransportLimits limits)
    {
        socket.NoDelay = true;

        try
        {
            socket.SetSocketOption(SocketOptionLevel.Tcp, SocketOptionName.TcpKeepAliveTime, (int)limits.ProbeAfter.TotalSeconds);
            socket.SetSocketOption(SocketOptionLevel.Tcp, SocketOptionName.TcpKeepAliveInterval, (int)ProbeInterval.TotalSeconds);
            socket.SetSocketOption(SocketOptionLevel.Tcp, SocketOptionName.TcpKeepAliveRetryCount, Probes);
            socket.SetSocketOption(SocketOptionLevel.Socket, SocketOptionName.KeepAlive, true);
        }
        catch (SocketException)
        {
            // A system without: a far end that vanished shows when something is written to it.
        }
    }

    /// <summary>Whom an address counts as: on IPv6 its /64, which one customer has whole.</summary>
    public static IPAddress Origin(IPAddress address)
    {
        if (address.IsIPv4MappedToIPv6)
        {
            return address.MapToIPv4();
        }

        if (address.AddressFamily != AddressFamily.InterNetworkV6)
        {
            return address;
        }

        Span<byte> octets = stackalloc byte[16];
        address.TryWriteBytes(octets, out _);
        octets[8..].Clear();
        return new IPAddress(octets);
    }
}
