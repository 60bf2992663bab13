using System.Diagnostics;
using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using SipPush.Sip;

namespace SipPush.Tests.Torture;

/// <summary>The assert steps of a scenario.</summary>
internal sealed class ScenarioAsserts(ScenarioFixture fixture, ScenarioRun run)
{
    public async Task CheckAsync(Step step)
    {
        var what = step.Text("what") ?? throw new ScenarioSkip("no what");
        var colon = what.IndexOf(':', StringComparison.Ordinal);
        var value = await MeasureAsync(colon < 0 ? what : what[..colon], colon < 0 ? null : what[(colon + 1)..]);
        var bodies = fixture.Sut.Delivered.Select(request => Encoding.Latin1.GetString(request.Body.Span)).ToList();
        var checks = 0;

        Compare("eq", wanted => Is(value, wanted));
        Compare("n", wanted => Is(value, wanted));
        Compare("le", wanted => Number(value) <= Number(wanted));
        Compare("ge", wanted => Number(value) >= Number(wanted));
        Compare("one_of", wanted => Items(value).All(item => wanted.AsArray().Any(one => Is(item, one!))));
        Compare("subset", wanted => what.StartsWith("app-", StringComparison.Ordinal)
            ? bodies.TrueForAll(body => wanted is not JsonArray list || list.Any(item => (string?)item == body))
            : Items(value).All(item => wanted.AsArray().Any(one => Is(item, one!))));
        Compare("body", wanted => bodies.Contains((string?)wanted ?? ""));
        Compare("bodies", wanted => bodies.SequenceEqual(wanted.AsArray().Select(item => (string?)item ?? "")));

        if (checks == 0)
        {
            throw new ScenarioSkip($"{what} without a comparison that is known here");
        }

        void Compare(string field, Func<JsonNode, bool> holds)
        {
            if (step.Ask(field) is not { } wanted)
            {
                return;
            }

            checks++;
            if (!holds(wanted))
            {
                throw new ScenarioFailure($"{what} is {Describe(value)} and not {field} {wanted.ToJsonString()}");
            }
        }
    }

    private async Task<object> MeasureAsync(string what, string? of) => what switch
    {
        "app-messages" => fixture.Sut.Delivered.Count(request => request.Method == SipMethod.Message),
        "app-deliveries" => fixture.Sut.Delivered.Count,
        "app-message-type" => fixture.Sut.Delivered is [.., var last] ? last[SipHeaderNames.ContentType].ToString() : "",
        "double-deliveries" => fixture.Sut.Delivered.Count - fixture.Sut.Delivered.DistinctBy(request => (request.CallId, request.CSeq)).Count(),
        "transactions" => Count(count => count.Clients + count.Servers + count.Completed),
        "timers" => Count(count => count.Timers),
        "dialogs" => Sessions(DialogState.Confirmed),
        "early-dialogs" => Sessions(DialogState.Early),
        "bindings" => await CountBindingsAsync(of),
        "sockets" => fixture.Sut.Streams.OpenCount + fixture.Sut.SecureStreams.OpenCount,
        "requests" => fixture.Peers.Sum(peer => peer.Requests.Count),
        "memory-growth-bytes" => fixture.MemoryGrowth,
        "log-bytes" => fixture.Sut.Log.Length,
        "cpu-ms" => (Process.GetCurrentProcess().TotalProcessorTime - fixture.ProcessorAtStart).TotalMilliseconds,
        "bytes-sent" => fixture.OctetsOut,
        "bytes-out-over-bytes-in" => fixture.OctetsIn == 0 ? 0 : (double)fixture.OctetsOut / fixture.OctetsIn,
        "new-client-served-ms" => await ServeNewClientAsync() is { } time ? time.TotalMilliseconds : throw new ScenarioFailure("a new client is not answered"),
        "packets-to" => fixture.Sut.Datagram.Count(datagram => of is null || fixture.IsAt(datagram.To, of))
            + fixture.Peers.SelectMany(peer => peer.Connections).Where(connection => of is null || fixture.IsAt(connection.Flow.Remote, of)).Sum(connection => connection.Messages().Count),
        "dns-lookups" => fixture.Lookups,
        "connection-reused" => fixture.Peers.Sum(peer => peer.Requests.Count(request => peer.ConnectionOf(request) is not null))
            > fixture.Sut.Streams.Made + fixture.Sut.SecureStreams.Made,
        "completed-or-timed-out" => run.Sends.All(send => send.IsCompleted),
        "throws" => run.Sends.FirstOrDefault(send => send.IsCompleted && send.Result is not null)?.Result?.GetType().Name ?? (object)false,
        "unobserved-exceptions" => await CountUnobservedAsync(),
        "listener-alive" => await ServeNewClientAsync() is not null,
        "process-alive" => true,
        "throttled" => fixture.Peers.SelectMany(peer => peer.Responses).Any(response => response.StatusCode == 503),
        "response-codes" => fixture.Peers.SelectMany(peer => peer.Responses).Where(response => response.IsFinal).Select(response => response.StatusCode).Cast<object>().ToList(),
        _ => throw new ScenarioSkip($"assert {what}"),
    };

    private int Count(Func<(int Clients, int Servers, int Completed, int Timers), int> pick) => pick(fixture.Sut.Count());

    // A registrar has no dialogs.
    private int Sessions(DialogState state) => fixture.Sut.Stack?.Sessions.All.Count(session => session.Dialog.State == state) ?? 0;

    // What the registrar itself answers to a query.
    private async Task<int> CountBindingsAsync(string? user)
    {
        if (fixture.Sut.Core is null)
        {
            throw new ScenarioSkip("bindings without a registrar");
        }

        var count = 0;
        foreach (var name in user is null ? ScenarioFixture.Users.Keys : [user.Split('@')[0].Replace("sip:", "", StringComparison.Ordinal)])
        {
            var peer = fixture.Peer($"query-{name}");
            var query = new JsonObject { ["op"] = "register", ["c"] = peer.Name, ["aor"] = name, ["auth"] = "good", ["contact"] = new JsonArray() };
            await run.QueryAsync(new Step(query));
            count += peer.Responses[^1].Addresses(SipHeaderNames.Contact).Count();
        }

        return count;
    }

    private async Task<TimeSpan?> ServeNewClientAsync()
    {
        var peer = fixture.Peer($"new{fixture.Peers.Count}");
        var start = TimeProvider.System.GetTimestamp();
        var uri = fixture.Name == "sip-registrar" ? $"sip:{ScenarioFixture.Domain}" : "sip:sut@sut.example.com";
        var call = new PeerMessages().Request("OPTIONS", uri, peer, fixture.Protocol, uri, "sip:new@peer.example.com", $"new{fixture.Peers.Count}@192.0.2.1", 1, null, []);
        await fixture.SendAsync(peer, ScenarioFixture.Octets(call));
        return peer.Responses.Any(response => response.IsFinal) ? TimeProvider.System.GetElapsedTime(start) : null;
    }

    private static async Task<int> CountUnobservedAsync()
    {
        var count = 0;
        void Note(object? sender, UnobservedTaskExceptionEventArgs unobserved) => Interlocked.Increment(ref count);

        TaskScheduler.UnobservedTaskException += Note;
        try
        {
            await Quiet.AwaitAsync();
            GC.Collect();
            GC.WaitForPendingFinalizers();
        }
        finally
        {
            TaskScheduler.UnobservedTaskException -= Note;
        }

        return count;
    }

    internal static bool Is(object value, JsonNode wanted) => wanted.GetValueKind() switch
    {
        JsonValueKind.True or JsonValueKind.False => value switch
        {
            bool truth => truth == wanted.GetValue<bool>(),
            string => wanted.GetValue<bool>(),
            _ => Number(value) != 0 == wanted.GetValue<bool>(),
        },
        JsonValueKind.Number => value is not string && Math.Abs(Number(value) - Number(wanted)) < 1e-9,
        JsonValueKind.Array => Items(value).Count == wanted.AsArray().Count && Items(value).Zip(wanted.AsArray()).All(pair => Is(pair.First, pair.Second!)),
        _ => string.Equals(Describe(value), wanted.ToString(), StringComparison.Ordinal),
    };

    internal static double Number(JsonNode wanted) => double.Parse(wanted.ToString(), NumberStyles.Float, CultureInfo.InvariantCulture);

    internal static List<object> Items(object value) => value as List<object> ?? [value];

    internal static double Number(object value) => value is List<object> list ? list.Count : Convert.ToDouble(value, CultureInfo.InvariantCulture);

    private static string Describe(object value) => value is List<object> list ? string.Join(' ', list) : Convert.ToString(value, CultureInfo.InvariantCulture) ?? "";
}
