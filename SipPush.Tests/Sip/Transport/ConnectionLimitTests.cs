using System.Diagnostics.Metrics;
using System.Net.Security;
using System.Net.Sockets;
using System.Text;
using SipPush.Sip;
using SipPush.Tests.Support;

namespace SipPush.Tests.Sip.Transport;

/// <summary>What a connection may cost, on TCP and TLS alike.</summary>
[CancelAfter(60_000)]
[TestFixture(SipProtocol.Tcp)]
[TestFixture(SipProtocol.Tls)]
[Description("SIP-96")]
public sealed class ConnectionLimitTests(SipProtocol protocol)
{
    private const string Message = "MESSAGE sip:a SIP/2.0\r\nContent-Length: 4\r\n\r\nbody";
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    private readonly TestAuthority _authority = TestAuthority.CreateRoot();
    private readonly RecordingReceiver _receiver = new();
    private readonly TransportClock _clock = new();

    [Test]
    public async Task A_connection_on_which_nothing_comes_or_goes_is_closed()
    {
        await using var transport = await StartAsync(new SipTransportLimits());
        await using var peer = await DialAsync(transport);
        var flow = await AcceptedAsync(peer);

        for (var minute = 0; minute < 30; minute += 9)
        {
            Pass(TimeSpan.FromMinutes(9));
            Assert.That(flow.IsOpen, Is.True, $"after {minute} min");
            await AcceptedAsync(peer);
        }
        Pass(TimeSpan.FromMinutes(10) + TimeSpan.FromSeconds(10));

        Assert.That(await ReadAsync(peer, 1), Is.Empty);
        await peer.DisposeAsync();
        Assert.That((await _receiver.NextClosedAsync()).Reason!.Message, Does.StartWith($"Nothing came from {flow.Remote}"));
    }

    [Test]
    public async Task One_on_which_only_this_side_sends_is_not_idle()
    {
        await using var transport = await StartAsync(new SipTransportLimits());
        await using var peer = await DialAsync(transport);
        var flow = await AcceptedAsync(peer);

        for (var minute = 0; minute < 30; minute += 9)
        {
            Pass(TimeSpan.FromMinutes(9));
            await transport.SendAsync(flow, Octets(Message), default);
            Assert.That(await ReadAsync(peer, Message.Length), Is.EqualTo(Message));
        }

        Assert.That(flow.IsOpen, Is.True);
    }

    [TestCase("M")]
    [TestCase("\r\nMESSAGE sip:a SIP/2.0\r\nContent-Length: 4\r\n\r\nbod")]
    [TestCase(Message + "MESS")]
    public async Task A_message_that_does_not_end_in_time_ends_its_connection(string octets)
    {
        await using var transport = await StartAsync(new SipTransportLimits { IdleTimeout = Timeout.InfiniteTimeSpan });
        await using var peer = await DialAsync(transport);
        await AcceptedAsync(peer);
        await peer.WriteAsync(Octets(octets));

        // Nothing shows that half a message has come, so the clock moves on until somebody has noticed.
        var end = _receiver.NextClosedAsync();
        var reading = ReadToEndAsync(peer);
        while (!reading.IsCompleted)
        {
            Pass(TimeSpan.FromSeconds(1));
            await Task.WhenAny(reading, Task.Delay(TimeSpan.FromMilliseconds(1), TimeProvider.System));
        }

        await reading;
        await peer.DisposeAsync();
        Assert.That((await end).Reason!.Message, Does.EndWith("has not ended a message within 00:00:30"));
    }

    [Test]
    public async Task Messages_that_come_slowly_but_in_time_are_taken()
    {
        await using var transport = await StartAsync(new SipTransportLimits());
        await using var peer = await DialAsync(transport);
        await AcceptedAsync(peer);

        // Each read ends within a message, and yet each message is complete before its time is over.
        for (var count = 0; count < 5; count++)
        {
            await peer.WriteAsync(Octets(count == 0 ? Message[..20] : Message[20..] + Message[..20]));
            if (count > 0)
            {
                await _receiver.NextAsync();
            }
            Pass(TimeSpan.FromSeconds(20));
        }

        await peer.WriteAsync(Octets(Message[20..]));
        Assert.That((await _receiver.NextAsync()).Text, Is.EqualTo(Message));
    }

    [Test]
    public async Task One_message_may_stand_still_for_ever_where_the_limits_say_so()
    {
        var limits = new SipTransportLimits { MessageTimeout = Timeout.InfiniteTimeSpan, IdleTimeout = Timeout.InfiniteTimeSpan };
        await using var transport = await StartAsync(limits);
        await using var peer = await DialAsync(transport);
        await AcceptedAsync(peer);
        await peer.WriteAsync(Octets(Message[..20]));

        Pass(TimeSpan.FromHours(1));
        await peer.WriteAsync(Octets(Message[20..]));

        Assert.That((await _receiver.NextAsync()).Flow.IsOpen, Is.True);
    }

    [Test]
    public async Task One_address_has_only_so_many_connections_and_gets_the_place_of_one_that_ends()
    {
        await using var transport = await StartAsync(new SipTransportLimits { ConnectionsPerAddress = 2 });
        await using var first = await DialAsync(transport);
        await AcceptedAsync(first);
        await using var second = await DialAsync(transport);
        await AcceptedAsync(second);

        using (var third = await SocketAsync(transport))
        {
            Assert.That(await third.ReceiveAsync(new byte[1]).WaitAsync(Patience), Is.Zero);
        }
        using (var other = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp))
        {
            other.Bind(new System.Net.IPEndPoint(System.Net.IPAddress.Parse("127.0.0.2"), 0));
            await other.ConnectAsync(transport.Local.Address);
            await using var stream = await SecureAsync(other);
            await AcceptedAsync(stream);
        }
        await _receiver.NextClosedAsync();
        await first.DisposeAsync();
        await _receiver.NextClosedAsync();

        await using var fourth = await DialAsync(transport);
        await AcceptedAsync(fourth);
    }

    [Test]
    public async Task A_connection_that_is_not_let_in_is_counted()
    {
        var refused = 0L;
        using var meter = new MeterListener();
        meter.InstrumentPublished = (instrument, listener) =>
        {
            if (instrument.Name == "sip.connections.refused")
            {
                listener.EnableMeasurementEvents(instrument);
            }
        };
        meter.SetMeasurementEventCallback<long>((_, count, _, _) => Interlocked.Add(ref refused, count));
        meter.Start();
        await using var transport = await StartAsync(new SipTransportLimits { ConnectionsPerAddress = 1 });
        await using var first = await DialAsync(transport);
        await AcceptedAsync(first);

        using var second = await SocketAsync(transport);
        Assert.That(await second.ReceiveAsync(new byte[1]).WaitAsync(Patience), Is.Zero);

        // Other tests may have connections refused at the same time.
        Assert.That(Interlocked.Read(ref refused), Is.GreaterThanOrEqualTo(1));
    }

    [Test]
    public void Limits_that_make_no_sense_are_refused()
    {
        Assert.Throws<ArgumentOutOfRangeException>(() => _ = new SipTransportLimits { ConnectionsPerAddress = 0 });
        Assert.Throws<ArgumentOutOfRangeException>(() => _ = new SipTransportLimits { IdleTimeout = TimeSpan.Zero });
        Assert.Throws<ArgumentOutOfRangeException>(() => _ = new SipTransportLimits { MessageTimeout = TimeSpan.FromSeconds(-2) });
        Assert.Throws<ArgumentOutOfRangeException>(() => _ = new SipTransportLimits { ProbeAfter = TimeSpan.FromMilliseconds(10) });
        Assert.Throws<ArgumentOutOfRangeException>(() => _ = new SipTlsOptions { Handshakes = 0 });
        Assert.Throws<ArgumentOutOfRangeException>(() => _ = new SipTlsOptions { HandshakesPerAddress = 0 });
        Assert.Throws<ArgumentOutOfRangeException>(() => _ = new SipTlsOptions { HandshakeTimeout = TimeSpan.Zero });
    }

    /// <summary>The clock moves in steps, as time does, so that the sweep comes as often as it would.</summary>
    private void Pass(TimeSpan time)
    {
        for (var passed = TimeSpan.Zero; passed < time; passed += TimeSpan.FromSeconds(5))
        {
            _clock.Advance(time - passed < TimeSpan.FromSeconds(5) ? time - passed : TimeSpan.FromSeconds(5));
        }
    }

    private async Task<SipTransport> StartAsync(SipTransportLimits limits)
    {
        var options = new SipTransportOptions { Limits = limits, TimeProvider = _clock };
        var listen = SipEndPoint.Parse($"{protocol.ParameterName()}:127.0.0.1:0");
        SipTransport transport = protocol == SipProtocol.Tls
            ? new TlsTransport(listen, new SipTlsOptions { ServerCertificate = new SipCertificate(_authority.Issue("dns:example.com")) }, options)
            : new TcpTransport(listen, options);
        await transport.StartAsync(_receiver, default);
        return transport;
    }

    private static async Task<Socket> SocketAsync(SipTransport transport)
    {
        var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        await socket.ConnectAsync(transport.Local.Address);
        return socket;
    }

    private async Task<Stream> DialAsync(SipTransport transport) => await SecureAsync(await SocketAsync(transport));

    private async Task<Stream> SecureAsync(Socket socket)
    {
        var stream = new NetworkStream(socket, ownsSocket: true);
        if (protocol == SipProtocol.Tcp)
        {
            return stream;
        }

        var tls = new SslStream(stream);
        await tls.AuthenticateAsClientAsync(new SslClientAuthenticationOptions { TargetHost = "example.com", CertificateChainPolicy = _authority.CreatePolicy() })
            .WaitAsync(Patience);
        return tls;
    }

    private async Task<SipFlow> AcceptedAsync(Stream peer)
    {
        await peer.WriteAsync(Octets(Message));
        return (await _receiver.NextAsync()).Flow;
    }

    private static async Task<string> ReadAsync(Stream stream, int count)
    {
        var octets = new byte[count];
        var read = await stream.ReadAtLeastAsync(octets, count, throwOnEndOfStream: false).AsTask().WaitAsync(Patience);
        return Encoding.Latin1.GetString(octets, 0, read);
    }

    private static Task ReadToEndAsync(Stream stream) => stream.CopyToAsync(Stream.Null).WaitAsync(Patience);

    private static byte[] Octets(string text) => Encoding.Latin1.GetBytes(text);
}

file static class Waiting
{
    public static Task<int> WaitAsync(this ValueTask<int> receiving, TimeSpan patience) => receiving.AsTask().WaitAsync(patience);

    public static ValueTask<int> ReceiveAsync(this Socket socket, byte[] octets) => socket.ReceiveAsync(octets.AsMemory(), SocketFlags.None);
}
