using System.IO.Pipelines;
using System.Net;
using System.Net.Sockets;
using System.Text;
using SipPush.Msrp;
using SipPush.Tests.Support;

namespace SipPush.Tests.Msrp.Sending;

/// <summary>The end that connects speaks first (RFC 4975 §5.4, RFC 6135 §4.2.2).</summary>
public sealed class ActiveBindingTests
{
    private ManualTimeProvider _clock = null!;
    private MsrpEndpoint _endpoint = null!;
    private Socket _listener = null!;

    private string Bob => BobWith("b1");

    [SetUp]
    public void Listen()
    {
        _clock = new ManualTimeProvider();
        _endpoint = MsrpEndpoint.Start(new MsrpEndpointOptions { TimeProvider = _clock, Identifiers = new CountingMsrpIdentifiers(), ReuseConnections = true });
        _listener = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        _listener.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        _listener.Listen();
    }

    [TearDown]
    public async Task End()
    {
        await _endpoint.DisposeAsync();
        _listener.Dispose();
        Assert.That(_endpoint.Counts, Is.EqualTo(default(MsrpEndpointCounts)));
        Assert.That(_clock.ActiveTimers, Is.Zero);
    }

    [Test, Description("MSRP-03 MSRP-06 MSRP-34 Edge 45")]
    public async Task With_nothing_to_send_it_sends_a_request_without_a_body_at_once()
    {
        var session = _endpoint.CreateSession(MsrpWire.PathOf(MsrpWire.Alice));
        var start = session.StartAsync(Remote(Bob)).AsTask();

        using var peer = await _listener.AcceptAsync();
        await ExpectAsync(peer, Announcement("t000000000000001", Bob, MsrpWire.Alice, "msg1"));
        Assert.That(start.IsCompleted, Is.False);
        await SendAsync(peer, Response("t000000000000001", 200, Bob, MsrpWire.Alice));

        await start.WaitAsync(MsrpWire.Patience);
    }

    [Test, Description("MSRP-34")]
    public async Task A_message_that_waits_is_the_first_request()
    {
        var session = _endpoint.CreateSession(MsrpWire.PathOf(MsrpWire.Alice));
        var sending = session.SendAsync(OutgoingMsrpMessage.FromMemory("text/plain", Body.Octets("hello"))).AsTask();
        var start = session.StartAsync(Remote(Bob)).AsTask();

        using var peer = await _listener.AcceptAsync();
        await ExpectAsync(peer, $"""
            MSRP t000000000000001 SEND
            To-Path: {Bob}
            From-Path: {MsrpWire.Alice}
            Message-ID: msg1
            Byte-Range: 1-5/5
            Content-Type: text/plain

            hello
            -------t000000000000001$
            """);
        await SendAsync(peer, Response("t000000000000001", 200, Bob, MsrpWire.Alice));

        await start.WaitAsync(MsrpWire.Patience);
        Assert.That((await sending.WaitAsync(MsrpWire.Patience)).IsSuccess);
    }

    [Test, Description("MSRP-34")]
    public async Task A_message_that_has_no_octets_yet_does_not_keep_the_session_unbound()
    {
        var session = _endpoint.CreateSession(MsrpWire.PathOf(MsrpWire.Alice));
        var pipe = new Pipe();
        var sending = session.SendAsync(OutgoingMsrpMessage.FromPipe("text/plain", pipe.Reader)).AsTask();
        var start = session.StartAsync(Remote(Bob)).AsTask();

        using var peer = await _listener.AcceptAsync();
        await ExpectAsync(peer, Announcement("t000000000000001", Bob, MsrpWire.Alice, "msg2"));
        await SendAsync(peer, Response("t000000000000001", 200, Bob, MsrpWire.Alice));
        await start.WaitAsync(MsrpWire.Patience);

        await session.DisposeAsync();
        Assert.That((await sending.WaitAsync(MsrpWire.Patience)).Outcome, Is.EqualTo(MsrpSendOutcome.SessionEnded));
    }

    [TestCase(481, MsrpSessionEnd.Refused)]
    [TestCase(506, MsrpSessionEnd.Refused)]
    [TestCase(403, MsrpSessionEnd.NeverConnected)]
    [Description("Edge 45")]
    public async Task A_session_that_is_refused_has_ended(int status, MsrpSessionEnd end)
    {
        var session = _endpoint.CreateSession(MsrpWire.PathOf(MsrpWire.Alice));
        var start = session.StartAsync(Remote(Bob)).AsTask();
        using var peer = await _listener.AcceptAsync();
        await ExpectAsync(peer, Announcement("t000000000000001", Bob, MsrpWire.Alice, "msg1"));

        await SendAsync(peer, Response("t000000000000001", status, Bob, MsrpWire.Alice));

        Assert.That(Assert.ThrowsAsync<MsrpException>(() => start.WaitAsync(MsrpWire.Patience))!.StatusCode, Is.EqualTo(status));
        Assert.That(await session.Completion.WaitAsync(MsrpWire.Patience), Is.EqualTo(end));
    }

    [Test]
    public async Task Without_an_answer_the_session_is_not_connected_after_its_time()
    {
        var session = _endpoint.CreateSession(MsrpWire.PathOf(MsrpWire.Alice));
        var start = session.StartAsync(Remote(Bob)).AsTask();
        using var peer = await _listener.AcceptAsync();
        await ExpectAsync(peer, Announcement("t000000000000001", Bob, MsrpWire.Alice, "msg1"));

        _clock.Advance(TimeSpan.FromSeconds(30));

        Assert.That(Assert.ThrowsAsync<MsrpException>(() => start.WaitAsync(MsrpWire.Patience))!.StatusCode, Is.EqualTo(408));
        Assert.That(await session.Completion.WaitAsync(MsrpWire.Patience), Is.EqualTo(MsrpSessionEnd.NeverConnected));
    }

    [Test]
    public async Task A_session_that_ends_while_it_is_connected_gives_that_up([Values] bool byItsEndpoint)
    {
        var asked = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await using var endpoint = MsrpEndpoint.Start(new MsrpEndpointOptions
        {
            TimeProvider = _clock,
            Resolve = async (_, cancellationToken) =>
            {
                asked.SetResult();
                await Task.Delay(Timeout.InfiniteTimeSpan, _clock, cancellationToken);
                return [];
            },
        });
        var session = endpoint.CreateSession(MsrpWire.PathOf(MsrpWire.Alice));
        var start = session.StartAsync(Remote(MsrpWire.Bob)).AsTask();
        await asked.Task.WaitAsync(MsrpWire.Patience);

        await (byItsEndpoint ? endpoint.DisposeAsync() : session.DisposeAsync()).AsTask().WaitAsync(MsrpWire.Patience);

        Assert.That(() => start.WaitAsync(MsrpWire.Patience), Throws.InstanceOf<MsrpException>().With.Message.EqualTo("The session has ended"));
        Assert.That(session.Completion.Result, Is.EqualTo(MsrpSessionEnd.Closed));
    }

    [Test, Description("MSRP-42 MSRP-44")]
    public async Task A_second_session_to_the_same_host_uses_the_same_connection()
    {
        const string Second = "msrp://alice.example.com:7777/a2;tcp";
        var first = _endpoint.CreateSession(MsrpWire.PathOf(MsrpWire.Alice));
        var second = _endpoint.CreateSession(MsrpWire.PathOf(Second));
        var start = first.StartAsync(Remote(Bob)).AsTask();
        using var peer = await _listener.AcceptAsync();
        await ExpectAsync(peer, Announcement("t000000000000001", Bob, MsrpWire.Alice, "msg1"));
        await SendAsync(peer, Response("t000000000000001", 200, Bob, MsrpWire.Alice));
        await start.WaitAsync(MsrpWire.Patience);

        start = second.StartAsync(Remote(BobWith("b2"))).AsTask();
        await ExpectAsync(peer, Announcement("t000000000000002", BobWith("b2"), Second, "msg2"));
        await SendAsync(peer, Response("t000000000000002", 200, BobWith("b2"), Second));
        await start.WaitAsync(MsrpWire.Patience);
        Assert.That(_endpoint.Counts.Connections, Is.EqualTo(1));

        // Its end is the end of both.
        peer.Close();
        Assert.That(await first.Completion.WaitAsync(MsrpWire.Patience), Is.Not.EqualTo(MsrpSessionEnd.Closed));
        Assert.That(await second.Completion.WaitAsync(MsrpWire.Patience), Is.Not.EqualTo(MsrpSessionEnd.Closed));
    }

    [Test, Description("MSRP-35")]
    public async Task The_passive_end_says_nothing_before_it_is_bound()
    {
        await using var wire = new MsrpWire();
        var session = wire.CreateSession();
        var peer = wire.Connect();
        var sending = session.SendAsync(OutgoingMsrpMessage.FromMemory("text/plain", Body.Octets("x"))).AsTask();
        var start = session.StartAsync(MsrpWire.RemoteBob).AsTask();
        await peer.ExpectNothingAsync();

        await peer.SendAsync($"""
            MSRP bind SEND
            To-Path: {MsrpWire.Alice}
            From-Path: {MsrpWire.Bob}
            Message-ID: bind
            Failure-Report: no
            -------bind$
            """);

        await start.WaitAsync(MsrpWire.Patience);
        await (await WireFrame.ReadAsync(peer)).AnswerAsync(peer);
        Assert.That((await sending.WaitAsync(MsrpWire.Patience)).IsSuccess);
    }

    private static string Announcement(string id, string to, string from, string messageId) => $"""
        MSRP {id} SEND
        To-Path: {to}
        From-Path: {from}
        Message-ID: {messageId}
        Byte-Range: 1-0/0
        -------{id}$
        """;

    private static string Response(string id, int status, string from, string to) => $"""
        MSRP {id} {status} {MsrpStatus.ReasonOf(status)}
        To-Path: {to}
        From-Path: {from}
        -------{id}$
        """;

    private static async Task SendAsync(Socket peer, string text) => await peer.SendAsync(MsrpWirePeer.Octets(text));

    private static async Task ExpectAsync(Socket peer, string text)
    {
        var expected = MsrpWirePeer.Octets(text);
        var octets = new byte[expected.Length];
        await using var stream = new NetworkStream(peer, ownsSocket: false);
        var count = await stream.ReadAtLeastAsync(octets, octets.Length, throwOnEndOfStream: false).AsTask().WaitAsync(MsrpWire.Patience);
        Assert.That(Encoding.Latin1.GetString(octets, 0, count), Is.EqualTo(Encoding.Latin1.GetString(expected)));
    }

    private static MsrpRemote Remote(string path) => new() { Path = MsrpWire.PathOf(path), Role = MsrpRole.Active };

    private string BobWith(string session) => $"msrp://127.0.0.1:{((IPEndPoint)_listener.LocalEndPoint!).Port}/{session};tcp";
}
