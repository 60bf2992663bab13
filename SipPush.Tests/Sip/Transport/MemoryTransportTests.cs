using System.Text;
using SipPush.Sip;

namespace SipPush.Tests.Sip.Transport;

public sealed class MemoryTransportTests
{
    [TestCase("udp")]
    [TestCase("tcp")]
    public async Task A_conversation_runs_to_its_end_within_the_first_send(string protocol)
    {
        var network = new MemoryNetwork();
        var (near, far) = (new RecordingReceiver(), new RecordingReceiver());
        await using var client = await StartAsync(network, $"{protocol}:10.0.0.1:5060", near);
        await using var server = await StartAsync(network, $"{protocol}:10.0.0.2:5060", far);
        var log = new List<string>();
        far.OnReceived = (flow, message) => Count(server, flow, message);
        near.OnReceived = (flow, message) => Count(client, flow, message);

        var flow = await client.ConnectAsync(server.Local, default);
        await client.SendAsync(flow, "10000"u8.ToArray(), default);

        Assert.That(log, Has.Count.EqualTo(10_001));
        Assert.That(log[^1], Is.EqualTo("0"));

        void Count(MemoryTransport transport, SipFlow from, byte[] message)
        {
            var left = int.Parse(Encoding.ASCII.GetString(message));
            log.Add($"{left}");

            if (left > 0)
            {
                Assert.That(transport.SendAsync(from, Encoding.ASCII.GetBytes($"{left - 1}"), default).AsTask().IsCompletedSuccessfully, Is.True);
            }
        }
    }

    [Test]
    public async Task Packets_are_lost_doubled_and_delayed_as_told()
    {
        var clock = new TransportClock();
        var network = new MemoryNetwork(clock)
        {
            Fate = packet => packet.Message.Span[0] switch
            {
                (byte)'x' => MemoryFate.Drop,
                (byte)'d' => MemoryFate.Duplicate,
                (byte)'l' => MemoryFate.Late(TimeSpan.FromSeconds(2)),
                _ => MemoryFate.Deliver,
            },
        };
        var arrived = new StringBuilder();
        await using var client = await StartAsync(network, "udp:10.0.0.1:5060", new RecordingReceiver());
        await using var server = await StartAsync(
            network, "udp:10.0.0.2:5060", new RecordingReceiver { OnReceived = (_, message) => arrived.Append((char)message[0]) });
        var flow = await client.ConnectAsync(server.Local, default);

        foreach (var octet in "xldn"u8.ToArray())
        {
            await client.SendAsync(flow, new[] { octet }, default);
        }
        clock.Advance(TimeSpan.FromSeconds(1.9));
        Assert.That(arrived.ToString(), Is.EqualTo("ddn"));
        clock.Advance(TimeSpan.FromSeconds(.1));

        Assert.That(arrived.ToString(), Is.EqualTo("ddnl"));
    }

    [Test]
    public async Task A_connection_is_refused_used_again_and_closed_at_both_ends()
    {
        var network = new MemoryNetwork();
        var (near, far) = (new RecordingReceiver(), new RecordingReceiver());
        await using var client = await StartAsync(network, "tcp:10.0.0.1:5060", near);
        await using var server = await StartAsync(network, "tcp:10.0.0.2:5060", far);

        Assert.ThrowsAsync<IOException>(async () => await client.ConnectAsync(SipEndPoint.Parse("tcp:10.0.0.3:5060"), default));
        var flow = await client.ConnectAsync(server.Local, default);
        Assert.That(await client.ConnectAsync(server.Local, default), Is.SameAs(flow));
        await client.SendAsync(flow, "x"u8.ToArray(), default);
        var (accepted, _) = await far.NextAsync();
        Assert.That(await server.ConnectAsync(accepted.Remote, default), Is.SameAs(accepted));

        await client.CloseAsync(flow);

        Assert.That((await near.NextClosedAsync()).Flow, Is.SameAs(flow));
        Assert.That((await far.NextClosedAsync()).Flow, Is.SameAs(accepted));
        Assert.That(accepted.IsOpen, Is.False);
        Assert.ThrowsAsync<IOException>(async () => await server.SendAsync(accepted, "x"u8.ToArray(), default));
        Assert.That(await client.ConnectAsync(server.Local, default), Is.Not.SameAs(flow));
    }

    [Test]
    public async Task Disposing_closes_connections_and_frees_the_end_point()
    {
        var network = new MemoryNetwork();
        var far = new RecordingReceiver();
        var client = await StartAsync(network, "tcp:10.0.0.1:5060", new RecordingReceiver());
        await using var server = await StartAsync(network, "tcp:10.0.0.2:5060", far);
        await client.ConnectAsync(server.Local, default);
        Assert.ThrowsAsync<IOException>(async () => await StartAsync(network, "tcp:10.0.0.1:5060", far));

        await client.DisposeAsync();

        Assert.That((await far.NextClosedAsync()).Reason, Is.Null);
        await using var again = await StartAsync(network, "tcp:10.0.0.1:5060", far);
    }

    [Test]
    public async Task On_a_datagram_network_what_has_nowhere_to_go_is_lost()
    {
        await using var client = await StartAsync(new MemoryNetwork(), "udp:10.0.0.1:0", new RecordingReceiver());

        var flow = await client.ConnectAsync(SipEndPoint.Parse("udp:10.0.0.9:5060"), default);

        Assert.DoesNotThrowAsync(async () => await client.SendAsync(flow, "x"u8.ToArray(), default));
        Assert.That(client.Local.Address.Port, Is.Not.Zero);
    }

    private static async Task<MemoryTransport> StartAsync(MemoryNetwork network, string local, RecordingReceiver receiver)
    {
        var transport = new MemoryTransport(network, SipEndPoint.Parse(local));
        await transport.StartAsync(receiver, default);
        return transport;
    }
}
