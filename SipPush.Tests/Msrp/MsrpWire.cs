using System.Text;
using SipPush.Msrp;
using SipPush.Tests.Support;

namespace SipPush.Tests.Msrp;

/// <summary>
/// An endpoint in memory, with a clock that stands still and identifiers that count. Its sessions are told of a far end, bob, which a <see cref="MsrpWirePeer"/> plays in literal text. When it is
/// disposed of, the endpoint has to be empty.
/// </summary>
internal sealed class MsrpWire : IAsyncDisposable
{
    /// <summary>How long, in real time, something may take that takes no time.</summary>
    public static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    public const string Alice = "msrp://alice.example.com:7777/a1;tcp";

    public const string Bob = "msrp://bob.example.com:8888/b1;tcp";

    private readonly List<MsrpWirePeer> _peers = [];

    public MsrpWire(MsrpLimits? limits = null) =>
        Endpoint = MsrpEndpoint.Start(new MsrpEndpointOptions { Limits = limits ?? new MsrpLimits(), TimeProvider = Clock, Identifiers = new CountingMsrpIdentifiers() });

    public ManualTimeProvider Clock { get; } = new();

    public MsrpEndpoint Endpoint { get; }

    public static MsrpRemote RemoteBob { get; } = new() { Path = PathOf(Bob), Role = MsrpRole.Passive };

    public static MsrpPath PathOf(string path) => MsrpPath.TryParse(Encoding.ASCII.GetBytes(path), out var parsed) ? parsed : throw new ArgumentException(path);

    /// <summary>A session with that URI that has not been told of its far end.</summary>
    public MsrpSession CreateSession(MsrpSessionOptions? options = null, string uri = Alice) => Endpoint.CreateSession(PathOf(uri), options);

    /// <summary>One connection to the endpoint.</summary>
    /// <param name="window">Octets that may be sent before they are read; 0 for any number.</param>
    public MsrpWirePeer Connect(int window = 0)
    {
        var peer = new MsrpWirePeer(Endpoint, window);
        _peers.Add(peer);
        return peer;
    }

    /// <summary>A session that bob's first SEND, which is bodiless, has bound to a connection.</summary>
    public async Task<(MsrpSession Session, MsrpWirePeer Peer)> BindAsync(MsrpSessionOptions? options = null, MsrpWirePeer? peer = null, string uri = Alice)
    {
        var session = CreateSession(options, uri);
        peer ??= Connect();
        var start = session.StartAsync(RemoteBob);
        await peer.SendAsync($"""
            MSRP bind SEND
            To-Path: {uri}
            From-Path: {Bob}
            Message-ID: bind
            -------bind$
            """);
        await peer.ExpectAsync($"""
            MSRP bind 200 OK
            To-Path: {Bob}
            From-Path: {uri}
            -------bind$
            """);
        await start.AsTask().WaitAsync(Patience);
        return (session, peer);
    }

    /// <summary>The next messages of a session.</summary>
    public static async Task<IncomingMsrpMessage> ReceiveAsync(MsrpSession session)
    {
        await using var messages = session.ReceiveAllAsync().GetAsyncEnumerator();
        Assert.That(await messages.MoveNextAsync().AsTask().WaitAsync(Patience), Is.True, "the session has ended");
        return messages.Current;
    }

    /// <summary>A whole body, as text; throws what the reader throws.</summary>
    public static async Task<string> ReadAsync(IncomingMsrpMessage message)
    {
        using var body = new MemoryStream();
        await message.AsStream().CopyToAsync(body).WaitAsync(Patience);
        return Encoding.Latin1.GetString(body.ToArray());
    }

    /// <summary>The next message of a session and its whole body.</summary>
    public static async Task<string> ReadNextAsync(MsrpSession session)
    {
        await using var message = await ReceiveAsync(session);
        return await ReadAsync(message);
    }

    /// <summary>Waits for what another thread does, in no time of the clock.</summary>
    public static async Task UntilAsync(Func<bool> condition, string what)
    {
        for (var tries = 0; !condition(); tries++)
        {
            Assert.That(tries, Is.LessThan(Patience.TotalMilliseconds), what);
            await Task.Delay(TimeSpan.FromMilliseconds(1), TimeProvider.System);
        }
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var peer in _peers)
        {
            peer.StopWaiting();
        }

        await Endpoint.DisposeAsync().AsTask().WaitAsync(Patience);
        Assert.That(Endpoint.Counts, Is.EqualTo(default(MsrpEndpointCounts)));
        Assert.That(Clock.ActiveTimers, Is.Zero, "timers");
    }
}
