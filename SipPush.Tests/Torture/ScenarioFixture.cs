using System.Diagnostics;
using System.Net;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using System.Text.Json.Nodes;
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
    private readonly Dictionary<string, IReadOnlyList<SipEndPoint>> _servers = [];
    private readonly Dictionary<string, IPAddress> _hosts = [];
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

    public SipProtocol Protocol => Name switch
    {
        "sip-tcp" => SipProtocol.Tcp,
        "sip-tls" => SipProtocol.Tls,
        _ => SipProtocol.Udp,
    };

    /// <summary>How often the system under test has asked where the servers for a name are.</summary>
    public int Lookups { get; private set; }

    /// <summary>True where no name can be looked up.</summary>
    public bool IsDnsDown { get; set; }

    public bool IsLossy => Name == "sip-udp-lossy";

    public TimeSpan ProcessorAtStart { get; }

    public long MemoryGrowth => GC.GetTotalMemory(forceFullCollection: true) - _memoryAtStart;

    /// <summary>Percent of the datagrams that are lost, doubled and late, both ways.</summary>
    public (int Loss, int Dup, int Reorder) Net { get; set; }

    /// <summary>Answers each request of the system under test from now on; null leaves them.</summary>
    public Func<SipRequest, byte[]?>? RespondAlways { get; set; }

    public long OctetsIn { get; private set; }

    public long OctetsOut =>
        Sut.OctetsForgotten + Sut.Datagram.Sum(datagram => (long)datagram.Octets.Length)
        + _peers.Values.SelectMany(peer => peer.Connections).Sum(connection => (long)connection.Received().Length);

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
            peer.Disconnect();
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

    /// <summary>Forgets a peer that only one step needed, and all that it has heard.</summary>
    public void Forget(ScenarioPeer peer) => _peers.Remove(peer.Name);

    public async Task<SutConnection> ConnectAsync(ScenarioPeer peer)
    {
        var connection = await (Protocol == SipProtocol.Tls ? Sut.SecureStreams : Sut.Streams).AcceptAsync(peer.Address.Address);
        peer.Add(connection);
        await connection.Stream.WhenIdle();
        return connection;
    }

    /// <summary>
    /// From now on a name leads to these servers: addresses, or names, with a port where it is not the usual one, or peers. An address that
    /// is no peer's becomes one of the peer whose turn it is: the first A's, the second B's.
    /// </summary>
    /// <exception cref="ScenarioSkip">Nobody knows what that means.</exception>
    public void Resolve(SipUri uri, JsonNode servers)
    {
        var given = servers is JsonArray list ? list.ToList() : [servers];
        if (given is [JsonValue word] && word.ToString() is "none" or "nxdomain" or "nothing")
        {
            given = [];
        }

        _servers[uri.Host.ToString()] = [.. given.Select((server, at) => Server(uri, server!, ((char)('A' + at)).ToString()))];
    }

    /// <summary>The addresses that a name, an address or a peer's name stands for.</summary>
    public bool IsAt(SipEndPoint endPoint, string name)
    {
        var address = endPoint.Address;
        return address.ToString() == name || address.Address.ToString() == name || endPoint.ToString() == name
            || (_peers.TryGetValue(name, out var peer) && peer.IsAt(address.Address))
            || (_hosts.TryGetValue(name.Split(':')[0], out var host) && host.Equals(address.Address) && (!name.Contains(':', StringComparison.Ordinal) || name.EndsWith($":{address.Port}", StringComparison.Ordinal)));
    }

    /// <summary>Sends octets as the peer: a datagram, or a piece of its stream, which is opened where it is not.</summary>
    public async Task SendAsync(ScenarioPeer peer, byte[] octets)
    {
        if (Protocol == SipProtocol.Udp)
        {
            SendDatagram(peer, octets);
        }
        else
        {
            await GiveAsync(peer.Connection ?? await ConnectAsync(peer), octets);
        }

        await SettleAsync();
    }

    /// <summary>Answers a request as the peer, the way that it came.</summary>
    public async Task AnswerAsync(ScenarioPeer peer, SipRequest request, byte[] answer)
    {
        peer.Answers[(request.TopVia.Branch.ToString(), request.Method)] = answer;
        if (peer.ConnectionOf(request) is { } connection)
        {
            await GiveAsync(connection, answer);
        }
        else
        {
            SendDatagram(peer, answer);
        }

        await SettleAsync();
    }

    private async Task GiveAsync(SutConnection connection, byte[] octets)
    {
        OctetsIn += octets.Length;
        connection.Give(octets);
        await connection.Stream.WhenIdle();
    }

    private void SendDatagram(ScenarioPeer peer, byte[] octets)
    {
        OctetsIn += octets.Length;
        foreach (var delay in Fates())
        {
            Later(delay, () => Sut.Datagrams.Receive(peer.Address, octets));
        }
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
            "sip-udp" or "sip-tcp" or "sip-tls" or "sip-udp-lossy" or "sip-dialog" or "sip-uac" =>
                await Sut.StartAgentAsync(credentials: [SutCredential], takesCalls: true),
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
        Sut.Locate = Locate;
        foreach (var streams in (SutStreams[])[Sut.Streams, Sut.SecureStreams])
        {
            streams.Connected = connection => PeerAt(connection.Flow.Remote.Address.Address)?.Add(connection);
        }
    }

    // 127.0.0.2 is A's, 127.0.0.3 B's, and so on; 192.0.2.1 is the peer's name.
    private ScenarioPeer? PeerAt(IPAddress address)
    {
        if (_peers.Values.FirstOrDefault(known => known.IsAt(address)) is { } known)
        {
            return known;
        }

        return address.GetAddressBytes() switch
        {
            [127, 0, 0, >= 2 and <= 27 and var last] => Peer(((char)('A' + last - 2)).ToString()),
            [192, 0, 2, 1] => Peer("A"),
            _ => null,
        };
    }

    // A name that nobody has said anything of leads to A.
    private IReadOnlyList<SipTarget> Locate(SipUri uri)
    {
        Lookups++;
        var host = uri.Host.ToString();
        return IsDnsDown ? throw new IOException($"Nobody answers who {host} is")
            : _servers.TryGetValue(host, out var servers) ? [.. servers.Select(server => new SipTarget(server, host))]
            : [new SipTarget(Server(uri, "A", "A"), host)];
    }

    private SipEndPoint Server(SipUri uri, JsonNode server, string turn)
    {
        var protocol = uri.Scheme == "sips" ? SipProtocol.Tls : uri.Transport ?? Protocol;
        string text;
        if (server is JsonObject record)
        {
            text = (string?)(record["address"] ?? record["host"] ?? record["target"] ?? record["a"]) ?? throw new ScenarioSkip($"resolves {server.ToJsonString()}");
            text += record["port"] is { } number ? $":{number}" : "";
            protocol = Named((string?)(record["transport"] ?? record["protocol"])) ?? protocol;
        }
        else
        {
            text = server.ToString();
        }

        if (text.IndexOf(";transport=", StringComparison.OrdinalIgnoreCase) is >= 0 and var parameter)
        {
            protocol = Named(text[(parameter + ";transport=".Length)..]) ?? protocol;
            text = text[..parameter];
        }

        if (text.IndexOf(':', StringComparison.Ordinal) is > 0 and var colon && (Named(text[..colon]) is not null || text[..colon] is "sip" or "sips"))
        {
            protocol = Named(text[..colon]) ?? (text[..colon] == "sips" ? SipProtocol.Tls : protocol);
            text = text[(colon + 1)..];
        }

        var port = protocol.DefaultPort();
        if (text.Length == 1 && text[0] is >= 'A' and <= 'Z')
        {
            return new SipEndPoint(protocol, new IPEndPoint(Peer(text).Address.Address, port));
        }

        if (IPEndPoint.TryParse(text, out var address))
        {
            if (!IPAddress.IsLoopback(address.Address) && !_peers.Values.Any(peer => peer.IsAt(address.Address)))
            {
                Peer(turn).Aliases.Add(address.Address);
            }

            return new SipEndPoint(protocol, new IPEndPoint(address.Address, address.Port == 0 ? port : address.Port));
        }

        var parts = text.Split(':');
        _hosts[parts[0]] = Peer(turn).Address.Address;
        return new SipEndPoint(protocol, new IPEndPoint(Peer(turn).Address.Address, parts.Length > 1 ? int.Parse(parts[1], System.Globalization.CultureInfo.InvariantCulture) : port));
    }

    private static SipProtocol? Named(string? transport) => transport?.ToLowerInvariant() switch
    {
        "udp" => SipProtocol.Udp,
        "tcp" => SipProtocol.Tcp,
        "tls" => SipProtocol.Tls,
        _ => null,
    };

    /// <summary>What servers show from now on: a word for what is wrong, or the names that it is for.</summary>
    /// <exception cref="ScenarioSkip">Nobody knows what that means.</exception>
    public void ShowCertificate(JsonNode certificate)
    {
        var (isTrusted, isExpired) = (true, false);
        List<string>? names = null;
        if (certificate is JsonObject fields)
        {
            isExpired = (bool?)fields["expired"] ?? false;
            isTrusted = !((bool?)fields["untrusted"] ?? (bool?)fields["self_signed"] ?? false);
            var named = fields["names"] ?? fields["san"] ?? fields["dns"] ?? fields["uri"];
            names = named is JsonArray several ? [.. several.Select(name => name!.ToString())] : named is null ? null : [named.ToString()];
            if (fields.FirstOrDefault(field => field.Key is not ("expired" or "untrusted" or "self_signed" or "names" or "san" or "dns" or "uri")).Key is { } other)
            {
                throw new ScenarioSkip($"cert with {other}");
            }
        }
        else if (certificate is JsonArray list)
        {
            names = [.. list.Select(name => name!.ToString())];
        }
        else
        {
            switch (certificate.ToString())
            {
                case "good" or "valid" or "matching":
                    break;
                case "expired":
                    isExpired = true;
                    break;
                case "untrusted" or "self-signed" or "unknown-ca" or "untrusted-root":
                    isTrusted = false;
                    break;
                case "wrong-name" or "wrong-host" or "wrong-domain" or "mismatch" or "other-domain":
                    names = ["other.example.net"];
                    break;
                case "no-names" or "no-san":
                    names = [];
                    break;
                case var name when name.Contains('.', StringComparison.Ordinal) || name.Contains(':', StringComparison.Ordinal):
                    names = [name];
                    break;
                case var word:
                    throw new ScenarioSkip($"cert {word}");
            }
        }

        Sut.Certificates.PeerCertificate = Show;

        X509Certificate2 Show(string domain) => SutTls.Certificate([.. (names ?? [domain]).Select(SutTls.NameOf)], isTrusted, isExpired);
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
            if (PeerAt(to.Address.Address) is { } peer)
            {
                await TakeInAsync(peer, octets, connection: null);
            }
        }

        foreach (var (peer, connection) in _peers.Values.SelectMany(peer => peer.Connections, (peer, connection) => (peer, connection)).ToList())
        {
            for (var messages = connection.Messages(); connection.TakenIn < messages.Count;)
            {
                some = true;
                await TakeInAsync(peer, messages[connection.TakenIn++], connection);
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

    private async Task TakeInAsync(ScenarioPeer peer, byte[] octets, SutConnection? connection)
    {
        if (peer.TakeIn(octets, connection))
        {
            // Nobody answers an ACK.
            if (!octets.AsSpan().StartsWith("SIP/2.0"u8) && peer.Requests[^1] is { } request && request.Method != SipMethod.Ack && RespondAlways?.Invoke(request) is { } answer)
            {
                await AnswerAsync(peer, request, answer);
            }
        }
        else if (SipRequest.Parse(octets) is { } repeated && peer.Answers.TryGetValue((repeated.TopVia.Branch.ToString(), repeated.Method), out var given))
        {
            // A server transaction repeats its answer to a repeated request (RFC 3261 §17.2.2).
            await AnswerAsync(peer, repeated, given);
        }
    }

    public static byte[] Octets(string text) => Encoding.Latin1.GetBytes(text);
}
