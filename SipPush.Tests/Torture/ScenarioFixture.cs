using System.Diagnostics;
using System.Net;
using System.Text;
using SipPush.Sip;

namespace SipPush.Tests.Torture;

/// <summary>The system under test of a scenario, its peers, and the network and the time between them.</summary>
internal sealed class ScenarioFixture : IAsyncDisposable
{
    public const string Domain = "example.com";

    /// <summary>The longest that a transaction takes: 64*T1, and a little.</summary>
    public static readonly TimeSpan TransactionTime = TimeSpan.FromSeconds(36);

    private static readonly TimeSpan Tick = TimeSpan.FromMilliseconds(100);

    private readonly Dictionary<string, ScenarioPeer> _peers = [];
    private readonly Random _chance = new(5060);
    private readonly Lock _gate = new();
    private readonly Queue<(SipEndPoint To, byte[] Octets)> _arrived = new();
    private readonly long _memoryAtStart;
    private TimeSpan _nextRepeat = TimeSpan.MaxValue;
    private TimeSpan _repeatInterval;

    private ScenarioFixture(string name)
    {
        Name = name;
        _memoryAtStart = GC.GetTotalMemory(forceFullCollection: false);
        ProcessorAtStart = Process.GetCurrentProcess().TotalProcessorTime;
    }

    public string Name { get; }

    public Sut Sut { get; private set; } = null!;

    public SipProtocol Protocol => Name == "sip-tcp" ? SipProtocol.Tcp : SipProtocol.Udp;

    public bool IsLossy => Name == "sip-udp-lossy";

    public TimeSpan ProcessorAtStart { get; }

    public long MemoryGrowth => GC.GetTotalMemory(forceFullCollection: true) - _memoryAtStart;

    /// <summary>Percent of the datagrams that are lost, doubled and late, both ways.</summary>
    public (int Loss, int Dup, int Reorder) Net { get; set; }

    /// <summary>Answers each request of the system under test from now on; null leaves them.</summary>
    public Func<SipRequest, byte[]?>? RespondAlways { get; set; }

    public long OctetsIn { get; private set; }

    public long OctetsOut => Sut.Datagram.Sum(datagram => (long)datagram.Octets.Length) + _peers.Values.Sum(peer => (long)(peer.Connection?.Stream.Written().Length ?? 0));

    public IReadOnlyCollection<ScenarioPeer> Peers => _peers.Values;

    /// <summary>Passwords of the registrar's users; the peers know them.</summary>
    public static IReadOnlyDictionary<string, string> Users { get; } = new Dictionary<string, string> { ["alice"] = "wonderland", ["bob"] = "builder" };

    /// <summary>What the system under test answers challenges with.</summary>
    public static SipCredential SutCredential { get; } = new("sut", "secret");

    /// <exception cref="ScenarioSkip">There is no such fixture here.</exception>
    public static async Task<ScenarioFixture> StartAsync(string name)
    {
        var fixture = new ScenarioFixture(name);
        await fixture.StartSutAsync();
        return fixture;
    }

    /// <summary>Ends the system under test and starts another, which knows nothing.</summary>
    public async Task RestartAsync()
    {
        await Sut.DisposeAsync();
        foreach (var peer in _peers.Values)
        {
            peer.Connection = null;
            peer.TakenIn = 0;
        }

        await StartSutAsync();
    }

    public ScenarioPeer Peer(string name)
    {
        if (!_peers.TryGetValue(name, out var peer))
        {
            // A is 127.0.0.2, B 127.0.0.3, any other what is free.
            var last = name.Length == 1 && name[0] is >= 'A' and <= 'Z' ? name[0] - 'A' + 2 : 40 + _peers.Count;
            peer = new ScenarioPeer(name, new IPAddress([127, 0, (byte)(last >> 8), (byte)last]));
            _peers[name] = peer;
        }

        return peer;
    }

    public async Task<SutConnection> ConnectAsync(ScenarioPeer peer)
    {
        peer.Connection = Sut.Streams.Accept(peer.Address.Address);
        peer.TakenIn = 0;
        await peer.Connection.Stream.WhenIdle();
        return peer.Connection;
    }

    /// <summary>Sends octets as the peer: a datagram, or a piece of its stream, which is opened where it is not.</summary>
    public async Task SendAsync(ScenarioPeer peer, byte[] octets)
    {
        OctetsIn += octets.Length;
        if (Protocol == SipProtocol.Udp)
        {
            foreach (var delay in Fates())
            {
                Later(delay, () => Sut.Datagrams.Receive(peer.Address, octets));
            }
        }
        else
        {
            var connection = peer.Connection ?? await ConnectAsync(peer);
            connection.Stream.Give(octets);
            await connection.Stream.WhenIdle();
        }

        await SettleAsync();
    }

    /// <summary>On a network that loses, the peer repeats what it sent until it is answered, as a client transaction does (RFC 3261 §17.1.2).</summary>
    public void RepeatUntilAnswered(ScenarioPeer peer, byte[] octets)
    {
        if (IsLossy)
        {
            peer.Pending = octets;
            _repeatInterval = TimeSpan.FromMilliseconds(500);
            _nextRepeat = Sut.Clock.Elapsed + _repeatInterval;
        }
    }

    /// <summary>Lets time pass until the condition holds; false when it does not in that time.</summary>
    public async Task<bool> WaitAsync(Func<bool> condition, TimeSpan atMost)
    {
        await SettleAsync();
        var end = Sut.Clock.Elapsed + atMost;
        while (!condition())
        {
            if (Sut.Clock.Elapsed >= end)
            {
                return false;
            }

            await AdvanceAsync(Tick < end - Sut.Clock.Elapsed ? Tick : end - Sut.Clock.Elapsed);
        }

        return true;
    }

    public async Task AdvanceAsync(TimeSpan time)
    {
        Sut.Clock.Advance(time);
        if (Sut.Clock.Elapsed >= _nextRepeat)
        {
            foreach (var peer in _peers.Values.Where(peer => peer.Pending is not null).ToList())
            {
                await SendAsync(peer, peer.Pending!);
            }

            _repeatInterval = _repeatInterval * 2 < TimeSpan.FromSeconds(4) ? _repeatInterval * 2 : TimeSpan.FromSeconds(4);
            _nextRepeat = Sut.Clock.Elapsed + _repeatInterval;
        }

        await SettleAsync();
    }

    /// <summary>Waits until nothing is under way, and gives the peers what has come.</summary>
    public async Task SettleAsync()
    {
        do
        {
            await Quiet.AwaitAsync();
        }
        while (await DeliverAsync());
    }

    public async ValueTask DisposeAsync() => await Sut.DisposeAsync();

    private async Task StartSutAsync()
    {
        Sut = Name switch
        {
            "sip-udp" or "sip-tcp" or "sip-udp-lossy" or "sip-dialog" => await Sut.StartAgentAsync(takesCalls: true),
            "sip-uac" => await Sut.StartAgentAsync(credentials: [SutCredential]),
            "sip-registrar" => await Sut.StartRegistrarAsync(Users),
            _ => throw new ScenarioSkip($"the fixture {Name}"),
        };
        Sut.OnDatagram = (to, octets) =>
        {
            foreach (var delay in Fates())
            {
                Later(delay, () =>
                {
                    lock (_gate)
                    {
                        _arrived.Enqueue((to, octets));
                    }
                });
            }
        };
        Sut.Streams.Connected = connection =>
        {
            if (_peers.Values.FirstOrDefault(known => known.Address.Address.Equals(connection.Flow.Remote.Address.Address)) is { } peer)
            {
                (peer.Connection, peer.TakenIn) = (connection, 0);
            }
        };
    }

    private List<TimeSpan> Fates()
    {
        lock (_gate)
        {
            if (_chance.Next(100) < Net.Loss)
            {
                return [];
            }

            List<TimeSpan> fates = [_chance.Next(100) < Net.Reorder ? TimeSpan.FromMilliseconds(_chance.Next(1, 400)) : TimeSpan.Zero];
            if (_chance.Next(100) < Net.Dup)
            {
                fates.Add(TimeSpan.FromMilliseconds(_chance.Next(0, 50)));
            }

            return fates;
        }
    }

    private void Later(TimeSpan delay, Action happen)
    {
        if (delay == TimeSpan.Zero)
        {
            happen();
            return;
        }

        ITimer? timer = null;
        timer = Sut.Clock.CreateTimer(
            _ =>
            {
                timer?.Dispose();
                happen();
            },
            null, delay, Timeout.InfiniteTimeSpan);
    }

    private async Task<bool> DeliverAsync()
    {
        var some = false;
        while (TryTake(out var to, out var octets))
        {
            some = true;
            if (_peers.Values.FirstOrDefault(known => known.Address.Address.Equals(to.Address.Address)) is { } peer)
            {
                await TakeInAsync(peer, octets);
            }
        }

        foreach (var peer in _peers.Values.Where(peer => peer.Connection is not null).ToList())
        {
            var messages = peer.Connection!.Messages();
            for (; peer.TakenIn < messages.Count; peer.TakenIn++)
            {
                some = true;
                await TakeInAsync(peer, messages[peer.TakenIn]);
            }
        }

        return some;
    }

    private bool TryTake(out SipEndPoint to, out byte[] octets)
    {
        lock (_gate)
        {
            var some = _arrived.TryDequeue(out var next);
            (to, octets) = next;
            return some;
        }
    }

    private async Task TakeInAsync(ScenarioPeer peer, byte[] octets)
    {
        if (peer.TakeIn(octets))
        {
            if (octets.AsSpan().StartsWith("SIP/2.0"u8) || RespondAlways?.Invoke(peer.Requests[^1]) is not { } answer)
            {
                return;
            }

            peer.Answers[peer.Requests[^1].TopVia.Branch.ToString()] = answer;
            await SendAsync(peer, answer);
        }
        else if (peer.Answers.TryGetValue(SipRequest.Parse(octets).TopVia.Branch.ToString(), out var given))
        {
            // A server transaction repeats its answer to a repeated request (RFC 3261 §17.2.2).
            await SendAsync(peer, given);
        }
    }

    public static byte[] Octets(string text) => Encoding.Latin1.GetBytes(text);
}
