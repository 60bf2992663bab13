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

    public static async Task<SessionWire> StartAsync(
        string protocol = "udp", SipUserAgentOptions? options = null, Func<SipUri, CancellationToken, ValueTask<IReadOnlyList<SipTarget>>>? locate = null)
    {
        var clock = new ManualTimeProvider();
        var network = new MemoryNetwork(clock);
        var peer = await WirePeer.StartAsync(network, $"{protocol}:192.0.2.9:5060");
        var stack = await SipStack.StartAsync(new SipStackOptions
        {
            Transports = [new MemoryTransport(network, SipEndPoint.Parse($"{protocol}:192.0.2.1:5060"))],
            TimeProvider = clock,
            Identifiers = new CountingIdentifiers(),
            LocateAsync = locate,
        });
        var bob = stack.CreateUserAgent(options ?? new SipUserAgentOptions
        {
            AddressOfRecord = SipUri.Parse("sip:bob@example.com"),
            SessionTimer = null,
        });
        return new SessionWire(network, clock, peer, stack, bob);
    }

    public static SipBody Sdp(string text) => new("application/sdp", Encoding.ASCII.GetBytes(text));

    public static SipUri Al { get; } = SipUri.Parse("sip:al@192.0.2.9");

    /// <summary>The response of the far end to a request, with its tag unless the request had one, and with Contact where that belongs.</summary>
    public static string Reply(string request, string status, string tag = "al", string body = "", params string[] more)
    {
        var response = WirePeer.ResponseTo(request, status, more).Replace(";tag=peer", $";tag={tag}", StringComparison.Ordinal);
        var contact = status[0] < '3' && !more.Any(line => line.StartsWith("Contact:", StringComparison.Ordinal)) ? "Contact: <sip:al@192.0.2.9:5060>\r\n" : "";
        return response.Replace("Content-Length: 0\r\n\r\n", $"{contact}Content-Type: application/sdp\r\nContent-Length: {body.Length}\r\n\r\n{body}", StringComparison.Ordinal);
    }

    /// <summary>The method of a request; the protocol of a response.</summary>
    public static string Method(string message) => message.Split(' ')[0];

    /// <summary>Calls, has the far end answer 200, and returns the session. From then on the far end answers BYE.</summary>
    public async Task<SipSession> CallAsync(InviteOptions? options = null, params string[] more)
    {
        var calling = Bob.InviteAsync(Al, options ?? new InviteOptions { Offer = Offer }).AsTask();
        await Peer.WaitForAsync(1);
        await Peer.ReplyAsync(Reply(Peer.Last, "200 OK", body: "answer", more: more));
        Peer.Answer = text => Method(text) == "BYE" ? Reply(text, "200 OK") : null;
        return (await calling).Session!;
    }

    /// <summary>A request of the far end in the dialog that <paramref name="invite"/> began.</summary>
    public static string FromFarEnd(string invite, string method, int number, string body = "", string tag = "al", params string[] more)
    {
        var from = Line(invite, "From")["From: ".Length..];
        return string.Join("\r\n", [
            $"{method} sip:bob@192.0.2.1:5060 SIP/2.0",
            $"Via: SIP/2.0/UDP 192.0.2.9:5060;branch=z9hG4bK{tag}{method}{number}",
            "Max-Forwards: 70",
            $"From: <sip:al@192.0.2.9>;tag={tag}",
            $"To: {from}",
            Line(invite, "Call-ID"),
            $"CSeq: {number} {method}",
            "Contact: <sip:al@192.0.2.9:5060>",
            .. more,
            "Content-Type: application/sdp",
            $"Content-Length: {body.Length}",
            "",
            body]);
    }

    /// <summary>Waits for what another thread does.</summary>
    public static async Task WaitUntilAsync(Func<bool> condition)
    {
        for (var tries = 0; !condition(); tries++)
        {
            Assert.That(tries, Is.LessThan(10_000));
            await Task.Delay(TimeSpan.FromMilliseconds(1), TimeProvider.System);
        }
    }

    /// <summary>Moves the clock in small steps until another thread, which waits by it, has done its part.</summary>
    public async Task AdvanceUntilAsync(Func<bool> condition)
    {
        for (var tries = 0; !condition(); tries++)
        {
            Assert.That(tries, Is.LessThan(10_000));
            Clock.Advance(TimeSpan.FromMilliseconds(10));
            await Task.Delay(TimeSpan.FromMilliseconds(1), TimeProvider.System);
        }
    }

    /// <summary>Lets up to three minutes pass and sees that no session, transaction or timer is left.</summary>
    public async Task NothingIsLeftAsync()
    {
        for (var seconds = 0; seconds < 180 && !(Stack.Sessions.Count == 0 && Stack.Layer.Count() == (0, 0, 0, 0)); seconds += 5)
        {
            Clock.Advance(TimeSpan.FromSeconds(5));
            await Task.Delay(TimeSpan.FromMilliseconds(1), TimeProvider.System);
        }

        Assert.That(Stack.Layer.Count(), Is.EqualTo((0, 0, 0, 0)));
        Assert.That(Stack.Sessions.Count, Is.Zero);
    }

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
