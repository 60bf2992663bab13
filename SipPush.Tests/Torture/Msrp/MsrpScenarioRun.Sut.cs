using System.Globalization;
using System.Text.Json.Nodes;
using SipPush.Msrp;

namespace SipPush.Tests.Torture;

// What the system under test is made to do, and how its peers answer that.
internal sealed partial class MsrpScenarioRun
{
    private async Task RespondAsync(Step step)
    {
        var peer = fixture.Peer(step.Connection);
        var code = step.Number("code") ?? throw new ScenarioSkip("no code");
        var repeat = step.Number("repeat") ?? step.Number("times") ?? 1;
        var tid = step.Text("tid") is { } given ? Saved(given) : null;
        var mid = step.Text("mid");

        MsrpPeerFrame? request = null;
        if (!await fixture.WaitAsync(() => (request = ToAnswer()) is not null, MsrpScenarioFixture.TransactionTime))
        {
            throw new ScenarioFailure("there is no request to answer");
        }

        for (var repetition = 0; repetition < repeat; repetition++)
        {
            await fixture.AnswerAsync(peer, request!, code);
        }

        // The oldest one that waits, or else the last one once more.
        MsrpPeerFrame? ToAnswer()
        {
            var requests = peer.Frames.Where(frame => frame is { IsResponse: false, Kind: not "REPORT" } && (tid is null || frame.Tid == tid)
                && (mid is null || fixture.Outgoing.GetValueOrDefault(mid)?.MessageId == frame.MessageId)).ToList();
            return requests.Find(frame => !frame.IsAnswered) ?? requests.LastOrDefault();
        }
    }

    private async Task RespondAlwaysAsync(Step step)
    {
        fixture.Peer(step.Connection);
        var code = step.Number("code") ?? throw new ScenarioSkip("no code");
        var times = step.Number("times") ?? int.MaxValue;
        fixture.RespondAlways = _ => times-- > 0 ? code : 0;
        await fixture.SettleAsync();
    }

    private async Task SendResponseAsync(Step step)
    {
        var peer = fixture.Peer(step.Connection);
        var code = step.Number("code") ?? throw new ScenarioSkip("no code");
        var tid = Saved(step.Text("tid") ?? throw new ScenarioSkip("no tid"));
        var repeat = step.Number("repeat") ?? step.Number("times") ?? 1;
        if (peer.Frames.FirstOrDefault(frame => frame.Tid == tid) is { } request)
        {
            request.IsAnswered = true;
        }

        for (var repetition = 0; repetition < repeat; repetition++)
        {
            await fixture.SendAsync(peer, MsrpScenarioFixture.Octets(MsrpPeerMessages.Response(tid, code, MsrpSut.L, MsrpSut.P)));
        }
    }

    private string Saved(string name) => _saved.GetValueOrDefault(name.Trim('{', '}')) ?? Fill(name);

    private async Task SutSendsAsync(Step step)
    {
        var method = step.Text("method") ?? "SEND";
        var mid = step.Text("mid") ?? $"sutmid{fixture.Outgoing.Count + 1}";
        var session = fixture.Sut.Session(step.Text("session") ?? SessionOf(step.Text("to")));
        var failureReport = step.Text("failure_report");
        var successReport = step.Ask("success_report") is { } asked && asked.ToString() is "yes" or "true";
        var save = step.Text("save_tid");
        var type = step.Text("content_type") ?? step.Text("type") ?? "text/plain";
        var headers = step.List("header");
        if (method != "SEND")
        {
            throw new ScenarioSkip($"sut-sends {method}");
        }

        // What the text itself is to hold is the id that comes next.
        var next = fixture.Sut.Ids.Next;
        var text = step.Text("text")?.Replace("{tid}", next, StringComparison.Ordinal);
        var length = step.Ask("bytes") is { } bytes ? long.Parse(bytes.ToString(), NumberStyles.Float, CultureInfo.InvariantCulture)
            : step.Op == "sut-sends-large" ? 1_000_000
            : 5;
        var sent = text is not null ? Fill(text) : null;
        var outgoing = sent is not null
            ? fixture.Send(session, mid, sent.Length, offset => (byte)sent[(int)offset], Ask, type)
            : step.Ask("bytes") is null && step.Op != "sut-sends-large"
                ? fixture.Send(session, mid, 5, offset => (byte)"hello"[(int)offset], Ask, type)
                : fixture.Send(session, mid, length, MsrpGeneratedBody.At, Ask, type);
        await fixture.SettleAsync();
        if (save is not null)
        {
            _saved[save] = fixture.Peers.SelectMany(peer => peer.Frames).FirstOrDefault(frame => frame.MessageId == outgoing.MessageId)?.Tid ?? next;
        }

        OutgoingMsrpMessage Ask(OutgoingMsrpMessage message) => message with
        {
            SuccessReport = successReport,
            FailureReport = failureReport switch
            {
                null or "yes" => FailureReportMode.Yes,
                "partial" => FailureReportMode.Partial,
                "no" => FailureReportMode.No,
                _ => throw new ScenarioSkip($"failure_report {failureReport}"),
            },
            Headers = HeadersOf(headers),
        };
    }

    private static List<KeyValuePair<string, string>> HeadersOf(IReadOnlyList<string> lines) =>
        [.. lines.Select(line => line.IndexOf(':', StringComparison.Ordinal) is >= 0 and var colon ? KeyValuePair.Create(line[..colon], line[(colon + 1)..].TrimStart(' ')) : KeyValuePair.Create(line, ""))];

    private static string? SessionOf(string? to) => to is null || to.Contains("P33r", StringComparison.Ordinal) ? null : to;

    // The session description has announced a file of that size and with that digest.
    private Task OfferFileAsync(Step step)
    {
        step.Ask("text");
        var size = step.Ask("size") is { } given ? long.Parse(given.ToString(), NumberStyles.Float, CultureInfo.InvariantCulture) : (long?)null;
        var hashes = new List<MsrpFileHash>();
        foreach (var hash in step.List("hash"))
        {
            hashes.Add(MsrpFileHashes.Read(hash, size ?? 0));
        }

        fixture.Sut.Announced = (size, hashes);
        return Task.CompletedTask;
    }

    // What the application may do besides sending; what it gets for it is seen by the assert "throws".
    private async Task ApiAsync(Step step)
    {
        var call = (step.Text("call") ?? throw new ScenarioSkip("no call")).ToLowerInvariant();
        var session = fixture.Sut.Session(step.Text("session"));
        var mid = step.Text("mid");
        var text = step.Text("text") ?? "hello";
        var to = step.Text("to") ?? step.Text("uri") ?? step.Text("value") ?? "";
        var headers = step.List("header");
        var value = step.Text("value");
        var code = step.Number("code") ?? 200;
        var type = step.Text("content_type") ?? "text/plain";
        headers = value is null ? headers : [.. headers.Select(name => $"{name}: {value}")];

        _calls.Add(CallAsync());
        await fixture.SettleAsync();

        async Task<Exception?> CallAsync()
        {
            await Task.CompletedTask.ConfigureAwait(ConfigureAwaitOptions.ForceYielding);
#pragma warning disable CA1031 // A scenario may ask what was thrown.
            try
            {
                await DoAsync();
                return null;
            }
            catch (Exception thrown) when (thrown is not ScenarioEnd)
            {
                return thrown;
            }
#pragma warning restore CA1031
        }

        async Task DoAsync()
        {
            switch (call)
            {
                case "send":
                    var message = OutgoingMsrpMessage.FromMemory(type, MsrpScenarioFixture.Octets(text)) with { MessageId = mid, Headers = HeadersOf(headers) };
                    await session.Session.SendAsync(message);
                    break;
                case "close" or "end" or "close-session":
                    await session.Session.CloseAsync();
                    break;
                case "dispose" or "stop":
                    await fixture.Sut.Endpoint.DisposeAsync();
                    break;
                case "cancel" or "abort":
                    await (fixture.Outgoing.GetValueOrDefault(mid ?? fixture.Outgoing.Keys.Last())?.Cancelling.CancelAsync() ?? Task.CompletedTask);
                    break;
                case "refuse" or "reject":
                    session.Open(mid)?.Refuse();
                    break;
                case "report":
                    session.Open(mid)?.Report(code);
                    break;
                case "pause" or "stop-reading":
                    session.Pause(true);
                    break;
                case "resume" or "read":
                    session.Pause(false);
                    break;
                case "parse-uri":
                    MsrpUri.Parse(to);
                    break;
                case "parse-path":
                    MsrpPath.Parse(to);
                    break;
                default:
                    throw new ScenarioSkip($"call {call}");
            }
        }
    }

    private async Task FaultAsync(Step step)
    {
        var what = (step.Text("what") ?? "").ToLowerInvariant();
        var bytes = step.Ask("bytes") is { } given ? long.Parse(given.ToString(), NumberStyles.Float, CultureInfo.InvariantCulture) : 0;
        switch (what)
        {
            case "disk-full" or "disk-error" or "write-error" or "write-fails" or "no-space" or "quota" or "disk-quota" or "io-error":
                fixture.Sut.DiskFailsAt = bytes;
                break;
            case "disk-ok" or "disk-free":
                fixture.Sut.DiskFailsAt = long.MaxValue;
                break;
            case "file-exists" or "target-exists" or "name-taken" or "rename-fails" or "rename-error":
                fixture.Sut.IsNameTaken = true;
                break;
            case "read-error" or "read-fails" or "source-error" or "source-fails":
                fixture.Sut.SourceFailsAt = bytes;
                break;
            case "connection-reset" or "reset" or "connections-lost" or "connection-lost" or "network-down":
                foreach (var link in fixture.Peers.Where(peer => !step.NamesConnection || peer.Name == step.Connection).Select(peer => peer.Link).OfType<MsrpPeerLink>())
                {
                    link.Reset(new IOException("Connection reset by peer"));
                }

                break;
            case "handler-throws" or "app-throws" or "application-fails":
                fixture.Sut.IsApplicationBroken = true;
                break;
            case "handler-works" or "app-works":
                fixture.Sut.IsApplicationBroken = false;
                break;
            case "app-stops-reading" or "app-stalls" or "app-slow" or "slow-consumer" or "consumer-stops" or "reader-stops" or "slow-reader":
                foreach (var session in fixture.Sut.Sessions)
                {
                    session.Pause(true);
                }

                break;
            case "app-reads" or "app-resumes" or "consumer-resumes" or "reader-resumes":
                foreach (var session in fixture.Sut.Sessions)
                {
                    session.Pause(false);
                }

                break;
            default:
                throw new ScenarioSkip($"the fault {what}");
        }

        await fixture.SettleAsync();
    }
}
