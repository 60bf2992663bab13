using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Text;
using System.Text.Json;
using SipPush.Sip;
using SipPush.Sip.Parsing;

namespace SipPush.Tests.Torture;

/// <summary>
/// Runs one SIP message end to end: to the system under test on the transport that the index names, cut at every position where that
/// is a stream, and judges what goes out.
/// </summary>
internal static class MessageRunner
{
    private static readonly string[] Methods = ["INVITE", "ACK", "BYE", "CANCEL", "OPTIONS", "MESSAGE", "REGISTER", "INFO"];

    private static readonly IPEndPoint Peer = IPEndPoint.Parse("127.0.0.2:5060");
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan Hang = TimeSpan.FromSeconds(20);

    // By then every timer has run out, bindings included.
    private static readonly TimeSpan LongAfter = TimeSpan.FromHours(3);

    public static async Task<TortureResult> RunAsync(TortureEntry entry, IReadOnlyDictionary<string, JsonElement> oracle)
    {
        if (entry.Proto == "sdp")
        {
            return SdpMessageRunner.Run(entry, oracle);
        }

        if (entry.Proto != "sip")
        {
            return entry.Proto == "msrp" ? await MsrpMessageRunner.RunAsync(entry, oracle) : TortureResult.Skipped(entry.File, $"no runner for {entry.Proto}");
        }

        if (entry.Role is "proxy" or "sender")
        {
            return TortureResult.Skipped(entry.File, $"no fixture for the role {entry.Role}");
        }

        var message = entry.Read();
        var words = new List<string>();
        var failed = false;
        var broken = false;
        var skipped = true;

        foreach (var transport in TransportsOf(entry, message))
        {
            // Up to here it is the index that has spoken; where it says nothing for a transport, nothing is asked.
            var alternatives = entry.Action.For(transport, entry.Role);
            if (alternatives.Count == 0)
            {
                continue;
            }

            var running = Task.Run(() => RunAsync(entry, message, transport));
            if (await Task.WhenAny(running, Task.Delay(Hang, TimeProvider.System)) != running)
            {
                return new TortureResult(entry.File, TortureVerdict.Failed, $"{transport}: it hangs", IsBroken: true);
            }

            var (seen, what) = await running;
            var met = Judge.FirstMet(alternatives, seen, out var unknown);
            if (met is null && unknown is not null && seen.Faults.Count == 0)
            {
                words.Add($"{transport}: no meaning is known for {unknown}");
                continue;
            }

            skipped = false;
            broken |= seen.Faults.Count > 0;
            failed |= met is null || broken;
            words.Add($"{transport}: {(met is null ? $"wanted {entry.Action}, got " : $"{met}; ")}{seen}{what}");
        }

        if (RoundTrip.Check(entry, message, oracle) is { } different)
        {
            failed = true;
            words.Add(different);
        }

        var verdict = failed ? TortureVerdict.Failed : skipped ? TortureVerdict.Skipped : TortureVerdict.Passed;
        return new TortureResult(entry.File, verdict, string.Join("; ", words), broken);
    }

    private static IEnumerable<string> TransportsOf(TortureEntry entry, byte[] message)
    {
        var named = entry.Transport == "any" ? "udp" : entry.Transport;
        var also = entry.Action.Transports;

        // Where any transport will do, a message that a stream can carry goes over one too.
        if (entry.Transport == "any" && !also.Any() && (entry.Verdict == "seed" || IsFramed(message)))
        {
            also = ["tcp"];
        }

        return also.Prepend(named).Distinct();
    }

    private static bool IsFramed(byte[] message) =>
        new StreamFramer(1 << 16, 1 << 24).Next(message) is { Status: FramingStatus.Done } frame && frame.Consumed == message.Length;

    private static async Task<(Observation Seen, string What)> RunAsync(TortureEntry entry, byte[] message, string transport)
    {
        if (transport == "tls")
        {
            return (await RunWithinBoundsAsync(entry, message.Length, () => RunTlsAsync(entry, message)), "");
        }

        if (transport == "udp")
        {
            return (await RunWithinBoundsAsync(entry, message.Length, () => RunDatagramAsync(entry, message)), "");
        }

        var whole = await RunWithinBoundsAsync(entry, message.Length, () => RunStreamAsync(entry, message, [message.Length]));
        var single = await RunStreamAsync(entry, message, [.. Enumerable.Range(1, message.Length)]);
        var faults = whole.Faults.ToList();
        if (Differ(whole, single) is { } difference)
        {
            faults.Add($"octet by octet: {difference}");
        }

        if (entry.Transport == "any")
        {
            return (whole with { Faults = faults }, ", the same octet by octet");
        }

        for (var cut = 1; cut < message.Length; cut++)
        {
            if (Differ(whole, await RunStreamAsync(entry, message, [cut, message.Length])) is { } other)
            {
                faults.Add($"cut at {cut}: {other}");
                break;
            }
        }

        return (whole with { Faults = faults }, faults.Count == 0 ? $", the same at all {message.Length - 1} cuts" : "");
    }

    private static string? Differ(Observation whole, Observation cut) =>
        cut.Faults.Count > 0 ? string.Join(", ", cut.Faults)
        : whole.ToString() != cut.ToString() ? $"{cut} instead of {whole}"
        : null;

    private static async Task<Observation> RunWithinBoundsAsync(TortureEntry entry, int length, Func<Task<Observation>> run)
    {
        var most = (16L * length) + (1 << 20);
        var before = GC.GetTotalAllocatedBytes();
        var start = TimeProvider.System.GetTimestamp();
        var seen = await run();
        var time = TimeProvider.System.GetElapsedTime(start);
        var allocated = GC.GetTotalAllocatedBytes() - before;
        var faults = seen.Faults.ToList();

        // The first may have paid for compiling, and what is allocated is not what is kept.
        if (time > Limit || allocated > most)
        {
            before = GC.GetTotalMemory(forceFullCollection: true);
            start = TimeProvider.System.GetTimestamp();
            seen = await run();
            time = TimeProvider.System.GetElapsedTime(start);
            var growth = GC.GetTotalMemory(forceFullCollection: true) - before;
            if (time > Limit)
            {
                faults.Add($"{time.TotalSeconds:F1} s");
            }

            if (growth > most)
            {
                faults.Add($"{growth} octets more for {entry.File}");
            }
        }

        return seen with { Faults = faults };
    }

    private static async Task<Observation> RunDatagramAsync(TortureEntry entry, byte[] message)
    {
        await using var sut = await StartAsync(entry, message);
        var timers = sut.Clock.ActiveTimers;
        var (octets, answering) = await PrepareAsync(sut, entry, message, connection: null);
        var already = sut.Datagram.Count;

        sut.Datagrams.Receive(Peer, octets);
        await Quiet.AwaitAsync();
        if (answering is not null && sut.Count().Clients == 0)
        {
            await WaitForAsync(() => answering.IsCompleted);
        }

        var sent = sut.Datagram.Skip(already).ToList();
        var seen = Observe(sut, octets, sent.Select(datagram => datagram.Octets), answering);
        var faults = seen.Faults.ToList();
        if (octets.AsSpan().IndexOf("maddr"u8) < 0)
        {
            faults.AddRange(sent.Where(datagram => !datagram.To.Address.Address.Equals(Peer.Address))
                .Select(datagram => $"an answer went to {datagram.To} and not to where the request came from"));
        }

        await EndAsync(sut, timers, answering, faults);
        return seen with { Faults = faults };
    }

    // A listener on loopback and a handshake, in real octets; only what time brings is virtual.
    private static async Task<Observation> RunTlsAsync(TortureEntry entry, byte[] message)
    {
        await using var sut = await Sut.StartTlsAgentAsync(UserOf(message));
        var timers = sut.Clock.ActiveTimers;
        using var client = new TcpClient();
        await client.ConnectAsync(sut.Stack!.Local[0].Address);
        await using var tls = new SslStream(client.GetStream());
#pragma warning disable CA5359 // Whom the far end is, is not the question here.
        await tls.AuthenticateAsClientAsync(new SslClientAuthenticationOptions { TargetHost = "sut.example.com", RemoteCertificateValidationCallback = (_, _, _, _) => true });
#pragma warning restore CA5359
        await tls.WriteAsync(message);
        await tls.ShutdownAsync();

        using var received = new MemoryStream();
        await tls.CopyToAsync(received);
        var seen = Observe(sut, message, SutConnection.Frame(received.ToArray()), answering: null);
        var faults = seen.Faults.ToList();
        await WaitForAsync(() => sut.Clock.ActiveTimers <= timers);
        await EndAsync(sut, timers, answering: null, faults);
        return seen with { Faults = faults };
    }

    private static async Task<Observation> RunStreamAsync(TortureEntry entry, byte[] message, int[] ends)
    {
        await using var sut = await StartAsync(entry, message);
        var timers = sut.Clock.ActiveTimers;
        var connection = sut.Streams.Accept(Peer.Address);
        await connection.Stream.WhenIdle();
        var (octets, answering) = await PrepareAsync(sut, entry, message, connection);
        var already = connection.Messages().Count;

        // What was put into the message moves the positions behind it; the last one is its end.
        var from = 0;
        foreach (var end in ends)
        {
            var to = end == message.Length ? octets.Length : end;
            connection.Stream.Give(octets.AsMemory(from..to));
            from = to;
            await connection.Stream.WhenIdle();
        }

        await Quiet.AwaitAsync();
        if (answering is not null && sut.Count().Clients == 0)
        {
            await WaitForAsync(() => answering.IsCompleted);
        }

        var closed = connection.Stream.IsDisposed || !connection.Flow.IsOpen;
        var closedLater = false;
        if (!closed && entry.Action.Names("wait-then-close"))
        {
            sut.Clock.Advance(TimeSpan.FromMinutes(5));
            await Quiet.AwaitAsync();
            closedLater = !connection.Flow.IsOpen;
        }

        // What is answered is answered by now; the end of the connection fails what is not.
        var answered = answering is { IsCompleted: true } ? answering : null;
        connection.Stream.End();
        await connection.Flow.Completion;

        var seen = Observe(sut, octets, connection.Messages().Skip(already), answered) with { Closed = closed, ClosedLater = closedLater };
        var faults = seen.Faults.ToList();
        await EndAsync(sut, timers, answering, faults);
        return seen with { Faults = faults };
    }

    // Anybody may register, except where the index wants to see a challenge.
    private static async Task<Sut> StartAsync(TortureEntry entry, byte[] message) =>
        entry.Role == "registrar" ? await Sut.StartRegistrarAsync(entry.Action.Text.Contains("401", StringComparison.Ordinal) ? ScenarioFixture.Users : null) : await Sut.StartAgentAsync(UserOf(message));

    // The examples are addressed to all sorts of users. The system under test is whoever is called, except in its own domain.
    private static string UserOf(byte[] message)
    {
        var index = new MessageIndex();
        SipParser.Parse(message, new SipLimits(), index);
        return index.IsRequest && SipUri.TryParse(new SipText(message.AsMemory(index.UriStart, index.UriLength)), out var uri) && uri.IsSip
            && !uri.User.IsEmpty && !uri.Host.EqualsIgnoreCase("sut.example.com"u8)
                ? Encoding.ASCII.GetString(uri.User.Span)
                : "sut";
    }

    /// <summary>The octets as they are sent, and the outstanding request that they answer where they are a response.</summary>
    private static async Task<(byte[] Octets, Task<SipTransactionResult>? Answering)> PrepareAsync(Sut sut, TortureEntry entry, byte[] message, SutConnection? connection)
    {
        var index = new MessageIndex();
        var error = SipParser.Parse(message, new SipLimits(), index);

        // An RFC may print only the lines that it speaks of; what every message needs is put in, so that it can go all the way.
        if (entry.Verdict == "valid" && entry.Action.Names("accept"))
        {
            message = Example.Complete(message, index, connection is null ? "UDP" : "TCP");
            error = SipParser.Parse(message, new SipLimits(), index);
        }

        if (index.IsRequest || sut.Stack is null)
        {
            return (message, null);
        }

        var (method, branch) = Answered(message, index);

        using var builder = new SipRequestBuilder(method, SipUri.Parse("sip:peer.example.com"));
        builder.Add(SipHeaderNames.MaxForwards, "70");
        builder.Add(SipHeaderNames.From, "<sip:sut@sut.example.com>;tag=sut1");
        builder.Add(SipHeaderNames.To, "<sip:peer.example.com>");
        builder.Add(SipHeaderNames.CallId, "sutcall1@sut.example.com");
        builder.Add(SipHeaderNames.CSeq, $"1 {method}");

        // An example with several Vias answers a request that was forwarded; only where the index wants it dropped is it for an endpoint.
        if (error == SipParseError.None && !entry.Action.Names("drop"))
        {
            foreach (var lower in SipResponse.Copy(message, index).Values(SipHeaderNames.Via).Skip(1))
            {
                builder.Add(SipHeaderNames.Via, lower.Unfold());
            }
        }

        var flow = connection?.Flow ?? await sut.Datagrams.ConnectAsync(new SipEndPoint(SipProtocol.Udp, Peer), CancellationToken.None);
        var answering = method == SipMethod.Invite
            ? sut.Stack.Layer.Clients.SendInviteAsync(builder.Build(), flow, Sut.Udp.Address.ToString(), _ => { }, sut.Ending).AsTask()
            : sut.Stack.SendAsync(builder.Build(), flow, CancellationToken.None).AsTask();
        if (connection is not null)
        {
            await WaitForAsync(() => connection.Messages().Count > 0);
        }

        // A stack knows only the branches that it has made itself, so the example gets the one that was sent.
        var sent = SipRequest.Parse(connection is null ? sut.Datagram[^1].Octets : connection.Messages()[^1]);
        return (branch.Equals(default)
            ? Example.With(message, Place(message, index), Encoding.ASCII.GetBytes(sent.TopVia.ToString()))
            : Example.With(message, branch, sent.TopVia.Branch.Span), answering);
    }

    /// <summary>The method of the request that a response answers, and where the branch stands in its first Via.</summary>
    private static (SipMethod Method, Range Branch) Answered(byte[] message, MessageIndex index)
    {
        ViaReader.TryRead(index.Value(message, HeaderId.Via), out var via);
        var method = CSeq.TrySplit(index.Value(message, HeaderId.CSeq), out _, out var name) ? SipMethod.From(name)
            : via.Branch.SequenceEqual("z9hG4bKsut2"u8) ? SipMethod.Invite
            : SipMethod.Options;

        return !via.Branch.IsEmpty && message.AsSpan().Overlaps(via.Branch, out var offset) ? (method, offset..(offset + via.Branch.Length)) : (method, default);
    }

    // An old one has no branch; then it gets the whole Via that was sent.
    private static Range Place(byte[] message, MessageIndex index) =>
        ViaReader.TryRead(index.Value(message, HeaderId.Via), out var via) && message.AsSpan().Overlaps(via.Value, out var offset)
            ? offset..(offset + via.Value.Length)
            : default;

    private static Observation Observe(Sut sut, byte[] octets, IEnumerable<byte[]> sent, Task<SipTransactionResult>? answering)
    {
        var index = new MessageIndex();
        var error = SipParser.Parse(octets, new SipLimits(), index);
        var faults = new List<string>();
        var statuses = new List<int>();

        foreach (var message in sent)
        {
            var answer = new MessageIndex();
            if (SipParser.Parse(message, new SipLimits(), answer) is not SipParseError.None and var fault)
            {
                faults.Add($"what went out is malformed: {fault}");
            }
            else if (!answer.IsRequest)
            {
                statuses.Add(answer.Status);
            }
        }

        return new Observation
        {
            IsRequest = index.IsRequest,
            IsOfFixture = Methods.Contains(Encoding.ASCII.GetString(octets, index.MethodStart, index.MethodLength)),
            IsAck = octets.AsSpan(index.MethodStart, index.MethodLength).SequenceEqual("ACK"u8),
            Unroutable = index.IsRequest && !ViaReader.TryRead(index.Value(octets, HeaderId.Via), out _),
            ParseError = error,
            Statuses = statuses,
            Malformed = sut.Log.SawMalformed,
            Stray = sut.Log.SawStray,
            Answer = answering is { IsCompletedSuccessfully: true } ? answering.Result : null,
            Delivered = sut.Delivered.Count,
            Faults = faults,
        };
    }

    // Nothing may have been thrown, and in due time nothing may be left.
    private static async Task EndAsync(Sut sut, int timers, Task<SipTransactionResult>? answering, List<string> faults)
    {
        await sut.GiveUpAsync();
        sut.Clock.Advance(LongAfter);
        await Quiet.AwaitAsync();

        if (sut.Count() != default)
        {
            faults.Add($"left behind: {sut.Count()}");
        }

        if (sut.Clock.ActiveTimers > timers)
        {
            faults.Add($"{sut.Clock.ActiveTimers - timers} timers left behind");
        }

        await WaitForAsync(() => answering?.IsCompleted != false);
        if (answering is { IsCompleted: false })
        {
            faults.Add("the request that was to be answered never ended");
        }

        if (sut.Streams.OpenCount > 0)
        {
            faults.Add("a connection left open");
        }

        faults.AddRange(sut.Log.Faults);
    }

    private static async Task WaitForAsync(Func<bool> condition)
    {
        for (var turn = 0; turn < 1000 && !condition(); turn++)
        {
            await Quiet.AwaitAsync();
        }
    }
}
