using System.Net;
using System.Net.Sockets;
using System.Text;
using SipPush.Sip;
using SipPush.Tests.Interop;

namespace SipPush.Tests.Sip.Transport;

[CancelAfter(60_000)]
public sealed class TcpKeepAliveTests
{
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(100);
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    private readonly TransportClock _clock = new();
    private RecordingReceiver _receiver = null!;
    private TcpTransport _transport = null!;
    private TcpListener _listener = null!;
    private Socket _far = null!;
    private SipFlow _flow = null!;

    [SetUp]
    public async Task Connect()
    {
        _receiver = new RecordingReceiver();
        _transport = new TcpTransport(SipEndPoint.Parse("tcp:127.0.0.1:0"), new SipTransportOptions { TimeProvider = _clock });
        await _transport.StartAsync(_receiver, default);
        _listener = new TcpListener(IPAddress.Loopback, 0);
        _listener.Start();
        _flow = await _transport.ConnectAsync(new SipEndPoint(SipProtocol.Tcp, (IPEndPoint)_listener.LocalEndpoint), default);
        _far = await _listener.AcceptSocketAsync();
        _flow.KeepAlive!.Hold(this, Interval, SipIdentifiers.Random);
    }

    [TearDown]
    public async Task End()
    {
        _far.Dispose();
        _listener.Dispose();
        await _transport.DisposeAsync();
    }

    [Test]
    [Description("SIP-52")]
    public async Task Answered_pings_follow_each_other_and_no_pong_is_answered()
    {
        for (var ping = 0; ping < 3; ping++)
        {
            _clock.Advance(Interval);
            Assert.That(await ReadAsync(4), Is.EqualTo("\r\n\r\n"));
            await _far.SendAsync("\r\n"u8.ToArray());
            await AnsweredAsync();
        }

        // Had a pong been answered, that CRLF would stand in front.
        await _transport.SendAsync(_flow, "x"u8.ToArray(), default);
        Assert.That(await ReadAsync(1), Is.EqualTo("x"));
        Assert.That(_flow.IsOpen, Is.True);
    }

    [Test]
    [Description("SIP-52")]
    public async Task Without_a_pong_in_ten_seconds_the_flow_is_closed_and_says_why()
    {
        _clock.Advance(Interval);
        Assert.That(await ReadAsync(4), Is.EqualTo("\r\n\r\n"));

        _clock.Advance(TimeSpan.FromSeconds(9));
        Assert.That(_flow.IsOpen, Is.True);
        _clock.Advance(TimeSpan.FromSeconds(1));

        Assert.That(_flow.IsOpen, Is.False);
        var (flow, reason) = await _receiver.NextClosedAsync();
        Assert.That(flow, Is.SameAs(_flow));
        Assert.That(reason, Is.InstanceOf<IOException>().With.Message.Contain("has not answered a ping within 00:00:10"));
    }

    [Test]
    [Description("SIP-05, SIP-52")]
    public async Task A_ping_from_the_far_end_is_answered_and_a_message_between_does_no_harm()
    {
        _clock.Advance(Interval);
        Assert.That(await ReadAsync(4), Is.EqualTo("\r\n\r\n"));

        await _far.SendAsync(Encoding.ASCII.GetBytes("A\r\nl:0\r\n\r\n\r\n\r\n\r\nB\r\nl:0\r\n\r\n"));

        Assert.That((await _receiver.NextAsync()).Text, Is.EqualTo("A\r\nl:0\r\n\r\n"));
        Assert.That((await _receiver.NextAsync()).Text, Is.EqualTo("B\r\nl:0\r\n\r\n"));
        Assert.That(await ReadAsync(2), Is.EqualTo("\r\n"));
        await AnsweredAsync();
    }

    [Test]
    public async Task A_message_that_is_coming_in_when_the_time_is_up_is_taken_first()
    {
        _clock.Advance(Interval);
        Assert.That(await ReadAsync(4), Is.EqualTo("\r\n\r\n"));
        await _far.SendAsync(Encoding.ASCII.GetBytes("A\r\nl:0\r\n\r\nB\r\nl:5\r\n\r\nxy"));
        await _receiver.NextAsync();
        await SettledAsync();
        _clock.Advance(TimeSpan.FromSeconds(11));
        Assert.That(_flow.IsOpen, Is.True);

        await _far.SendAsync("zzz\r\n"u8.ToArray());

        Assert.That((await _receiver.NextAsync()).Text, Does.EndWith("xyzzz"));
        await AnsweredAsync();
        Assert.That(_flow.IsOpen, Is.True);
    }

    [Test]
    public async Task A_released_flow_is_not_pinged_any_more()
    {
        _flow.KeepAlive!.Release(this);
        _clock.Advance(2 * Interval);

        await _transport.SendAsync(_flow, "x"u8.ToArray(), default);
        Assert.That(await ReadAsync(1), Is.EqualTo("x"));
    }

    private async Task AnsweredAsync() =>
        Assert.That(await Poll.UntilAsync(() => _flow.KeepAlive is { PongAwaited: false, HasAnswered: true }, Patience), Is.True);

    // The reading loop tells that it is in the middle of a message only after it has delivered those before it.
    private async Task SettledAsync() =>
        Assert.That(await Poll.UntilAsync(() => _flow.KeepAlive!.IsReceiving, Patience), Is.True);

    private async Task<string> ReadAsync(int count)
    {
        var octets = new byte[count];
        for (var read = 0; read < count;)
        {
            read += await _far.ReceiveAsync(octets.AsMemory(read)).AsTask().WaitAsync(Patience);
        }
        return Encoding.ASCII.GetString(octets);
    }
}
