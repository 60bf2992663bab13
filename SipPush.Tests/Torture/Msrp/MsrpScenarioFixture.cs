using System.Diagnostics;
using System.Text;
using System.Text.Json.Nodes;
using SipPush.Msrp;

namespace SipPush.Tests.Torture;

/// <summary>The system under test of an MSRP scenario, its peers, and the connections and the time between them.</summary>
internal sealed class MsrpScenarioFixture : IAsyncDisposable
{
    /// <summary>Longer than any timer of a transaction.</summary>
    public static readonly TimeSpan TransactionTime = TimeSpan.FromSeconds(36);

    // How long a peer tries to send what the system under test does not read.
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(10);

    private static readonly TimeSpan Prompt = TimeSpan.FromMilliseconds(20);
    private const int Turns = 100;

    private readonly Dictionary<string, MsrpPeer> _peers = [];
    private readonly Dictionary<string, MsrpOutgoing> _outgoing = [];
    private readonly List<string> _faults = [];
    private long _memoryAtStart;

    private MsrpScenarioFixture(string name)
    {
        Name = name;
        Sut = new MsrpSut(name == "msrp-file");
    }

    public string Name { get; }

    public MsrpSut Sut { get; private set; }

    /// <summary>How often a step has done something.</summary>
    public int Acts { get; set; }

    public IReadOnlyCollection<MsrpPeer> Peers => _peers.Values;

    /// <summary>The messages that the system under test was told to send, by their labels.</summary>
    public IReadOnlyDictionary<string, MsrpOutgoing> Outgoing => _outgoing;

    /// <summary>Answers each request of the system under test from now on; null leaves them.</summary>
    public Func<MsrpPeerFrame, int>? RespondAlways { get; set; }

    public TimeSpan ProcessorAtStart { get; } = Process.GetCurrentProcess().TotalProcessorTime;

    public long MemoryGrowth => GC.GetTotalMemory(forceFullCollection: true) - _memoryAtStart;

    public static bool Has(string name) => name is "msrp-unbound" or "msrp-bound" or "msrp-sender" or "msrp-two-sessions" or "msrp-file";

    /// <summary>Starts the system under test and binds its sessions as the fixture says.</summary>
    /// <param name="name">The fixture.</param>
    /// <param name="steps">What will be done, which tells what has to be there at the beginning.</param>
    public static async Task<MsrpScenarioFixture> StartAsync(string name, IReadOnlyList<JsonObject> steps)
    {
        var fixture = new MsrpScenarioFixture(name);
        if (name != "msrp-unbound")
        {
            await fixture.BindAsync("A", MsrpSut.L, MsrpSut.P);
        }

        if (name == "msrp-two-sessions")
        {
            await fixture.BindAsync(ConnectionOfSecond(steps), MsrpSut.L2, MsrpSut.P2);
        }

        // The message and the transaction that the texts speak of, where the scenario does not make them itself.
        if (!steps.Any(step => ((string?)step["op"])?.StartsWith("sut-sends", StringComparison.Ordinal) == true)
            && steps.Any(step => step.ToJsonString() is var text && (text.Contains("sutmid1", StringComparison.Ordinal) || text.Contains("tid00001", StringComparison.Ordinal))))
        {
            fixture.Send(fixture.Sut.Sessions[0], "sutmid1", 5, offset => (byte)"hello"[(int)offset], message => message with { SuccessReport = true });
            await fixture.SettleAsync();
        }

        // It costs as much as a short scenario, so it is done only where somebody will ask.
        var isMeasured = steps.Any(step => (string?)step["what"] == "memory-growth-bytes");
        fixture._memoryAtStart = isMeasured ? GC.GetTotalMemory(forceFullCollection: true) : 0;
        fixture.Acts = 1;
        return fixture;
    }

    public MsrpPeer Peer(string name)
    {
        if (!_peers.TryGetValue(name, out var peer))
        {
            _peers[name] = peer = new MsrpPeer(name, this);
        }

        return peer;
    }

    public async Task<MsrpPeerLink> ConnectAsync(MsrpPeer peer)
    {
        peer.Connect(Sut.Endpoint);
        await SettleAsync();
        return peer.Link!;
    }

    /// <summary>Sends octets as the peer, as one piece of its stream, which is opened where it is not. Where the system under test does not read, time passes until it does.</summary>
    public async Task SendAsync(MsrpPeer peer, byte[] octets)
    {
        var link = peer.Link ?? await ConnectAsync(peer);
        if (!link.HasRoom)
        {
            await WaitAsync(() => link.HasRoom || !link.IsOpen, Patience);
        }

        link.Give(octets);
        await SettleAsync();
    }

    /// <summary>Has the system under test send a message.</summary>
    /// <param name="session">The session it goes out on.</param>
    /// <param name="label">What the scenario calls it.</param>
    /// <param name="length">Its octets.</param>
    /// <param name="octet">Each of them.</param>
    /// <param name="ask">What else is asked for.</param>
    public MsrpOutgoing Send(MsrpSutSession session, string label, long length, Func<long, byte> octet, Func<OutgoingMsrpMessage, OutgoingMsrpMessage> ask, string contentType = "text/plain")
    {
        // A Message-ID has four characters at least.
        var outgoing = new MsrpOutgoing(label, label.Length is >= 4 and <= 32 ? label : $"mid-{label}", octet, length, Sut.Clock.Elapsed);
        _outgoing[_outgoing.ContainsKey(label) ? $"{label}#{_outgoing.Count}" : label] = outgoing;
        outgoing.Sending = SendAsync(session, outgoing, ask, contentType);
        return outgoing;
    }

    /// <summary>Puts what only the run knows into a text of the scenario: ids of transactions and messages.</summary>
    public string Fill(string text)
    {
        text = MsrpFixedIdentifiers.Fill(text);
        foreach (var outgoing in _outgoing.Values)
        {
            text = outgoing.Label == outgoing.MessageId ? text : text.Replace($"Message-ID: {outgoing.Label}\r\n", $"Message-ID: {outgoing.MessageId}\r\n", StringComparison.Ordinal);
        }

        return text;
    }

    /// <summary>Whether a chunk has the octets that the message has there; null when it has.</summary>
    public string? CheckBody(MsrpPeerFrame frame, byte[] body)
    {
        if (_outgoing.Values.FirstOrDefault(one => one.MessageId == frame.MessageId) is not { } outgoing)
        {
            return null;
        }

        if (frame.ByteRange?.Split('-', '/') is not [var first, _, _] || !long.TryParse(first, out var start) || start < 1)
        {
            return $"a chunk of {outgoing.Label} has the Byte-Range {frame.ByteRange}";
        }

        for (var i = 0; i < body.Length; i++)
        {
            if (start - 1 + i >= outgoing.Length || body[i] != outgoing.Octet(start - 1 + i))
            {
                return $"a chunk of {outgoing.Label} has another octet at {start + i}";
            }
        }

        // RFC 4975 §7.1.1: above 2048 octets the end of the range is *.
        return body.Length > 2048 && frame.ByteRange.Split('-', '/')[1] != "*" ? $"a chunk of {body.Length} octets has the Byte-Range {frame.ByteRange}" : null;
    }

    /// <summary>Lets time pass until the condition holds; false when it does not in that time.</summary>
    public async Task<bool> WaitAsync(Func<bool> condition, TimeSpan atMost)
    {
        await SettleAsync();
        var end = Sut.Clock.Elapsed + atMost;
        var tick = TimeSpan.FromMilliseconds(Math.Max(100, atMost.TotalMilliseconds / 600));
        while (!condition())
        {
            if (Sut.Clock.Elapsed >= end)
            {
                return false;
            }

            await AdvanceAsync(tick < end - Sut.Clock.Elapsed ? tick : end - Sut.Clock.Elapsed);
        }

        return true;
    }

    public async Task AdvanceAsync(TimeSpan time)
    {
        Sut.Clock.Advance(time);
        await SettleAsync();
    }

    /// <summary>Waits until nothing is under way, and has the peers answer what they always answer.</summary>
    public async Task SettleAsync()
    {
        do
        {
            // A machine that has other things to do may not have come to it in the time that is waited at most.
            for (var turn = 0; turn < Turns; turn++)
            {
                var start = TimeProvider.System.GetTimestamp();
                await Quiet.AwaitAsync();
                turn += turn > 0 && TimeProvider.System.GetElapsedTime(start) < Prompt ? Turns : 0;
            }
        }
        while (await AnswerAsync());
    }

    /// <summary>The peer answers a request the way that it came.</summary>
    public async Task AnswerAsync(MsrpPeer peer, MsrpPeerFrame request, int status, string? tid = null)
    {
        request.IsAnswered = true;
        if (status is 413 && peer.Link is { } link)
        {
            peer.OctetsAtRefusal ??= link.OctetsOut;
        }

        await SendAsync(peer, Octets(MsrpPeerMessages.Response(request, status, tid)));
    }

    /// <summary>Ends the system under test and starts another, which knows nothing.</summary>
    public async Task RestartAsync()
    {
        await EndAsync();
        Sut = new MsrpSut(Name == "msrp-file");
    }

    /// <summary>Ends it, and says what has gone wrong besides what the steps have seen.</summary>
    public async Task<IReadOnlyList<string>> EndAsync()
    {
        foreach (var peer in _peers.Values)
        {
            peer.Disconnect();
        }

        await Quiet.AwaitAsync();
        var disposing = Sut.DisposeAsync().AsTask();
        await WaitAsync(() => disposing.IsCompleted, TimeSpan.FromMinutes(2));
        await disposing;
        foreach (var outgoing in _outgoing.Values)
        {
            await outgoing.Sending;
        }

        await Task.WhenAll(_peers.Values.SelectMany(peer => peer.Links).SelectMany(link => new[] { link.Serving, link.Reading }));
        _faults.AddRange(_peers.Values.Select(peer => peer.Fault).OfType<string>());
        _faults.AddRange(Sut.Log.Faults);
        if (Sut.Endpoint.Counts != default)
        {
            _faults.Add($"left behind: {Sut.Endpoint.Counts}");
        }

        if (Sut.Clock.ActiveTimers > 0)
        {
            _faults.Add($"{Sut.Clock.ActiveTimers} timers left behind");
        }

        return _faults;
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var peer in _peers.Values)
        {
            peer.Disconnect();
        }

        await Sut.DisposeAsync();
        foreach (var outgoing in _outgoing.Values)
        {
            outgoing.Dispose();
        }
    }

    public static byte[] Octets(string text) => Encoding.Latin1.GetBytes(text);

    private async Task SendAsync(MsrpSutSession session, MsrpOutgoing outgoing, Func<OutgoingMsrpMessage, OutgoingMsrpMessage> ask, string contentType)
    {
        await Task.CompletedTask.ConfigureAwait(ConfigureAwaitOptions.ForceYielding);
        var isGenerated = outgoing.Octet == MsrpGeneratedBody.At;
        using var body = new MsrpGeneratedBody(outgoing.Length) { FailsAt = Sut.SourceFailsAt };
#pragma warning disable CA1031 // A scenario may ask what was thrown.
        try
        {
            var message = isGenerated
                ? OutgoingMsrpMessage.FromStream(contentType, body, outgoing.Length)
                : OutgoingMsrpMessage.FromMemory(contentType, Enumerable.Range(0, (int)outgoing.Length).Select(offset => outgoing.Octet(offset)).ToArray());
            outgoing.Result = await session.Session.SendAsync(ask(message with { MessageId = outgoing.MessageId }), outgoing.Cancelling.Token);
        }
        catch (Exception thrown)
        {
            outgoing.Thrown = thrown;
        }
#pragma warning restore CA1031

        outgoing.Ended = Sut.Clock.Elapsed;
    }

    // The connection that the second session has is the one on which the texts speak to it first, unless they expect to be refused there.
    private static string ConnectionOfSecond(IReadOnlyList<JsonObject> steps)
    {
        for (var i = 0; i < steps.Count; i++)
        {
            var isForIt = steps[i]["text"] is JsonValue value && value.ToString().Contains("To-Path: " + MsrpSut.L2, StringComparison.Ordinal);
            var next = steps.Skip(i + 1).FirstOrDefault(step => (string?)step["op"] == "expect");
            if (isForIt && next?["response"]?.ToString() != "506")
            {
                return (string?)steps[i]["c"] ?? "A";
            }
        }

        return "A";
    }

    private async Task BindAsync(string name, string to, string from)
    {
        var peer = Peer(name);
        var text = new MsrpRequest { To = to, From = from, Tid = $"bind{name}000", MessageId = $"bind{name}000", ByteRange = "1-0/0", Body = null }.ToString();
        peer.HasSent(text);
        await SendAsync(peer, Octets(text));
        for (var turn = 0; turn < Turns && peer.Frames is []; turn++)
        {
            await SettleAsync();
        }

        if (peer.Frames is not [.., { Status: 200 } answer])
        {
            throw new ScenarioFailure($"the fixture could not be bound: {peer.Fault}");
        }

        answer.IsRead = true;
    }

    private async Task<bool> AnswerAsync()
    {
        if (RespondAlways is not { } respond)
        {
            return false;
        }

        var some = false;
        foreach (var peer in _peers.Values.ToList())
        {
            foreach (var request in peer.Frames.Where(frame => frame is { Kind: "SEND", IsAnswered: false, Flag: not ' ' }).ToList())
            {
                some = true;
                request.IsAnswered = true;
                if (respond(request) is var status and not 0 && peer.Link is { HasRoom: true } link)
                {
                    peer.OctetsAtRefusal = status == 413 ? peer.OctetsAtRefusal ?? link.OctetsOut : peer.OctetsAtRefusal;
                    link.Give(Octets(MsrpPeerMessages.Response(request, status, null)));
                }
            }
        }

        return some;
    }
}
