using System.Globalization;
using System.Text.Json.Nodes;
using SipPush.Msrp;

namespace SipPush.Tests.Torture;

/// <summary>One run of an MSRP scenario. What only MSRP's steps need is here and in the parts beside it.</summary>
internal sealed partial class MsrpScenarioRun(MsrpScenarioFixture fixture)
{
    private static readonly TimeSpan Quiet = TimeSpan.FromMilliseconds(500);

    // By then every timer that closes a connection has run out.
    private static readonly TimeSpan LongAfter = TimeSpan.FromMinutes(6);

    private readonly Dictionary<string, string> _saved = [];
    private readonly List<Task<Exception?>> _calls = [];
    private int _generated;

    /// <summary>What each call of the API threw, or null.</summary>
    public IReadOnlyList<Task<Exception?>> Calls => _calls;

    /// <summary>Runs the steps on a fixture of their own.</summary>
    /// <exception cref="ScenarioFailure">A step failed, or something was wrong that no step speaks of.</exception>
    /// <exception cref="ScenarioSkip">A step can't be done.</exception>
    public static async Task RunOnceAsync(string name, IReadOnlyList<JsonObject> steps)
    {
        await using var fixture = await MsrpScenarioFixture.StartAsync(name, steps);
        var run = new MsrpScenarioRun(fixture);
        await ScenarioSteps.RunAsync(steps, (step, _) => run.RunAsync(step));
        if (await fixture.EndAsync() is [_, ..] faults)
        {
            throw new ScenarioFailure(string.Join(", ", faults));
        }
    }

    private Task RunAsync(Step step)
    {
        // What only looks or waits is no act.
        if (step.Op is not ("note" or "expect" or "expect-request" or "expect-endline" or "expect-close" or "expect-none" or "wait" or "advance-clock" or "assert"))
        {
            fixture.Acts++;
        }

        return step.Op switch
        {
            "note" => NoteAsync(step),
            "connect" => ConnectAsync(step),
            "close" => CloseAsync(step, isGone: true),
            "shutdown-send" => CloseAsync(step, isGone: false),
            "stop-reading" => StopReadingAsync(step),
            "connect-many" => ConnectManyAsync(step),
            "send" => SendAsync(step),
            "send-many" or "flood" => SendManyAsync(step),
            "send-stream" => SendStreamAsync(step),
            "parallel" => ParallelAsync(step),
            "expect" => ExpectAsync(step),
            "expect-request" => ExpectRequestAsync(step),
            "expect-endline" => ExpectEndLineAsync(step),
            "expect-close" => ExpectCloseAsync(step),
            "expect-none" => ExpectNoneAsync(step),
            "respond" => RespondAsync(step),
            "respond-always" => RespondAlwaysAsync(step),
            "send-response" => SendResponseAsync(step),
            "sut-sends" or "sut-sends-large" or "sut-sends-body" => SutSendsAsync(step),
            "offer-file" => OfferFileAsync(step),
            "api" => ApiAsync(step),
            "wait" or "advance-clock" => AdvanceAsync(step),
            "fault" => FaultAsync(step),
            "restart-sut" => fixture.RestartAsync(),
            "assert" => new MsrpScenarioAsserts(fixture, this).CheckAsync(step),
            _ => throw new ScenarioSkip("there is no such step for MSRP here"),
        };
    }

    private static Task NoteAsync(Step step)
    {
        step.Ask("text");
        return Task.CompletedTask;
    }

    private async Task ConnectAsync(Step step) => await fixture.ConnectAsync(fixture.Peer(step.Connection));

    private async Task CloseAsync(Step step, bool isGone)
    {
        var link = fixture.Peer(step.Connection).Link ?? throw new ScenarioSkip("there is no connection");
        link.End();
        await fixture.SettleAsync();
        if (isGone)
        {
            // What was written before is still taken; what is written now is not.
            link.Reset();
            await fixture.SettleAsync();
        }
    }

    private async Task StopReadingAsync(Step step)
    {
        var peer = fixture.Peer(step.Connection);
        (peer.Link ?? await fixture.ConnectAsync(peer)).StopReading(true);

        // The read that is under way ends with what comes next, which is then not looked at.
        await fixture.SettleAsync();
    }

    private async Task ConnectManyAsync(Step step)
    {
        var text = Fill(step.Text("send") ?? "");
        var closeAt = step.Number("close_at");
        var octets = MsrpScenarioFixture.Octets(text);
        for (var i = 0; i < (step.Number("n") ?? 1); i++)
        {
            var peer = fixture.Peer($"many{i}");
            peer.HasSent(text);
            peer.Connect(fixture.Sut.Endpoint);
            peer.Link!.Give(closeAt is { } at && at < octets.Length ? octets[..at] : octets);
            if (closeAt is not null)
            {
                peer.Link.End();
            }
        }

        await fixture.SettleAsync();
    }

    private async Task SendAsync(Step step)
    {
        var text = Fill(step.Text("text") ?? throw new ScenarioSkip("no text"));
        var peer = fixture.Peer(step.Connection);
        var repeat = step.Number("repeat") ?? 1;
        var varied = step.List("vary");
        var truncate = step.Number("truncate");
        var resetAfter = step.Number("reset_after");
        var cuts = step.Ask("split") is JsonArray or JsonValue ? step.List("split") : [];
        var pace = step.Number("pace");
        var closes = step.Flag("close_source");

        for (var repetition = 0; repetition < repeat; repetition++)
        {
            var own = repetition == 0 ? text : MsrpPeerMessages.Vary(text, varied, repetition);
            peer.HasSent(own);
            var octets = MsrpScenarioFixture.Octets(own);
            octets = truncate < octets.Length ? octets[..truncate.Value] : octets;
            octets = resetAfter < octets.Length ? octets[..resetAfter.Value] : octets;
            await SendPiecesAsync(peer, octets, cuts, pace);
        }

        if (resetAfter is not null)
        {
            peer.Link?.Reset(new IOException("Connection reset by peer"));
        }
        else if (closes)
        {
            peer.Link?.End();
        }

        await fixture.SettleAsync();
    }

    // The places to cut at, or one octet after the other where there is only a pace.
    private async Task SendPiecesAsync(MsrpPeer peer, byte[] octets, IReadOnlyList<string> cuts, int? pace)
    {
        var ends = cuts.Count > 0
            ? cuts.Select(cut => int.TryParse(cut, NumberStyles.None, CultureInfo.InvariantCulture, out var at) ? at : throw new ScenarioSkip($"split {cut}"))
            : pace is not null ? Enumerable.Range(1, octets.Length) : [];
        var from = 0;
        foreach (var end in ends.Where(end => end < octets.Length).Append(octets.Length))
        {
            await fixture.SendAsync(peer, octets[from..end]);
            from = end;
            if (pace is { } milliseconds && end < octets.Length)
            {
                await fixture.AdvanceAsync(TimeSpan.FromMilliseconds(milliseconds));
            }

            if (peer.Link?.IsOpen == false)
            {
                return;
            }
        }
    }

    // As many in one piece as a socket would take.
    private async Task SendManyAsync(Step step)
    {
        const int Piece = 32 * 1024;
        var n = step.Number("n") ?? 1;
        var template = MsrpTemplate.Read(step.Text("template") is { } words ? Fill(words) : null, step.Text("method"));
        var peer = fixture.Peer(step.Connection);
        var text = new System.Text.StringBuilder();

        for (var i = 0; i < n && peer.Link?.IsOpen != false; i++)
        {
            text.Append(template.Text(_generated++));
            if (text.Length >= Piece || i == n - 1)
            {
                peer.HasSent(text.ToString());
                await fixture.SendAsync(peer, MsrpScenarioFixture.Octets(text.ToString()));
                text.Clear();
            }
        }
    }

    private async Task SendStreamAsync(Step step)
    {
        const int Piece = 16 * 1024;
        var peer = fixture.Peer(step.Connection);
        var length = long.Parse((step.Ask("bytes") ?? throw new ScenarioSkip("no bytes")).ToString(), NumberStyles.Float, CultureInfo.InvariantCulture);
        var stopAt = step.Ask("stop_at") is { } stop ? long.Parse(stop.ToString(), NumberStyles.Float, CultureInfo.InvariantCulture) : long.MaxValue;
        var ignores = step.Flag("ignore_413");
        var request = StreamOf(length, step.List("headers"));
        peer.HasSent(request.Head());
        await fixture.SendAsync(peer, MsrpScenarioFixture.Octets(request.Head()));

        for (var sent = 0L; sent < length;)
        {
            if (sent >= stopAt || peer.Link?.IsOpen == false)
            {
                return;
            }

            if (!ignores && peer.Frames.Any(frame => frame.Tid == request.Tid && frame.Status >= 300))
            {
                await fixture.SendAsync(peer, MsrpScenarioFixture.Octets($"\r\n-------{request.Tid}#\r\n"));
                return;
            }

            var count = (int)Math.Min(Math.Min(Piece, length - sent), stopAt - sent);
            await fixture.SendAsync(peer, MsrpGeneratedBody.Octets(sent, count));
            if (peer.Link is { HasRoom: false } && sent + count < length && !await fixture.WaitAsync(() => peer.Link is not { HasRoom: false, IsOpen: true }, LongAfter))
            {
                // The system under test does not read: so this is how far it comes.
                return;
            }

            sent += count;
        }

        if (stopAt > length)
        {
            await fixture.SendAsync(peer, MsrpScenarioFixture.Octets($"\r\n-------{request.Tid}{request.Flag}\r\n"));
        }
    }

    // Headers that the step gives take the place of the usual ones.
    private MsrpRequest StreamOf(long length, IReadOnlyList<string> given)
    {
        var number = ++_generated;
        var request = new MsrpRequest
        {
            Tid = string.Create(CultureInfo.InvariantCulture, $"stream{number:D6}"),
            MessageId = string.Create(CultureInfo.InvariantCulture, $"stream{number}"),
            ByteRange = $"1-*/{length}",
        };
        foreach (var line in given)
        {
            var colon = line.IndexOf(':', StringComparison.Ordinal);
            var (name, value) = colon < 0 ? (line, "") : (line[..colon].Trim(), line[(colon + 1)..].Trim());
            request = name.ToLowerInvariant() switch
            {
                "to-path" => request with { To = value },
                "from-path" => request with { From = value },
                "message-id" => request with { MessageId = value },
                "byte-range" => request with { ByteRange = value is "none" or "" ? null : value },
                "failure-report" => request with { FailureReport = value },
                "success-report" => request with { SuccessReport = value },
                "content-type" => request with { ContentType = value },
                "tid" => request with { Tid = value },
                "session" => value is "L2" or "2" ? request with { To = MsrpSut.L2, From = MsrpSut.P2 } : request,
                _ => request with { Headers = [.. request.Headers, line] },
            };
        }

        return request;
    }

    private async Task ParallelAsync(Step step)
    {
        var sends = step.Ask("sends") as JsonArray ?? throw new ScenarioSkip("no sends");
        var waiting = new List<(MsrpPeer Peer, byte[] Octets)>();
        for (var i = 0; i < sends.Count; i++)
        {
            // Each on a connection of its own, by its name where it has one.
            var send = sends[i] as JsonObject;
            var text = Fill((send is null ? (string?)sends[i] : (string?)send["text"]) ?? throw new ScenarioSkip("a send without a text"));
            var peer = fixture.Peer((string?)send?["c"] ?? $"parallel{i}");
            peer.HasSent(text);
            if (peer.Link is null)
            {
                await fixture.ConnectAsync(peer);
            }

            waiting.Add((peer, MsrpScenarioFixture.Octets(text)));
        }

        await Task.WhenAll(waiting.Select(send => Task.Run(() => send.Peer.Link!.Give(send.Octets))));
        await fixture.SettleAsync();
    }

    // {tid} is what the system under test has sent last, or will send next; other names are those that a step has saved.
    private string Fill(string text)
    {
        foreach (var (name, tid) in _saved)
        {
            text = text.Replace($"{{{name}}}", tid, StringComparison.Ordinal).Replace($"{{{name}.tid}}", tid, StringComparison.Ordinal);
        }

        if (text.Contains("{tid}", StringComparison.Ordinal))
        {
            var last = fixture.Peers.SelectMany(peer => peer.Frames).LastOrDefault(frame => frame.Kind == "SEND")?.Tid;
            text = text.Replace("{tid}", last ?? fixture.Sut.Ids.Next, StringComparison.Ordinal);
        }

        return fixture.Fill(text);
    }

    private async Task AdvanceAsync(Step step)
    {
        // In small steps, so that whoever asks again on the way is heard.
        var time = TimeSpan.FromMilliseconds(step.Number("ms") ?? throw new ScenarioSkip("no ms"));
        await fixture.WaitAsync(() => false, time);
    }
}
