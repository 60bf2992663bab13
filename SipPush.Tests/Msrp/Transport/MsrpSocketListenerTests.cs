using System.Net;
using System.Net.Sockets;
using Microsoft.Extensions.Logging.Abstractions;
using SipPush.Msrp;
using SipPush.Msrp.Transport;
using SipPush.Tests.Interop;
using SipPush.Tests.Support;
using static SipPush.Tests.Msrp.Transport.TransportScene;

namespace SipPush.Tests.Msrp.Transport;

public sealed class MsrpSocketListenerTests
{
    [Test]
    public async Task A_connection_is_forgotten_and_its_link_disposed_when_it_has_been_served()
    {
        var served = new List<MsrpLink>();
        await using var listener = Start(link =>
        {
            served.Add(link);
            return Task.CompletedTask;
        });

        using var client = await ConnectAsync(listener.LocalEndPoint);

        Assert.That(await client.GetStream().ReadAsync(new byte[1]).AsTask().WaitAsync(Patience), Is.Zero);
        client.Close();
        Assert.That(await Poll.UntilAsync(() => listener.ConnectionCount == 0, Patience), Is.True);
        Assert.That(served, Has.Count.EqualTo(1));
    }

    [Test]
    public async Task A_fault_of_one_connection_leaves_the_others_alone()
    {
        using var log = new RecordingLog();
        await using var listener = Start(_ => throw new InvalidOperationException("out of order"), log: log);

        using var first = await ConnectAsync(listener.LocalEndPoint);
        Assert.That(await log.NextAsync(), Does.StartWith("2903 The connection from 127.0.0.1:").And.EndsWith(" ended by a fault"));
        using var second = await ConnectAsync(listener.LocalEndPoint);

        Assert.That(await log.NextAsync(), Does.StartWith("2903 "));
    }

    [Test]
    public async Task One_connection_over_the_limit_is_closed_at_once_and_counted()
    {
        await using var scene = new TransportScene(limits: new MsrpTransportLimits { Connections = 2 });
        await scene.ConnectAsync();
        await scene.ConnectAsync();

        Assert.That(async () => await ReadAsync(await scene.DialAsync(), 1), Throws.InstanceOf<IOException>());

        Assert.That(scene.Listener.RefusedCount, Is.EqualTo(1));
        Assert.That(scene.Listener.ConnectionCount, Is.EqualTo(2));
    }

    [Test]
    public async Task There_is_room_again_when_a_connection_has_ended()
    {
        await using var listener = Start(
            link => link.Input.ReadAsync().AsTask(), new MsrpTransportLimits { ConnectionsPerAddress = 1 });
        using (await ConnectAsync(listener.LocalEndPoint))
        {
            Assert.That(await Poll.UntilAsync(() => listener.ConnectionCount == 1, Patience), Is.True);
        }
        Assert.That(await Poll.UntilAsync(() => listener.ConnectionCount == 0, Patience), Is.True);

        using var second = await ConnectAsync(listener.LocalEndPoint);

        Assert.That(await Poll.UntilAsync(() => listener.ConnectionCount == 1, Patience), Is.True);
        Assert.That(listener.RefusedCount, Is.Zero);
    }

    [Test]
    public async Task One_address_can_not_take_all_connections()
    {
        await using var scene = new TransportScene(limits: new MsrpTransportLimits { ConnectionsPerAddress = 1 });
        await scene.ConnectAsync();

        Assert.That(async () => await ReadAsync(await scene.DialAsync(), 1), Throws.InstanceOf<IOException>());

        using var elsewhere = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        elsewhere.Bind(new IPEndPoint(IPAddress.Parse("127.0.0.2"), 0));
        await elsewhere.ConnectAsync(scene.Listener.LocalEndPoint);
        Assert.That((await scene.AcceptAsync()).RemoteEndPoint, Is.EqualTo(elsewhere.LocalEndPoint));
    }

    [TestCase("192.0.2.7", "192.0.2.7")]
    [TestCase("::ffff:192.0.2.7", "192.0.2.7")]
    [TestCase("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::")]
    public void Addresses_of_one_IPv6_network_count_as_one(string address, string origin) =>
        Assert.That(ConnectedSocket.Origin(IPAddress.Parse(address)), Is.EqualTo(IPAddress.Parse(origin)));

    [Test]
    public async Task Disposing_breaks_what_is_open_and_waits_for_it()
    {
        var served = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var listener = Start(async link =>
        {
            served.SetResult();
            await link.Input.ReadAsync();
        });
        using var client = await ConnectAsync(listener.LocalEndPoint);
        await served.Task.WaitAsync(Patience);

        await listener.DisposeAsync().AsTask().WaitAsync(Patience);
        await listener.DisposeAsync().AsTask().WaitAsync(Patience);

        Assert.That(listener.ConnectionCount, Is.Zero);
        Assert.That(async () => await client.GetStream().ReadAsync(new byte[1]).AsTask().WaitAsync(Patience), Throws.InstanceOf<IOException>());
        Assert.That(async () => await ConnectAsync(listener.LocalEndPoint), Throws.InstanceOf<SocketException>());
    }

    [Test]
    public async Task A_listener_on_the_unspecified_IPv6_address_takes_both_kinds()
    {
        await using var scene = new TransportScene(address: IPAddress.IPv6Any);

        var (_, four) = await scene.ConnectAsync("127.0.0.1");
        var (_, six) = await scene.ConnectAsync("::1");

        Assert.That(((IPEndPoint)four.RemoteEndPoint!).Address, Is.EqualTo(IPAddress.Loopback));
        Assert.That(((IPEndPoint)six.RemoteEndPoint!).Address, Is.EqualTo(IPAddress.IPv6Loopback));
    }

    [Test]
    public async Task An_address_in_use_is_named()
    {
        await using var listener = Start(_ => Task.CompletedTask);

        Assert.That(
            () => MsrpSocketListener.Start(
                listener.LocalEndPoint, null, new MsrpTransportLimits(), new ManualTimeProvider(), NullLogger.Instance, _ => Task.CompletedTask),
            Throws.InstanceOf<IOException>().With.Message.StartsWith($"{listener.LocalEndPoint} can't be bound: "));
    }

    [Test]
    public void TLS_takes_a_certificate() =>
        Assert.That(
            () => MsrpSocketListener.Start(
                new IPEndPoint(IPAddress.Loopback, 0), new MsrpTlsOptions(), new MsrpTransportLimits(), new ManualTimeProvider(),
                NullLogger.Instance, _ => Task.CompletedTask),
            Throws.ArgumentException);

    private static MsrpSocketListener Start(Func<MsrpLink, Task> serve, MsrpTransportLimits? limits = null, RecordingLog? log = null) =>
        MsrpSocketListener.Start(
            new IPEndPoint(IPAddress.Loopback, 0), null, limits ?? new MsrpTransportLimits(), new ManualTimeProvider(),
            (Microsoft.Extensions.Logging.ILogger?)log ?? NullLogger.Instance, serve);

    private static async Task<TcpClient> ConnectAsync(IPEndPoint remote)
    {
        var client = new TcpClient();
        await client.ConnectAsync(remote);
        return client;
    }
}
