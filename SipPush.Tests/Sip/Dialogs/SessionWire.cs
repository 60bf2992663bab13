using System.Text;
using SipPush.Sip;
using SipPush.Tests.Support;

namespace SipPush.Tests.Sip.Dialogs;

/// <summary>A user agent at 192.0.2.1 and a far end at 192.0.2.9 that says and hears literal text, on a clock that a test moves.</summary>
internal sealed class SessionWire : IAsyncDisposable
{
    private readonly MemoryNetwork _network;

    private SessionWire(MemoryNetwork network, ManualTimeProvider clock, WirePeer peer, SipStack stack, SipUserAgent bob)
    {
        _network = network;
        Clock = clock;
        Peer = peer;
        Stack = stack;
        Bob = bob;
    }

    public ManualTimeProvider Clock { get; }

    public WirePeer Peer { get; }

    public SipStack Stack { get; }

    public SipUserAgent Bob { get; }

    /// <summary>The start lines of what the far end has heard.</summary>
    public string[] Heard => [.. Peer.Messages.Select(message => message.Split("\r\n")[0])];

    public static SipBody Offer { get; } = Sdp("offer");

    public static SipBody Answer { get; } = Sdp("answer");

    public static async Task<SessionWire> StartAsync(string protocol = "udp", SipUserAgentOptions? options = null)
    {
        var clock = new ManualTimeProvider();
        var network = new MemoryNetwork(clock);
        var peer = await WirePeer.StartAsync(network, $"{protocol}:192.0.2.9:5060");
        var stack = await SipStack.StartAsync(new SipStackOptions
        {
            Transports = [new MemoryTransport(network, SipEndPoint.Parse($"{protocol}:192.0.2.1:5060"))],
            TimeProvider = clock,
            Identifiers = new CountingIdentifiers(),
        });
        var bob = stack.CreateUserAgent(options ?? new SipUserAgentOptions
        {
            AddressOfRecord = SipUri.Parse("sip:bob@example.com"),
            SessionTimer = null,
        });
        return new SessionWire(network, clock, peer, stack, bob);
    }

    public static SipBody Sdp(string text) => new("application/sdp", Encoding.ASCII.GetBytes(text));

    public Task<WirePeer> AddPeerAsync(string endPoint) => WirePeer.StartAsync(_network, endPoint);

    /// <summary>Sends to the user agent.</summary>
    public Task SendAsync(string text) => Peer.SendAsync("udp:192.0.2.1:5060", text);

    /// <summary>A header line of a message, whole.</summary>
    public static string Line(string message, string name) =>
        message.Split("\r\n").First(line => line.StartsWith(name + ":", StringComparison.OrdinalIgnoreCase));

    public static string Tag(string message, string name) => Line(message, name).Split(";tag=")[1];

    /// <summary>Moves the clock in small steps, giving other threads the time to act on each.</summary>
    public async Task AdvanceAsync(TimeSpan time)
    {
        for (var left = time; left > TimeSpan.Zero; left -= TimeSpan.FromMilliseconds(100))
        {
            Clock.Advance(left < TimeSpan.FromMilliseconds(100) ? left : TimeSpan.FromMilliseconds(100));
            await Task.Yield();
        }
    }

    public async ValueTask DisposeAsync()
    {
        await Stack.DisposeAsync();
        await Peer.DisposeAsync();
    }
}
