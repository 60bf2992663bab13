using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using SipPush.Msrp;
using SipPush.Msrp.Framing;
using SipPush.Tests.Msrp.Framing;

namespace SipPush.Tests.Torture;

/// <summary>
/// Runs one MSRP file: the frame reader gets it whole, cut at every position and octet by octet, and what it reads is compared with the oracle; then
/// the endpoint of the fixture gets it, on a connection that is bound, and what goes out is judged by <see cref="MsrpJudge"/>.
/// </summary>
internal static class MsrpMessageRunner
{
    // The endpoint is fed at so many cuts, the frame reader at so many; larger files are cut at even distances.
    private const int EndpointCuts = 24;
    private const int ReaderCuts = 2048;

    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan Hang = TimeSpan.FromSeconds(30);

    // By then every timer has run out.
    private static readonly TimeSpan LongAfter = TimeSpan.FromMinutes(6);

    public static async Task<TortureResult> RunAsync(TortureEntry entry, IReadOnlyDictionary<string, JsonElement> oracle)
    {
        var message = entry.Read();
        var words = new List<string>();
        var faults = new List<string>();
        var trace = FrameTrace.Of(message);
        faults.AddRange(ReadCut(message, trace));
        if (oracle.TryGetValue(entry.File, out var known) && known.TryGetProperty("msrp", out var view) && Compare(trace, view) is { } difference)
        {
            words.Add($"! {difference}");
        }

        var running = Task.Run(() => RunEndpointAsync(entry, message));
        if (await Task.WhenAny(running, Task.Delay(Hang, TimeProvider.System)) != running)
        {
            return new TortureResult(entry.File, TortureVerdict.Failed, "it hangs", IsBroken: true);
        }

        if (running.Exception?.InnerException is ScenarioEnd ended)
        {
            return new TortureResult(entry.File, TortureVerdict.Failed, ended.Message, IsBroken: true);
        }

        var (seen, what) = await running;
        faults.AddRange(seen.Faults);
        var alternatives = entry.Action.For("tcp", entry.Role);
        var met = MsrpJudge.FirstMet(alternatives, trace, seen, out var unknown);
        words.Insert(0, $"{(met is null ? $"wanted {entry.Action}, got " : $"{met}; ")}{seen}{what}");
        words.AddRange(faults.Except(seen.Faults));
        if (met is null && unknown is not null && faults.Count == 0)
        {
            return TortureResult.Skipped(entry.File, $"no meaning is known for {unknown}");
        }

        var isFailed = met is null || faults.Count > 0 || words.Exists(word => word.StartsWith('!'));
        return new TortureResult(entry.File, isFailed ? TortureVerdict.Failed : TortureVerdict.Passed, string.Join("; ", words), faults.Count > 0);
    }

    private static IEnumerable<string> ReadCut(byte[] message, FrameTrace whole)
    {
        var seen = whole.ToString();
        if (FrameTrace.ByteByByte(message).ToString() != seen)
        {
            yield return "octet by octet the frame reader sees something else";
        }

        for (var cut = 1; cut < message.Length; cut += Math.Max(1, message.Length / ReaderCuts))
        {
            if (FrameTrace.Of(message, cut).ToString() != seen)
            {
                yield return $"cut at {cut} the frame reader sees something else";
                yield break;
            }
        }
    }

    private static string? Compare(FrameTrace trace, JsonElement view)
    {
        // A frame that has not come to its end is none to the oracle.
        var seen = trace.Frames.Where(frame => frame.IsOver).Select(Describe).ToList();
        var wanted = view.GetProperty("messages").EnumerateArray().Select(Describe).ToList();
        return seen.SequenceEqual(wanted) ? null : $"the oracle saw {string.Join(" | ", wanted)}, here is {string.Join(" | ", seen)}";
    }

    private static string Describe(ReadFrame frame)
    {
        var body = frame.HasBody ? $"{frame.Octets.Length} {Convert.ToHexStringLower(SHA256.HashData(frame.Octets))}" : "none";
        var kind = frame.IsResponse ? $"{frame.StatusCode}" : frame.Method == MsrpMethod.Other ? "other" : frame.Method.ToString().ToUpperInvariant();
        return $"{frame.TransactionId} {kind} {frame.Headers.Length} {body} {(char)frame.Flag}";
    }

    private static string Describe(JsonElement message)
    {
        string Text(string name) => message.TryGetProperty(name, out var value) ? value.ToString() : "";

        var body = Text("body").Length == 0 ? "none" : $"{Text("body")} {Text("body_sha256")}";
        var kind = Text("kind") is var named && (named is "SEND" or "REPORT" or "AUTH" || (named.Length == 3 && named.All(char.IsAsciiDigit))) ? named : "other";
        return $"{Text("tid")} {kind} {Text("headers")} {body} {Text("flag")}";
    }

    private static async Task<(MsrpObservation Seen, string What)> RunEndpointAsync(TortureEntry entry, byte[] message)
    {
        var whole = await RunWithinBoundsAsync(entry, message);
        var faults = whole.Faults.ToList();
        var single = await RunOnceAsync(entry, message, [.. Enumerable.Range(1, Math.Min(message.Length, ReaderCuts))]);
        if (Differ(whole, single) is { } difference)
        {
            faults.Add($"octet by octet: {difference}");
        }

        for (var cut = 1; cut < message.Length && faults.Count == 0; cut += Math.Max(1, message.Length / EndpointCuts))
        {
            if (Differ(whole, await RunOnceAsync(entry, message, [cut])) is { } other)
            {
                faults.Add($"cut at {cut}: {other}");
            }
        }

        return (whole with { Faults = faults }, faults.Count == 0 ? ", the same however it is cut" : "");
    }

    private static string? Differ(MsrpObservation whole, MsrpObservation cut) =>
        cut.Faults.Count > 0 ? string.Join(", ", cut.Faults)
        : whole.ToString() != cut.ToString() ? $"{cut} instead of {whole}"
        : null;

    private static async Task<MsrpObservation> RunWithinBoundsAsync(TortureEntry entry, byte[] message)
    {
        var most = (16L * message.Length) + (1 << 20);
        var before = GC.GetTotalAllocatedBytes();
        var start = TimeProvider.System.GetTimestamp();
        var seen = await RunOnceAsync(entry, message, []);
        var time = TimeProvider.System.GetElapsedTime(start);
        var allocated = GC.GetTotalAllocatedBytes() - before;
        if (time <= Limit && allocated <= most)
        {
            return seen;
        }

        // The first may have paid for compiling, and what is allocated is not what is kept.
        var faults = seen.Faults.ToList();
        before = GC.GetTotalMemory(forceFullCollection: true);
        start = TimeProvider.System.GetTimestamp();
        seen = await RunOnceAsync(entry, message, []);
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

        return seen with { Faults = faults };
    }

    private static async Task<MsrpObservation> RunOnceAsync(TortureEntry entry, byte[] message, int[] cuts)
    {
        // The ids of the outstanding transaction and message mean the fixture's own.
        var text = Encoding.Latin1.GetString(message);
        var hasOutstanding = entry.Role == "sender" || text.Contains("tid00001", StringComparison.Ordinal) || text.Contains("sutmid1", StringComparison.Ordinal);
        await using var fixture = await MsrpScenarioFixture.StartAsync("msrp-bound", []);
        MsrpOutgoing? outgoing = null;
        if (hasOutstanding)
        {
            outgoing = fixture.Send(fixture.Sut.Sessions[0], "sutmid1", 5, offset => (byte)"hello"[(int)offset], sent => sent with { SuccessReport = true });
            await fixture.SettleAsync();
            message = Encoding.Latin1.GetBytes(fixture.Fill(text));
        }

        var peer = fixture.Peer("A");
        var link = peer.Link!;
        var already = peer.Statuses.Count;
        peer.HasSent(text);
        var from = 0;
        foreach (var end in cuts.Append(message.Length))
        {
            await fixture.SendAsync(peer, message[from..end]);
            from = end;
        }

        var isClosed = !link.IsOpen;
        var statuses = peer.Statuses.Skip(already).ToList();
        var isClosedLater = false;
        if (!isClosed && entry.Action.Names("wait-then-close"))
        {
            isClosedLater = await fixture.WaitAsync(() => !link.IsOpen, LongAfter);
        }

        if (entry.Action.Names("give-up") || entry.Action.Names("fail-transaction"))
        {
            await fixture.WaitAsync(() => outgoing?.IsFailed != false, LongAfter);
        }

        var isAlive = true;
        if (entry.Action.Names("isolated"))
        {
            var other = fixture.Peer("other");
            var request = new MsrpRequest { To = MsrpSut.L2, From = MsrpSut.P2, Tid = "isolated0", MessageId = "isolated0", ByteRange = "1-0/0", Body = null }.ToString();
            other.HasSent(request);
            await fixture.SendAsync(other, Encoding.Latin1.GetBytes(request));
            isAlive = other.Statuses is [200];
        }

        var seen = new MsrpObservation
        {
            Statuses = statuses,
            Reports = peer.Frames.Count(frame => frame.Kind == "REPORT"),
            Delivered = fixture.Sut.Sessions.Sum(session => session.Delivered),
            Closed = isClosed,
            ClosedLater = isClosedLater,
            HasFailed = outgoing?.IsFailed == true,
            IsAlive = isAlive,
        };
        return seen with { Faults = await fixture.EndAsync() };
    }
}
