using System.Net;
using System.Net.Sockets;
using System.Text;
using SipPush.Msrp;

namespace SipPush.Tests.Msrp.Receiving;

/// <summary>Sessions that connect, to a far end on loopback that says and hears literal text.</summary>
public sealed class ActiveSessionTests
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private MsrpWire _wire = null!;

    [SetUp]
    public void Listen()
    {
        _wire = new MsrpWire();
        _listener.Start();
    }

    [TearDown]
    public async Task StopAsync()
    {
        await _wire.DisposeAsync();
        _listener.Dispose();
    }

    private string Bob => $"msrp://127.0.0.1:{((IPEndPoint)_listener.LocalEndpoint).Port}/b1;tcp";

    [Test]
    [Description("MSRP-34, Edge 45")]
    public async Task The_active_end_sends_a_SEND_without_a_body_at_once()
    {
        var session = _wire.CreateSession();
        var start = session.StartAsync(Remote());
        using var peer = await _listener.AcceptTcpClientAsync().WaitAsync(MsrpWire.Patience);
        await ExpectAsync(peer, $"""
            MSRP t000000000000001 SEND
            To-Path: {Bob}
            From-Path: {MsrpWire.Alice}
            Message-ID: msg1
            Byte-Range: 1-0/0
            -------t000000000000001$
            """);
        Assert.That(start.IsCompleted, Is.False);

        // The far end takes itself for the active one, too.
        await SayAsync(peer, $"""
            MSRP tid1 SEND
            To-Path: {MsrpWire.Alice}
            From-Path: {Bob}
            Message-ID: mmmm
            -------tid1$
            MSRP t000000000000001 200 OK
            To-Path: {MsrpWire.Alice}
            From-Path: {Bob}
            -------t000000000000001$
            """);

        await start.AsTask().WaitAsync(MsrpWire.Patience);
        await ExpectAsync(peer, MsrpWirePeer.Response("tid1", 200).Replace(MsrpWire.Bob, Bob, StringComparison.Ordinal));
    }

    [Test]
    [Description("MSRP-34")]
    public async Task A_message_that_waits_announces_the_session()
    {
        var session = _wire.CreateSession();
        var sending = session.SendAsync(OutgoingMsrpMessage.FromMemory("text/plain", "Hello"u8.ToArray()) with { MessageId = "mmmm" });
        await session.StartAsync(Remote()).AsTask().WaitAsync(MsrpWire.Patience);
        using var peer = await _listener.AcceptTcpClientAsync().WaitAsync(MsrpWire.Patience);

        await ExpectAsync(peer, $"""
            MSRP t000000000000001 SEND
            To-Path: {Bob}
            From-Path: {MsrpWire.Alice}
            Message-ID: mmmm
            Byte-Range: 1-5/5
            Content-Type: text/plain

            Hello
            -------t000000000000001$
            """);
        await SayAsync(peer, $"""
            MSRP t000000000000001 200 OK
            To-Path: {MsrpWire.Alice}
            From-Path: {Bob}
            -------t000000000000001$
            """);
        Assert.That((await sending.AsTask().WaitAsync(MsrpWire.Patience)).Outcome, Is.EqualTo(MsrpSendOutcome.Acknowledged));
    }

    [TestCase(481)]
    [TestCase(506)]
    [Description("MSRP-32, MSRP-33")]
    public async Task A_far_end_that_refuses_the_session_ends_it(int status)
    {
        var session = _wire.CreateSession();
        var start = session.StartAsync(Remote());
        using var peer = await _listener.AcceptTcpClientAsync().WaitAsync(MsrpWire.Patience);
        await peer.GetStream().ReadExactlyAsync(new byte["MSRP t000000000000001 SEND".Length]).AsTask().WaitAsync(MsrpWire.Patience);
        await SayAsync(peer, $"""
            MSRP t000000000000001 {status}
            To-Path: {MsrpWire.Alice}
            From-Path: {Bob}
            -------t000000000000001$
            """);

        Assert.That(async () => await start.AsTask().WaitAsync(MsrpWire.Patience), Throws.InstanceOf<MsrpException>().With.Property("StatusCode").EqualTo(status));
        Assert.That(await session.Completion.WaitAsync(MsrpWire.Patience), Is.EqualTo(MsrpSessionEnd.Refused));
        Assert.That(await session.SendAsync(OutgoingMsrpMessage.FromMemory("text/plain", "Hello"u8.ToArray())), Has.Property("Outcome").EqualTo(MsrpSendOutcome.SessionEnded));
    }

    [Test]
    public async Task Nobody_who_listens_ends_the_session()
    {
        var session = _wire.CreateSession();
        var remote = Remote();
        _listener.Stop();

        Assert.That(async () => await session.StartAsync(remote).AsTask().WaitAsync(MsrpWire.Patience), Throws.InstanceOf<MsrpException>());
        Assert.That(await session.Completion.WaitAsync(MsrpWire.Patience), Is.EqualTo(MsrpSessionEnd.NeverConnected));
    }

    private MsrpRemote Remote() => new() { Path = MsrpWire.PathOf(Bob), Role = MsrpRole.Active };

    private static async Task ExpectAsync(TcpClient peer, string text)
    {
        var expected = MsrpWirePeer.Octets(text);
        var octets = new byte[expected.Length];
        await peer.GetStream().ReadExactlyAsync(octets).AsTask().WaitAsync(MsrpWire.Patience);
        Assert.That(Encoding.Latin1.GetString(octets), Is.EqualTo(Encoding.Latin1.GetString(expected)));
    }

    private static Task SayAsync(TcpClient peer, string text) => peer.GetStream().WriteAsync(MsrpWirePeer.Octets(text)).AsTask();
}
