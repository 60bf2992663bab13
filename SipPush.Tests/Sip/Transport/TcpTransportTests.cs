using System.Net;
using System.Net.Sockets;
using System.Text;
using SipPush.Sip;

namespace SipPush.Tests.Sip.Transport;

[CancelAfter(60_000)]
public sealed class TcpTransportTests
{
    private const string Message = "MESSAGE sip:a SIP/2.0\r\nContent-Length: 4\r\n\r\nbody";

    [TestCase("127.0.0.1")]
    [TestCase("::1")]
    public async Task A_message_goes_there_and_its_answer_comes_back_on_the_connection(string address)
    {
        UdpTransportTests.IgnoreWithout(address);
        var (near, far) = (new RecordingReceiver(), new RecordingReceiver());
        await using var client = await StartAsync(near, address: address);
        await using var server = await StartAsync(far, address: address);

        var flow = await client.ConnectAsync(server.Local, default);
        await client.SendAsync(flow, Octets(Message), default);
        var (from, text) = await far.NextAsync();
        await server.SendAsync(from, Octets(Message), default);

        Assert.That(text, Is.EqualTo(Message));
        Assert.That(from.Remote, Is.EqualTo(flow.Local));
        Assert.That((await near.NextAsync()).Flow, Is.SameAs(flow));
    }

    [Test]
    public async Task An_open_connection_is_used_again_whichever_side_opened_it()
    {
        var far = new RecordingReceiver();
        await using var client = await StartAsync(new RecordingReceiver());
        await using var server = await StartAsync(far);

        var flow = await client.ConnectAsync(server.Local, default);
        await client.SendAsync(flow, Octets(Message), default);
        var (accepted, _) = await far.NextAsync();

        Assert.That(await client.ConnectAsync(server.Local, default), Is.SameAs(flow));
        Assert.That(await server.ConnectAsync(accepted.Remote, default), Is.SameAs(accepted));
    }

    [Test]
    public async Task Callers_at_the_same_time_share_one_attempt()
    {
        await using var client = await StartAsync(new RecordingReceiver());
        await using var server = await StartAsync(new RecordingReceiver());

        var flows = await Task.WhenAll(Enumerable.Range(0, 20).Select(_ => Task.Run(async () => await client.ConnectAsync(server.Local, default))));

        Assert.That(flows.Distinct().Count(), Is.EqualTo(1));
        Assert.That(client.ConnectionCount, Is.EqualTo(1));
    }

    [Test]
    public async Task A_refused_connection_is_an_IOException_and_the_next_attempt_is_a_new_one()
    {
        await using var client = await StartAsync(new RecordingReceiver());
        var server = await StartAsync(new RecordingReceiver());
        var remote = server.Local;
        await server.DisposeAsync();

        Assert.ThrowsAsync<IOException>(async () => await client.ConnectAsync(remote, default));

        await using var again = new TcpTransport(remote);
        await again.StartAsync(new RecordingReceiver(), default);
        Assert.That((await client.ConnectAsync(remote, default)).IsOpen, Is.True);
    }

    [Test]
    [Description("SIP-05, SIP-52")]
    public async Task A_ping_is_answered_and_empty_lines_are_skipped()
    {
        var receiver = new RecordingReceiver();
        await using var transport = await StartAsync(receiver);
        using var peer = await DialAsync(transport);

        await peer.SendAsync(Octets("\r\n\r\n"));
        Assert.That(await ReadAsync(peer, 2), Is.EqualTo("\r\n"));
        await peer.SendAsync(Octets("\r\n" + Message + "\r\n\r\n"));

        Assert.That((await receiver.NextAsync()).Text, Is.EqualTo(Message));
        Assert.That(await ReadAsync(peer, 2), Is.EqualTo("\r\n"));
    }

    [Test]
    [Description("SIP-06")]
    public async Task A_message_without_Content_Length_is_answered_and_the_connection_closed()
    {
        var receiver = new RecordingReceiver();
        await using var transport = await StartAsync(receiver);
        receiver.OnUnframeable = flow => _ = transport.SendAsync(flow, Octets("400"), default).AsTask();
        using var peer = await DialAsync(transport);

        await peer.SendAsync(Octets("A\r\nVia: v\r\n\r\n" + new string('x', 5_000)));
        var answer = await ReadAsync(peer, 4);
        peer.Dispose();

        var (_, head, error) = await receiver.NextErrorAsync();
        var (flow, reason) = await receiver.NextClosedAsync();
        Assert.That(answer, Is.EqualTo("400"));
        Assert.That(head, Is.EqualTo("A\r\nVia: v\r\n\r\n"));
        Assert.That(error, Is.EqualTo(SipFramingError.MissingContentLength));
        Assert.That(reason, Is.InstanceOf<InvalidDataException>());
        Assert.That(flow.IsOpen, Is.False);
        Assert.ThrowsAsync<IOException>(async () => await transport.SendAsync(flow, Octets(Message), default));
    }

    [TestCase("A\r\nContent-Length: 2000\r\n\r\n", SipFramingError.BodyTooLarge)]
    [TestCase(null, SipFramingError.HeaderSectionTooLarge)]
    [Description("SIP-96")]
    public async Task An_oversized_message_is_refused(string? text, SipFramingError expected)
    {
        var receiver = new RecordingReceiver();
        await using var transport = await StartAsync(receiver, messages: new SipLimits { HeaderSection = 1000, Body = 1000 });
        using var peer = await DialAsync(transport);

        await peer.SendAsync(Octets(text ?? new string('h', 3000)));

        Assert.That((await receiver.NextErrorAsync()).Error, Is.EqualTo(expected));
        Assert.That(await ReadAsync(peer, 1), Is.Empty);
    }

    [Test]
    public async Task Messages_of_all_sizes_arrive_whole_and_in_order_however_they_are_cut()
    {
        var receiver = new RecordingReceiver();
        await using var transport = await StartAsync(receiver);
        using var peer = await DialAsync(transport);
        var messages = Enumerable.Range(0, 60)
            .Select(index => $"A {index}\r\nl: {(index * 7919) % 90_000}\r\n\r\n{new string('b', (index * 7919) % 90_000)}").ToArray();
        var octets = Octets(string.Concat(messages));

        var sending = Task.Run(async () =>
        {
            for (int sent = 0, size = 1; sent < octets.Length; sent += size, size = Math.Min((size * 3) + 1, 50_000))
            {
                size = Math.Min(size, octets.Length - sent);
                await peer.SendAsync(octets.AsMemory(sent, size));
            }
        });

        foreach (var message in messages)
        {
            Assert.That((await receiver.NextAsync()).Text, Is.EqualTo(message));
        }
        await sending;
    }

    [Test]
    public async Task Answers_to_what_came_together_are_written_together()
    {
        const int Count = 1000;
        var receiver = new RecordingReceiver();
        await using var transport = await StartAsync(receiver);
        TcpConnection? connection = null;
        receiver.OnReceived = (flow, message) =>
        {
            connection = (TcpConnection)flow;
            Assert.That(transport.SendAsync(flow, message, default).AsTask().IsCompletedSuccessfully, Is.True);
        };
        using var peer = await DialAsync(transport);
        var all = string.Concat(Enumerable.Repeat(Message, Count));

        await peer.SendAsync(Octets(all));

        Assert.That(await ReadAsync(peer, all.Length), Is.EqualTo(all));
        Assert.That(connection!.Writes, Is.LessThan(Count / 10));
    }

    [Test]
    public async Task Messages_from_many_senders_keep_their_boundaries()
    {
        var receiver = new RecordingReceiver();
        await using var client = await StartAsync(new RecordingReceiver());
        await using var server = await StartAsync(receiver);
        var flow = await client.ConnectAsync(server.Local, default);

        await Task.WhenAll(Enumerable.Range(0, 8).Select(sender => Task.Run(async () =>
        {
            for (var index = 0; index < 500; index++)
            {
                await client.SendAsync(flow, Octets($"A {sender} {index}\r\nl:0\r\n\r\n"), default);
            }
        })));

        var next = new int[8];
        for (var count = 0; count < 4000; count++)
        {
            var parts = (await receiver.NextAsync()).Text.Split(' ', '\r');
            Assert.That(int.Parse(parts[2]), Is.EqualTo(next[int.Parse(parts[1])]++));
        }
    }

    [Test]
    [Description("SIP-96")]
    public async Task A_far_end_that_does_not_read_holds_the_sender_and_is_then_given_up()
    {
        var clock = new TransportClock();
        var receiver = new RecordingReceiver();
        await using var transport = await StartAsync(receiver, new SipTransportLimits { ConnectionQueueBytes = 100_000 }, clock);
        using var peer = await DialAsync(transport);
        var flow = await AcceptedAsync(receiver, peer);

        var (stuck, taken) = await FillAsync(transport, flow);
        Assert.That(stuck.IsCompleted, Is.False);
        clock.Advance(TimeSpan.FromSeconds(11));

        Assert.ThrowsAsync<IOException>(() => stuck);
        Assert.That(taken, Is.GreaterThan(0));
        Assert.That((await receiver.NextClosedAsync()).Reason, Is.InstanceOf<IOException>());
    }

    [Test]
    public async Task A_held_sender_goes_on_when_the_far_end_reads()
    {
        var receiver = new RecordingReceiver();
        await using var transport = await StartAsync(receiver, new SipTransportLimits { ConnectionQueueBytes = 100_000 });
        using var peer = await DialAsync(transport);
        var flow = await AcceptedAsync(receiver, peer);

        var (stuck, taken) = await FillAsync(transport, flow);
        var read = await ReadAsync(peer, (taken + 1) * 10_000);
        await stuck;

        Assert.That(read, Has.Length.EqualTo((taken + 1) * 10_000));
        Assert.That(flow.IsOpen, Is.True);
    }

    [Test]
    [Description("SIP-96")]
    public async Task One_that_asks_and_does_not_read_is_not_read_either()
    {
        var clock = new TransportClock();
        var receiver = new RecordingReceiver();
        await using var transport = await StartAsync(receiver, new SipTransportLimits { ConnectionQueueBytes = 50_000 }, clock);
        var pending = 0;
        var answer = new byte[10_000];
        var held = new TaskCompletionSource();
        receiver.OnReceived = (flow, _) =>
        {
            if (!transport.SendAsync(flow, answer, default).AsTask().IsCompleted && Interlocked.Increment(ref pending) == 1)
            {
                held.SetResult();
            }
        };
        using var peer = await DialAsync(transport);
        using var stop = new CancellationTokenSource();
        var asking = Task.Run(async () =>
        {
            var octets = Octets(string.Concat(Enumerable.Repeat(Message, 10)));
            while (!stop.IsCancellationRequested)
            {
                await peer.SendAsync(octets, stop.Token);
            }
        });

        await held.Task;
        clock.Advance(TimeSpan.FromSeconds(11));

        Assert.That((await receiver.NextClosedAsync()).Reason, Is.InstanceOf<IOException>());
        Assert.That(pending, Is.LessThan(64 * 1024 / Message.Length + 1));
        await stop.CancelAsync();
        await asking.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    [Test]
    [Description("SIP-96")]
    public async Task A_connection_over_the_limit_is_closed_at_once()
    {
        await using var transport = await StartAsync(new RecordingReceiver(), new SipTransportLimits { Connections = 1 });
        using var first = await DialAsync(transport);
        await first.SendAsync(Octets("\r\n\r\n"));
        Assert.That(await ReadAsync(first, 2), Is.EqualTo("\r\n"));

        using var second = await DialAsync(transport);

        Assert.That(await ReadAsync(second, 1), Is.Empty);
        Assert.That(transport.ConnectionCount, Is.EqualTo(1));
        Assert.ThrowsAsync<IOException>(async () => await transport.ConnectAsync(transport.Local, default));
    }

    [Test]
    public async Task Closing_writes_what_was_taken_over_and_reports_the_end_once()
    {
        var (near, far) = (new RecordingReceiver(), new RecordingReceiver());
        await using var client = await StartAsync(near);
        await using var server = await StartAsync(far);
        var flow = await client.ConnectAsync(server.Local, default);

        await client.SendAsync(flow, Octets(Message), default);
        await Task.WhenAll(client.CloseAsync(flow).AsTask(), client.CloseAsync(flow).AsTask());

        Assert.That((await far.NextAsync()).Text, Is.EqualTo(Message));
        Assert.That((await far.NextClosedAsync()).Reason, Is.Null);
        Assert.That((await near.NextClosedAsync()).Reason, Is.Null);
        Assert.That(near.ClosedCount, Is.Zero);
        Assert.That(client.ConnectionCount, Is.Zero);
    }

    [Test]
    public async Task An_end_within_a_message_and_a_reset_are_errors()
    {
        var receiver = new RecordingReceiver();
        await using var transport = await StartAsync(receiver);

        using (var peer = await DialAsync(transport))
        {
            await peer.SendAsync(Octets(Message[..^1]));
            peer.Shutdown(SocketShutdown.Send);
            Assert.That((await receiver.NextClosedAsync()).Reason, Is.InstanceOf<EndOfStreamException>());
        }

        var reset = await DialAsync(transport);
        await AcceptedAsync(receiver, reset);
        reset.LingerState = new LingerOption(true, 0);
        reset.Dispose();
        Assert.That((await receiver.NextClosedAsync()).Reason, Is.InstanceOf<IOException>());
    }

    [Test]
    public async Task What_a_receiver_throws_ends_its_connection_only()
    {
        var receiver = new RecordingReceiver { OnReceived = (_, _) => throw new InvalidOperationException("bad") };
        await using var transport = await StartAsync(receiver);
        using var peer = await DialAsync(transport);

        await peer.SendAsync(Octets(Message));

        Assert.That(await ReadAsync(peer, 1), Is.Empty);
        peer.Dispose();
        Assert.That((await receiver.NextClosedAsync()).Reason, Is.InstanceOf<InvalidOperationException>());
        receiver.OnReceived = null;
        using var another = await DialAsync(transport);
        await AcceptedAsync(receiver, another);
    }

    [Test]
    public async Task Disposing_ends_every_connection_even_one_whose_far_end_does_nothing()
    {
        var receiver = new RecordingReceiver();
        var transport = await StartAsync(receiver, clock: new TransportClock());
        using var idle = await DialAsync(transport);
        using var stopped = await DialAsync(transport);
        await AcceptedAsync(receiver, idle);
        var flow = await AcceptedAsync(receiver, stopped);
        var (stuck, _) = await FillAsync(transport, flow);

        await transport.DisposeAsync().AsTask().WaitAsync(TimeSpan.FromSeconds(20));
        await transport.DisposeAsync();

        Assert.That(receiver.ClosedCount, Is.EqualTo(2));
        Assert.That(transport.ConnectionCount, Is.Zero);
        Assert.ThrowsAsync<IOException>(() => stuck);
        Assert.ThrowsAsync<IOException>(async () => await transport.ConnectAsync(transport.Local, default));
    }

    private static async Task<TcpTransport> StartAsync(
        RecordingReceiver receiver, SipTransportLimits? limits = null, TimeProvider? clock = null, string address = "127.0.0.1", SipLimits? messages = null)
    {
        var options = new SipTransportOptions { Limits = limits ?? new(), MessageLimits = messages ?? new(), TimeProvider = clock ?? TimeProvider.System };
        var transport = new TcpTransport(new SipEndPoint(SipProtocol.Tcp, new IPEndPoint(IPAddress.Parse(address), 0)), options);
        await transport.StartAsync(receiver, default);
        return transport;
    }

    private static async Task<Socket> DialAsync(TcpTransport transport)
    {
        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        await socket.ConnectAsync(transport.Local.Address);
        return socket;
    }

    private static async Task<SipFlow> AcceptedAsync(RecordingReceiver receiver, Socket peer)
    {
        await peer.SendAsync(Octets(Message));
        return (await receiver.NextAsync()).Flow;
    }

    /// <summary>Sends until one has to wait; that one and how many were taken before it.</summary>
    private static async Task<(Task Stuck, int Taken)> FillAsync(TcpTransport transport, SipFlow flow)
    {
        var octets = new byte[10_000];

        for (var taken = 0; ; taken++)
        {
            var sending = transport.SendAsync(flow, octets, default).AsTask();

            // What the kernel still takes is taken at once; only one that stays is stuck.
            if (!sending.IsCompleted && await Task.WhenAny(sending, Task.Delay(TimeSpan.FromMilliseconds(300), TimeProvider.System)) != sending)
            {
                return (sending, taken);
            }
            await sending;
        }
    }

    private static async Task<string> ReadAsync(Socket socket, int count)
    {
        var octets = new byte[count];
        var read = 0;

        while (read < count && await socket.ReceiveAsync(octets.AsMemory(read)).WaitAsync() is > 0 and var length)
        {
            read += length;
        }
        return Encoding.Latin1.GetString(octets, 0, read);
    }

    private static byte[] Octets(string text) => Encoding.Latin1.GetBytes(text);
}

file static class Patience
{
    public static Task<int> WaitAsync(this ValueTask<int> receiving) => receiving.AsTask().WaitAsync(TimeSpan.FromSeconds(20));
}
