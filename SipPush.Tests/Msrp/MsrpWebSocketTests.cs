using System.Net;
using System.Net.Sockets;
using System.Net.WebSockets;
using System.Text;
using SipPush.Msrp;
using SipPush.Sip;
using SipPush.Tests.Interop;
using SipPush.Tests.Support;

namespace SipPush.Tests.Msrp;

/// <summary>An end behind a relay that it speaks to on a WebSocket (RFC 7977); the relay is played by the test, one message of the WebSocket a frame.</summary>
public sealed class MsrpWebSocketTests
{
    private const string Relay = "msrps://alice@a.example.com:443;ws";
    private const string Own = "msrps://session1.invalid:2855/session2;ws";
    private const string Granted = "msrps://a.example.com:2855/jui787s2f;tcp";
    private const string Bob = "msrps://bob.example.net:8145/foo;tcp";

    [Test]
    [Description("MSRP-52, RFC 7977 §8.1.1")]
    public async Task A_relay_on_a_WebSocket_gives_a_path()
    {
        await using var scene = await Scene.BeginAsync();

        var lease = await scene.AuthorizeAsync();

        Assert.That(lease.LocalPath.ToString(), Is.EqualTo($"{Granted} {Own}"));
    }

    [TestCase(100)]
    [TestCase(2048)]
    [TestCase(300_000)]
    [Description("MSRP-52, RFC 7977 §5.1")]
    public async Task Each_chunk_is_one_message_of_the_WebSocket(int chunkSize)
    {
        var body = new byte[300_000];
        new Random(1).NextBytes(body);
        await using var scene = await Scene.BeginAsync();
        var lease = await scene.AuthorizeAsync();
        await using var session = scene.Endpoint.CreateSession(lease, new MsrpSessionOptions { ChunkSize = chunkSize });
        var starting = session.StartAsync(new MsrpRemote { Path = MsrpPath.Parse(Bob), Role = MsrpRole.Active }).AsTask();
        var sending = session.SendAsync(OutgoingMsrpMessage.FromMemory("application/octet-stream", body)).AsTask();

        var received = new MemoryStream();
        while (received.Length < body.Length)
        {
            var frame = await scene.ReceiveAsync();
            var id = frame.Split(' ')[1];
            Assert.That(frame, Does.StartWith($"MSRP {id} SEND\r\nTo-Path: {Granted} {Bob}\r\nFrom-Path: {Own}\r\n"));
            Assert.That(frame, Does.Match($"\r\n-------{id}[+$]\r\n\\z"));
            if (frame.IndexOf("\r\n\r\n", StringComparison.Ordinal) is > 0 and var head)
            {
                received.Write(Encoding.Latin1.GetBytes(frame[(head + 4)..^($"\r\n-------{id}$\r\n".Length)]));
            }

            await scene.SendAsync($"MSRP {id} 200 OK\r\nTo-Path: {Own}\r\nFrom-Path: {Granted}\r\n-------{id}$\r\n", WebSocketMessageType.Binary);
        }

        await starting;
        Assert.That((await sending).Outcome, Is.EqualTo(MsrpSendOutcome.Acknowledged));
        Assert.That(received.ToArray(), Is.EqualTo(body));
    }

    [TestCase(WebSocketMessageType.Text)]
    [TestCase(WebSocketMessageType.Binary)]
    [Description("MSRP-52, RFC 7977 §4.2")]
    public async Task Text_and_binary_messages_are_octets(WebSocketMessageType type)
    {
        await using var scene = await Scene.BeginAsync();
        var lease = await scene.AuthorizeAsync();
        await using var session = scene.Endpoint.CreateSession(lease);
        var starting = session.StartAsync(new MsrpRemote { Path = MsrpPath.Parse(Bob), Role = MsrpRole.Passive }).AsTask();

        await scene.SendAsync($"MSRP bob1 SEND\r\nTo-Path: {Own}\r\nFrom-Path: {Granted} {Bob}\r\nMessage-ID: mmmm\r\nContent-Type: text/plain\r\n\r\nHi, Alice\r\n-------bob1$\r\n", type);

        await starting;
        Assert.That(await MsrpWire.ReadNextAsync(session), Is.EqualTo("Hi, Alice"));
        Assert.That(await scene.ReceiveAsync(), Is.EqualTo($"MSRP bob1 200 OK\r\nTo-Path: {Granted}\r\nFrom-Path: {Own}\r\n-------bob1$\r\n"));
    }

    [Test]
    [Description("MSRP-52, RFC 7977 §4.1")]
    public async Task A_WebSocket_for_something_else_is_refused()
    {
        await using var scene = await Scene.BeginAsync(subProtocol: "chat");

        Assert.That(async () => await scene.Asking, Throws.InstanceOf<MsrpException>());
    }

    [Test]
    [Description("MSRP-52, RFC 7977 §5.1")]
    public void Only_wss_is_opened() =>
        Assert.That(async () => await MsrpWebSocket.ConnectAsync(new Uri("ws://127.0.0.1:1/")), Throws.ArgumentException);

    [Test]
    [Description("MSRP-52")]
    public async Task The_end_of_the_relay_ends_the_session()
    {
        await using var scene = await Scene.BeginAsync();
        var lease = await scene.AuthorizeAsync();

        await scene.CloseAsync();

        await lease.Completion.WaitAsync(MsrpWire.Patience);
        Assert.That(await Poll.UntilAsync(() => scene.Endpoint.Counts == default, MsrpWire.Patience), Is.True);
    }

    /// <summary>Both ends of a WebSocket over a loopback connection: the near one is the endpoint's, the far one the relay's.</summary>
    private sealed class Scene : IAsyncDisposable
    {
        private readonly WebSocket _relay;
        private readonly byte[] _buffer = new byte[1 << 20];

        private Scene(WebSocket near, WebSocket relay)
        {
            _relay = relay;
            Endpoint = MsrpEndpoint.Start(new MsrpEndpointOptions { Identifiers = new CountingMsrpIdentifiers() });
            Asking = Endpoint.AuthorizeAsync(new MsrpRelayOptions
            {
                Relays = [MsrpUri.Parse(Relay)],
                Authenticate = _ => new MsrpDigestAuthentication([new SipCredential("alice", "secret")], new CountingIdentifiers()),
                ConnectAsync = (_, _) => ValueTask.FromResult(near),
            }).AsTask();
        }

        public MsrpEndpoint Endpoint { get; }

        public Task<MsrpRelayLease> Asking { get; }

        public static async Task<Scene> BeginAsync(string subProtocol = MsrpWebSocket.SubProtocol)
        {
            using var listener = new TcpListener(IPAddress.Loopback, 0);
            listener.Start();
            var client = new TcpClient();
            await client.ConnectAsync((IPEndPoint)listener.LocalEndpoint);
            var server = await listener.AcceptTcpClientAsync();
            return new Scene(
                WebSocket.CreateFromStream(client.GetStream(), isServer: false, subProtocol, Timeout.InfiniteTimeSpan),
                WebSocket.CreateFromStream(server.GetStream(), isServer: true, subProtocol, Timeout.InfiniteTimeSpan));
        }

        public async Task<MsrpRelayLease> AuthorizeAsync()
        {
            var request = await ReceiveAsync();
            var id = request.Split(' ')[1];
            Assert.That(request, Is.EqualTo($"MSRP {id} AUTH\r\nTo-Path: {Relay}\r\nFrom-Path: {Own}\r\n-------{id}$\r\n"));
            await SendAsync($"MSRP {id} 200 OK\r\nTo-Path: {Own}\r\nFrom-Path: {Relay}\r\nUse-Path: {Granted}\r\nExpires: 900\r\n-------{id}$\r\n", WebSocketMessageType.Text);
            return await Asking.WaitAsync(MsrpWire.Patience);
        }

        /// <summary>The next message of the WebSocket, whole.</summary>
        public async Task<string> ReceiveAsync()
        {
            using var patience = new CancellationTokenSource(MsrpWire.Patience, TimeProvider.System);
            for (var length = 0; ;)
            {
                var result = await _relay.ReceiveAsync(_buffer.AsMemory(length), patience.Token);
                length += result.Count;
                if (result.EndOfMessage)
                {
                    return Encoding.Latin1.GetString(_buffer, 0, length);
                }
            }
        }

        public async Task SendAsync(string frame, WebSocketMessageType type) => await _relay.SendAsync(Encoding.Latin1.GetBytes(frame), type, endOfMessage: true, CancellationToken.None);

        public Task CloseAsync() => _relay.CloseOutputAsync(WebSocketCloseStatus.NormalClosure, null, CancellationToken.None);

        public async ValueTask DisposeAsync()
        {
            var ended = Endpoint.DisposeAsync().AsTask();
            _relay.Dispose();
            await ended;
            Assert.That(Endpoint.Counts, Is.EqualTo(default(MsrpEndpointCounts)));
        }
    }
}
