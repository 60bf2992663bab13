using System.Collections.Concurrent;
using System.Net;
using SipPush.Msrp;
using SipPush.Sip;
using SipPush.Tests.Support;

namespace SipPush.Tests.Agents;

/// <summary>
/// A sender at 192.0.2.20 and a receiver at 192.0.2.10 with SIP in memory, MSRP over loopback, and a clock that stands still; either of them may be left out for a <see cref="WirePeer"/>. At its end
/// nothing is left of any session.
/// </summary>
internal sealed class SessionPair : IAsyncDisposable
{
    /// <summary>How long, in real time, something may take.</summary>
    public static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    private readonly ConcurrentQueue<string> _sip = new();
    private SipStack _near = null!;
    private SipStack _far = null!;
    private bool _isNearStopped;

    public ManualTimeProvider Clock { get; } = new();

    public MemoryNetwork Network { get; private set; } = null!;

    public PushSenderAgent Sender { get; private set; } = null!;

    public PushReceiverAgent Receiver { get; private set; } = null!;

    public MsrpEndpoint NearMedia { get; private set; } = null!;

    public MsrpEndpoint FarMedia { get; private set; } = null!;

    /// <summary>The start lines of what went over the network, in order, whatever became of it.</summary>
    public string[] Sip => [.. _sip];

    /// <summary>Says what becomes of a packet with that start line; all is delivered unless it is set.</summary>
    public Func<string, MemoryFate>? Fate { get; set; }

    public static SipUri Bob { get; } = SipUri.Parse("sip:bob@192.0.2.10");

    public static async Task<SessionPair> StartAsync(
        PushReceiverOptions? receiver = null, PushMediaOptions? media = null, SessionTimerOptions? timer = null, TrustDomain? trusted = null, PushMediaOptions? receiverMedia = null, IPAddress? listen = null)
    {
        var pair = new SessionPair();
        pair.Network = new MemoryNetwork(pair.Clock) { Fate = pair.Decide };
        pair._near = await pair.StartStackAsync("udp:192.0.2.20:5060", null);
        pair._far = await pair.StartStackAsync("udp:192.0.2.10:5060", trusted);
        pair.NearMedia = pair.StartMedia(listen);
        pair.FarMedia = pair.StartMedia(listen);
        media ??= new PushMediaOptions();
        pair.Sender = new PushSenderAgent(
            pair._near.CreateUserAgent(new SipUserAgentOptions { AddressOfRecord = SipUri.Parse("sip:push@example.com"), SessionTimer = timer, IsTrusted = trusted is not null }),
            new PushSenderOptions { Media = media with { Endpoint = pair.NearMedia } });
        pair.Receiver = new PushReceiverAgent(
            pair._far.CreateUserAgent(new SipUserAgentOptions { AddressOfRecord = SipUri.Parse("sip:bob@example.com"), SessionTimer = timer }),
            (receiver ?? new PushReceiverOptions()) with { Media = (receiverMedia ?? media) with { Endpoint = pair.FarMedia } });
        return pair;
    }

    /// <summary>Another sender on the sender's stack. Whoever starts it disposes it.</summary>
    public PushSenderAgent StartSender(PushMediaOptions media) =>
        new(_near.CreateUserAgent(new SipUserAgentOptions { AddressOfRecord = SipUri.Parse("sip:other@example.com") }), new PushSenderOptions { Media = media });

    /// <summary>Stops the sender's stack; what it was about to say is not waited for.</summary>
    public ValueTask StopSenderAsync()
    {
        _isNearStopped = true;
        return _near.DisposeAsync();
    }

    public MsrpEndpoint StartMedia(IPAddress? listen = null) => MsrpEndpoint.Start(new MsrpEndpointOptions { Listen = new IPEndPoint(listen ?? IPAddress.Loopback, 0), TimeProvider = Clock });

    public Task<PushSession> OpenAsync(CancellationToken cancellationToken = default) => Sender.OpenSessionAsync(Bob, null, cancellationToken).AsTask().WaitAsync(Patience, cancellationToken);

    /// <summary>The next push.</summary>
    public async Task<IncomingPush> TakeAsync()
    {
        using var limit = new CancellationTokenSource(Patience, TimeProvider.System);
        await foreach (var push in Receiver.ReceiveAllAsync(limit.Token))
        {
            return push;
        }

        throw new InvalidOperationException("The receiver has ended");
    }

    public static async Task<string> ReadAsync(IncomingPush push)
    {
        using var reader = new StreamReader(push.Content);
        return await reader.ReadToEndAsync().WaitAsync(Patience);
    }

    /// <summary>Waits for something while time goes by.</summary>
    public Task<T> PassTimeAsync<T>(Task<T> until) => PassTimeAsync(until, until);

    /// <summary>Waits for something while time goes by.</summary>
    public async Task PassTimeAsync(Task until) => await PassTimeAsync(until, Task.FromResult(true));

    /// <summary>Waits for what another thread does, in no time of the clock.</summary>
    public static async Task UntilAsync(Func<bool> condition, string what)
    {
        for (var tries = 0; !condition(); tries++)
        {
            Assert.That(tries, Is.LessThan(Patience.TotalMilliseconds), what);
            await Task.Delay(TimeSpan.FromMilliseconds(1), TimeProvider.System);
        }
    }

    /// <summary>Lets up to three minutes pass and sees that nothing of a session is left at either agent.</summary>
    public Task NothingIsLeftAsync() => Leftovers.NoneAsync(Clock, _isNearStopped ? [_far] : [_near, _far], [NearMedia, FarMedia]);

    public async ValueTask DisposeAsync()
    {
        Fate = null;
        await NothingIsLeftAsync();
        await Sender.DisposeAsync();
        await Receiver.DisposeAsync();
        await _near.DisposeAsync();
        await _far.DisposeAsync();
        await NearMedia.DisposeAsync();
        await FarMedia.DisposeAsync();
    }

    private async Task<T> PassTimeAsync<T>(Task until, Task<T> result)
    {
        for (var i = 0; !until.IsCompleted && i < 5_000; i++)
        {
            await Task.WhenAny(until, Task.Delay(TimeSpan.FromMilliseconds(2), TimeProvider.System));
            Clock.Advance(TimeSpan.FromMilliseconds(100));
        }

        await until.WaitAsync(Patience);
        return await result.WaitAsync(Patience);
    }

    private MemoryFate Decide(MemoryPacket packet)
    {
        var text = System.Text.Encoding.UTF8.GetString(packet.Message.Span);
        var line = text[..text.IndexOf("\r\n", StringComparison.Ordinal)];
        var method = text.Split("\r\n").First(header => header.StartsWith("CSeq:", StringComparison.Ordinal)).Split(' ')[^1];
        line = line.StartsWith("SIP/2.0", StringComparison.Ordinal) ? $"{line[8..11]} {method}" : method;
        _sip.Enqueue(line);
        return Fate?.Invoke(line) ?? MemoryFate.Deliver;
    }

    private ValueTask<SipStack> StartStackAsync(string endPoint, TrustDomain? trusted) => SipStack.StartAsync(new SipStackOptions
    {
        Transports = [new MemoryTransport(Network, SipEndPoint.Parse(endPoint))],
        TimeProvider = Clock,
        TrustDomain = trusted ?? TrustDomain.Nobody,
    });
}
