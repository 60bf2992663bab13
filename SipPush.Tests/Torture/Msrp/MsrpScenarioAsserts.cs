using System.Diagnostics;
using System.Text;
using System.Text.Json.Nodes;
using SipPush.Msrp;

namespace SipPush.Tests.Torture;

/// <summary>The assert steps of an MSRP scenario.</summary>
internal sealed class MsrpScenarioAsserts(MsrpScenarioFixture fixture, MsrpScenarioRun run)
{
    private static readonly string[][] FileStates =
    [
        ["complete", "completed", "whole", "done", "present", "received", "ok", "stored"],
        ["failed", "aborted", "error", "incomplete", "discarded", "absent", "none", "missing", "removed", "deleted", "gone", "rejected"],
        ["none", "absent", "missing"],
        ["receiving", "partial", "incomplete", "in-progress", "pending", "temporary"],
    ];

    private IEnumerable<MsrpDelivery> Delivered => fixture.Sut.Sessions.SelectMany(session => session.Deliveries).Where(delivery => delivery.Ended is not null).OrderBy(delivery => delivery.Ended);

    public async Task CheckAsync(Step step)
    {
        var what = step.Text("what") ?? throw new ScenarioSkip("no what");
        var colon = what.IndexOf(':', StringComparison.Ordinal);
        var value = await MeasureAsync(colon < 0 ? what : what[..colon], colon < 0 ? null : what[(colon + 1)..]);
        var bodies = Delivered.Where(delivery => !what.StartsWith("messages:", StringComparison.Ordinal) || delivery.Session == fixture.Sut.Session(what[(colon + 1)..]).Name)
            .Select(delivery => delivery.Body is { } body ? Encoding.Latin1.GetString(body) : "").ToList();
        var checks = 0;

        Compare("eq", wanted => IsIt(value, wanted));
        Compare("n", wanted => IsIt(value, wanted));
        Compare("le", wanted => ScenarioAsserts.Number(value) <= ScenarioAsserts.Number(wanted));
        Compare("ge", wanted => ScenarioAsserts.Number(value) >= ScenarioAsserts.Number(wanted));
        Compare("one_of", wanted => ScenarioAsserts.Items(value).All(item => wanted.AsArray().Any(one => IsIt(item, one!))));
        Compare("subset", wanted => what.StartsWith("app-", StringComparison.Ordinal)
            ? bodies.TrueForAll(body => wanted is not JsonArray list || list.Any(item => (string?)item == body))
            : ScenarioAsserts.Items(value).All(item => wanted.AsArray().Any(one => IsIt(item, one!))));
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
                var seen = field is "body" or "bodies" or "subset" ? $"has {bodies.Count} bodies, the first '{bodies.FirstOrDefault()}', and" : $"is {Describe(value)} and";
                throw new ScenarioFailure($"{what} {seen} not {field} {wanted.ToJsonString()}");
            }
        }
    }

    private async Task<object> MeasureAsync(string what, string? of) => what switch
    {
        "app-messages" or "app-deliveries" => of is null ? fixture.Sut.Sessions.Sum(session => session.Delivered) : fixture.Sut.Session(of).Delivered,
        "messages" => fixture.Sut.Session(of).Delivered,
        "app-message-type" => Delivered.LastOrDefault()?.ContentType ?? "",
        "double-deliveries" => Delivered.Count() - Delivered.DistinctBy(delivery => (delivery.Session, delivery.MessageId)).Count(),
        "delivered" => Sent(of) is { } sent ? sent.IsDelivered : Came(of)?.Ended is not null,
        "failed" => Sent(of) is { } sent ? sent.IsFailed : Came(of)?.Failure is not null,
        "aborted" => Sent(of) is { } sent ? IsAborted(sent) : Came(of)?.Failure is not null,
        "delivered-within-ms" => TimeOf(of),
        "transactions" => fixture.Sut.Sessions.Sum(session => session.Session.Outgoing.Unanswered),
        "timers" => Math.Max(0, fixture.Sut.Clock.ActiveTimers - Idle()),
        "partial-messages" => fixture.Sut.Endpoint.Counts.PartialMessages,
        "sockets" => fixture.Sut.Endpoint.Counts.Connections,
        "requests" => fixture.Peers.Sum(peer => peer.Requests),
        "success-reports" => fixture.Peers.Sum(peer => peer.SuccessReports),
        "session-failed" => IsFailed(fixture.Sut.Session(of)),
        "temp-files" => Files(isTemporary: true).Count,
        "file-state" => StateOfFile(),
        "memory-growth-bytes" => fixture.MemoryGrowth,
        "log-bytes" => fixture.Sut.Log.Length,
        "cpu-ms" => (Process.GetCurrentProcess().TotalProcessorTime - fixture.ProcessorAtStart).TotalMilliseconds,
        "bytes-sent" => OctetsOut,
        "bytes-after-413" => fixture.Peers.Sum(peer => peer is { OctetsAtRefusal: { } before, Link: { } link } ? link.OctetsOut - before : 0),
        "bytes-out-over-bytes-in" => OctetsIn == 0 ? 0 : (double)OctetsOut / OctetsIn,
        "new-client-served-ms" => await ServeNewClientAsync() is { } time ? time.TotalMilliseconds : throw new ScenarioFailure("a new client is not answered"),
        "connection-reused" => IsReused,
        "completed-or-timed-out" => fixture.Outgoing.Values.All(sent => sent.Sending.IsCompleted) && run.Calls.All(call => call.IsCompleted),
        "throws" => Thrown?.GetType().Name ?? (object)false,
        "tid-not-in-body" => fixture.Peers.SelectMany(peer => peer.Links).All(link => !link.Frames.HasIdInBody),
        "unobserved-exceptions" => await CountUnobservedAsync(),
        "listener-alive" => await ServeNewClientAsync() is not null,
        "process-alive" => true,

        // Too much is refused with 413, or its connection is closed, or it is not read.
        "throttled" => fixture.Peers.Any(peer => peer.Statuses.Contains(413) || peer.Link is { IsOpen: false } or { HasRoom: false }),
        "response-codes" => fixture.Peers.Where(peer => of is null || peer.Name == of).SelectMany(peer => peer.Statuses).Cast<object>().ToList(),
        _ => throw new ScenarioSkip($"assert {what} means nothing for MSRP"),
    };

    private long OctetsOut => fixture.Peers.SelectMany(peer => peer.Links).Sum(link => link.OctetsOut);

    private long OctetsIn => fixture.Peers.SelectMany(peer => peer.Links).Sum(link => link.OctetsIn);

    private Exception? Thrown =>
        fixture.Outgoing.Values.Select(sent => sent.Thrown).OfType<Exception>().FirstOrDefault()
        ?? run.Calls.Where(call => call.IsCompleted).Select(call => call.Result).OfType<Exception>().FirstOrDefault();

    // Both sessions on one connection, or several requests on the only one.
    private bool IsReused =>
        fixture.Sut.Sessions.Select(session => session.Session.Connection).OfType<object>().ToList() is [var first, .. var others] && others.Contains(first)
        || fixture.Peers.Sum(peer => peer.Requests) > fixture.Peers.Sum(peer => peer.Links.Count);

    // Each connection has one timer, which runs out by itself when nothing waits for it any more.
    private int Idle() => fixture.Sut.Endpoint.Counts.Connections;

    private MsrpOutgoing? Sent(string? label) => fixture.Outgoing.GetValueOrDefault(label ?? throw new ScenarioSkip("no Message-ID"));

    private MsrpDelivery? Came(string? messageId) => fixture.Sut.Sessions.SelectMany(session => session.Deliveries).LastOrDefault(delivery => delivery.MessageId == messageId);

    private bool IsAborted(MsrpOutgoing sent) =>
        sent.Thrown is OperationCanceledException || fixture.Peers.SelectMany(peer => peer.Frames).Any(frame => frame.Flag == '#' && frame.MessageId == sent.MessageId);

    private double TimeOf(string? id) =>
        Sent(id) is { } sent ? sent is { IsDelivered: true, Ended: { } end } ? (end - sent.Began).TotalMilliseconds : throw new ScenarioFailure($"{id} is not delivered")
        : Came(id) is { Ended: { } ended } came ? (ended - came.Began).TotalMilliseconds
        : throw new ScenarioFailure($"{id} is not delivered");

    private static bool IsFailed(MsrpSutSession session) =>
        session.Session.Completion is { IsCompletedSuccessfully: true, Result: not MsrpSessionEnd.Closed };

    private List<string> Files(bool isTemporary) => fixture.Sut.Folder is { } folder
        ? [.. Directory.EnumerateFiles(folder).Where(file => file.EndsWith(".part", StringComparison.Ordinal) == isTemporary)]
        : [];

    // The words that mean what is there.
    private string[] StateOfFile() =>
        fixture.Sut.Sessions.SelectMany(session => session.Deliveries).LastOrDefault() switch
        {
            null => FileStates[2],
            { Ended: not null, File: not null } => FileStates[0],
            { Failure: not null } => FileStates[1],
            _ => FileStates[3],
        };

    // Whoever is new is answered, if only that his session is not there.
    private async Task<TimeSpan?> ServeNewClientAsync()
    {
        var peer = fixture.Peer($"new{fixture.Peers.Count}");
        var start = TimeProvider.System.GetTimestamp();
        var request = new MsrpRequest { To = "msrp://sut.example.com:2855/N0SuchSession;tcp", Tid = "newclient", MessageId = "newclient", ByteRange = "1-0/0", Body = null }.ToString();
        peer.HasSent(request);
        await fixture.SendAsync(peer, MsrpScenarioFixture.Octets(request));
        var isServed = peer.Statuses.Count > 0;
        var time = TimeProvider.System.GetElapsedTime(start);
        peer.Disconnect();
        await fixture.SettleAsync();
        foreach (var response in peer.Frames)
        {
            response.IsRead = true;
        }

        return isServed ? time : null;
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

    private static bool IsIt(object value, JsonNode wanted) => value is string[] words ? words.Contains(wanted.ToString()) : ScenarioAsserts.Is(value, wanted);

    private static string Describe(object value) => value switch
    {
        string[] words => words[0],
        List<object> list => string.Join(' ', list.Take(20)),
        _ => Convert.ToString(value, System.Globalization.CultureInfo.InvariantCulture) ?? "",
    };
}
