using System.Net;
using System.Net.Sockets;
using System.Text;
using SipPush.Sip;

namespace SipPush.Tests.Sip.Transport;

[CancelAfter(60_000)]
public sealed class UdpTransportTests
{
    [TestCase("127.0.0.1")]
    [TestCase("::1")]
    public async Task A_datagram_goes_there_and_its_answer_comes_back(string address)
    {
        IgnoreWithout(address);
        var (near, far) = (new RecordingReceiver(), new RecordingReceiver());
        await using var client = await StartAsync(address, near);
        await using var server = await StartAsync(address, far);

        var flow = await client.ConnectAsync(server.Local, default);
        await client.SendAsync(flow, "request"u8.ToArray(), default);
        var (from, request) = await far.NextAsync();
        await server.SendAsync(from, "answer"u8.ToArray(), default);
        var (back, answer) = await near.NextAsync();

        Assert.That(request, Is.EqualTo("request"));
        Assert.That(from.Remote, Is.EqualTo(client.Local));
        Assert.That(from.Local, Is.EqualTo(server.Local));
        Assert.That(answer, Is.EqualTo("answer"));
        Assert.That(back, Is.SameAs(flow));
    }

    [Test]
    public async Task A_steady_peer_keeps_its_flow()
    {
        var receiver = new RecordingReceiver();
        await using var transport = await StartAsync("127.0.0.1", receiver);
        using var peer = new UdpClient(new IPEndPoint(IPAddress.Loopback, 0));

        await peer.SendAsync("one"u8.ToArray(), transport.Local.Address);
        var (first, _) = await receiver.NextAsync();
        await peer.SendAsync("two"u8.ToArray(), transport.Local.Address);
        var (second, _) = await receiver.NextAsync();

        Assert.That(second, Is.SameAs(first));
    }

    [Test]
    [Description("SIP-52")]
    public async Task Keep_alives_are_not_delivered()
    {
        var receiver = new RecordingReceiver();
        await using var transport = await StartAsync("127.0.0.1", receiver, new SipTransportOptions { ReceiveThreads = 1 });
        using var peer = new UdpClient(new IPEndPoint(IPAddress.Loopback, 0));

        foreach (var datagram in (string[])["\r\n\r\n", "\r\n", "\0", "\0\0\0\0", "", "message"])
        {
            await peer.SendAsync(Encoding.ASCII.GetBytes(datagram), transport.Local.Address);
        }

        Assert.That((await receiver.NextAsync()).Text, Is.EqualTo("message"));
    }

    [Test]
    [Description("SIP-96")]
    public async Task A_datagram_of_the_largest_size_arrives_and_a_larger_one_is_refused()
    {
        var receiver = new RecordingReceiver();
        await using var transport = await StartAsync("127.0.0.1", receiver);
        var self = await transport.ConnectAsync(transport.Local, default);

        await transport.SendAsync(self, new byte[65_507], default);

        Assert.That((await receiver.NextAsync()).Text, Has.Length.EqualTo(65_507));
        Assert.ThrowsAsync<IOException>(async () => await transport.SendAsync(self, new byte[65_508], default));
    }

    [Test]
    public async Task A_port_where_nobody_listens_does_not_end_the_receiving()
    {
        var receiver = new RecordingReceiver();
        await using var transport = await StartAsync("127.0.0.1", receiver);
        using var gone = new UdpClient(new IPEndPoint(IPAddress.Loopback, 0));
        var nobody = new SipEndPoint(SipProtocol.Udp, (IPEndPoint)gone.Client.LocalEndPoint!);
        gone.Dispose();

        await transport.SendAsync(await transport.ConnectAsync(nobody, default), "lost"u8.ToArray(), default);
        await transport.SendAsync(await transport.ConnectAsync(transport.Local, default), "kept"u8.ToArray(), default);

        Assert.That((await receiver.NextAsync()).Text, Is.EqualTo("kept"));
    }

    [Test]
    public async Task What_a_receiver_throws_is_reported_and_the_next_datagram_arrives()
    {
        var faults = new TaskCompletionSource<Exception>();
        var receiver = new RecordingReceiver { OnReceived = (_, _) => throw new InvalidOperationException("bad") };
        await using var transport = await StartAsync(
            "127.0.0.1", receiver, new SipTransportOptions { ReceiveThreads = 1, ReceiverFault = fault => faults.TrySetResult(fault) });
        var self = await transport.ConnectAsync(transport.Local, default);

        await transport.SendAsync(self, "one"u8.ToArray(), default);
        Assert.That((await faults.Task).Message, Is.EqualTo("bad"));
        receiver.OnReceived = null;
        await transport.SendAsync(self, "two"u8.ToArray(), default);

        Assert.That((await receiver.NextAsync()).Text, Is.EqualTo("two"));
    }

    [TestCase("127.0.0.1")]
    [TestCase("0.0.0.0")]
    [TestCase("::1")]
    [TestCase("::")]
    public async Task Disposing_ends_threads_that_wait_for_a_datagram(string address)
    {
        IgnoreWithout(address);

        for (var round = 0; round < 5; round++)
        {
            var transport = await StartAsync(address, new RecordingReceiver(), new SipTransportOptions { ReceiveThreads = 4 });
            await transport.DisposeAsync().AsTask().WaitAsync(TimeSpan.FromSeconds(20));
            await transport.DisposeAsync();
        }
    }

    [Test]
    public async Task After_disposal_sending_fails()
    {
        var transport = await StartAsync("127.0.0.1", new RecordingReceiver());
        var flow = await transport.ConnectAsync(transport.Local, default);

        await transport.DisposeAsync();

        Assert.ThrowsAsync<IOException>(async () => await transport.SendAsync(flow, "x"u8.ToArray(), default));
    }

    [Test]
    public async Task An_address_in_use_or_of_another_family_is_an_IOException()
    {
        await using var first = await StartAsync("127.0.0.1", new RecordingReceiver());
        await using var second = new UdpTransport(first.Local);

        Assert.ThrowsAsync<IOException>(async () => await second.StartAsync(new RecordingReceiver(), default));
        Assert.ThrowsAsync<IOException>(async () => await first.ConnectAsync(SipEndPoint.Parse("udp:[::1]:5060"), default));
    }

    private static async Task<UdpTransport> StartAsync(string address, RecordingReceiver receiver, SipTransportOptions? options = null)
    {
        var transport = new UdpTransport(new SipEndPoint(SipProtocol.Udp, new IPEndPoint(IPAddress.Parse(address), 0)), options);
        await transport.StartAsync(receiver, default);
        return transport;
    }

    internal static void IgnoreWithout(string address)
    {
        if (!address.Contains(':'))
        {
            return;
        }

        try
        {
            using var probe = new Socket(AddressFamily.InterNetworkV6, SocketType.Dgram, ProtocolType.Udp);
            probe.Bind(new IPEndPoint(IPAddress.IPv6Loopback, 0));
        }
        catch (SocketException)
        {
            Assert.Ignore("This machine has no IPv6");
        }
    }
}
