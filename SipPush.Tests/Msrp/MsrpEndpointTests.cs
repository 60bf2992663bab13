using System.Net;
using System.Net.Sockets;
using SipPush.Msrp;

namespace SipPush.Tests.Msrp;

/// <summary>Where an endpoint listens.</summary>
public sealed class MsrpEndpointTests
{
    [Test]
    public async Task An_endpoint_that_can_not_listen_at_both_addresses_listens_at_neither()
    {
        var local = FreeEndPoint();

        Assert.That(
            () => MsrpEndpoint.Start(new MsrpEndpointOptions { Listen = local, ListenSecure = new IPEndPoint(IPAddress.Loopback, 0) }),
            Throws.ArgumentException.With.Message.Contains("takes a certificate"));

        using var client = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        Assert.That(async () => await client.ConnectAsync(local), Throws.InstanceOf<SocketException>());
        await using var next = MsrpEndpoint.Start(new MsrpEndpointOptions { Listen = local });
        Assert.That(next.LocalEndPoint, Is.EqualTo(local));
    }

    private static IPEndPoint FreeEndPoint()
    {
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        socket.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        return (IPEndPoint)socket.LocalEndPoint!;
    }
}
