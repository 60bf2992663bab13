namespace SipPush.Tests.Torture;

// What the system under test must do, or not do.
internal sealed partial class MsrpScenarioRun
{
    private async Task ExpectAsync(Step step)
    {
        var wanted = step.List("response");
        var count = step.Number("count") ?? 1;
        var headers = step.List("header");
        var same = step.Flag("same_bytes");
        var tid = step.Text("tid") is { } given ? Fill(given) : null;
        var within = Within(step, MsrpScenarioFixture.TransactionTime);
        var peers = step.NamesConnection ? [fixture.Peer(step.Connection)] : fixture.Peers.DefaultIfEmpty(fixture.Peer("A")).ToList();
        MsrpPeerFrame? before = null;

        for (var i = 0; i < count; i++)
        {
            MsrpPeerFrame? response = null;
            await fixture.WaitAsync(() => (response = Next(peers, wanted, tid)) is not null, within);
            if (response is null)
            {
                throw new ScenarioFailure($"no {string.Join('/', wanted)}{(count > 1 ? $", only {i} of {count}" : "")}");
            }

            before ??= peers.SelectMany(peer => peer.Frames).LastOrDefault(frame => frame is { IsResponse: true, IsRead: true } && frame != response);
            if (same && before is not null && before.Text != response.Text)
            {
                throw new ScenarioFailure("the response is not the same");
            }

            before = response;
            foreach (var header in headers)
            {
                CheckHeader(response, header);
            }
        }
    }

    // In order. What an earlier step led to is passed over, and so is a 200 where a refusal is meant.
    private MsrpPeerFrame? Next(IReadOnlyList<MsrpPeer> peers, IReadOnlyList<string> wanted, string? tid)
    {
        foreach (var response in peers.SelectMany(peer => peer.Frames).Where(frame => frame is { IsResponse: true, IsRead: false, Flag: not ' ' }))
        {
            if (wanted.Any(code => ScenarioRun.IsOf(code, response.Status)) && (tid is null || response.Tid == tid))
            {
                response.IsRead = true;
                return response;
            }

            if (response.Stamp >= fixture.Acts && response.Status != 200 && tid is null)
            {
                throw new ScenarioFailure($"{response.Status} to {response.Tid} instead of {string.Join('/', wanted)}");
            }
        }

        return null;
    }

    private async Task ExpectRequestAsync(Step step)
    {
        var method = step.Text("method");
        var flag = step.Text("flag");
        var status = step.Text("status");
        var headers = step.List("header");
        var body = step.Text("body");
        var mid = step.Text("mid");
        var range = step.Text("byte_range");
        var count = step.Number("count") ?? 1;
        var optional = step.Flag("optional");
        var save = step.Text("save_tid") ?? step.Text("save");
        var peers = step.NamesConnection ? [fixture.Peer(step.Connection)] : fixture.Peers.DefaultIfEmpty(fixture.Peer("A")).ToList();
        var within = Within(step, MsrpScenarioFixture.TransactionTime);

        for (var i = 0; i < count; i++)
        {
            MsrpPeerFrame? request = null;
            await fixture.WaitAsync(
                () => (request = peers.SelectMany(peer => peer.Frames).FirstOrDefault(frame =>
                    frame is { IsResponse: false, IsRead: false } && (method is null || frame.Kind == method) && (flag is null || frame.Flag == flag[0])
                    && (status is null || frame["Status"]?.Contains(status, StringComparison.Ordinal) == true)
                    && (mid is null || fixture.Fill($"Message-ID: {mid}\r\n") == $"Message-ID: {frame.MessageId}\r\n"))) is not null,
                within);
            if (request is null)
            {
                if (!optional)
                {
                    throw new ScenarioFailure($"no {method ?? "request"}{(count > 1 ? $", only {i} of {count}" : "")}");
                }

                return;
            }

            request.IsRead = true;
            if (save is not null)
            {
                _saved[save] = request.Tid;
            }

            if (body is not null && request.Body != Fill(body))
            {
                throw new ScenarioFailure($"its body is '{request.Body}'");
            }

            if (range is not null && request.ByteRange != range)
            {
                throw new ScenarioFailure($"its Byte-Range is {request.ByteRange}");
            }

            foreach (var header in headers)
            {
                CheckHeader(request, header);
            }
        }
    }

    private async Task ExpectEndLineAsync(Step step)
    {
        var flag = step.Text("flag");
        var peer = fixture.Peer(step.Connection);
        var within = Within(step, MsrpScenarioFixture.TransactionTime);
        if (!await fixture.WaitAsync(() => peer.Frames.Any(frame => frame is { IsResponse: false, Flag: not ' ' } && (flag is null || frame.Flag == flag[0])), within))
        {
            throw new ScenarioFailure($"no end-line {flag}, only {string.Join(' ', peer.Frames.Where(frame => !frame.IsResponse).Select(frame => frame.Flag))}");
        }
    }

    private async Task ExpectCloseAsync(Step step)
    {
        var optional = step.Flag("optional");
        var within = Within(step, LongAfter);
        var link = fixture.Peer(step.Connection).Link ?? throw new ScenarioSkip("there is no connection");
        if (!await fixture.WaitAsync(() => !link.IsOpen, within) && !optional)
        {
            throw new ScenarioFailure("the connection is still open");
        }
    }

    private async Task ExpectNoneAsync(Step step)
    {
        var method = step.Text("method");
        var wanted = step.List("response");
        var peers = step.NamesConnection ? [fixture.Peer(step.Connection)] : fixture.Peers;
        var time = step.Number("ms") ?? step.Number("within_ms");
        await fixture.WaitAsync(() => false, time is { } ms ? TimeSpan.FromMilliseconds(ms) : Quiet);
        if (peers.SelectMany(peer => peer.Frames).FirstOrDefault(frame =>
            !frame.IsRead && frame.Stamp >= fixture.Acts && (method is null || frame.Kind == method)
            && (wanted.Count == 0 || wanted.Any(code => ScenarioRun.IsOf(code, frame.Status)))) is { } frame)
        {
            throw new ScenarioFailure($"{frame.Kind} {frame.Tid} {frame["Status"]}");
        }
    }

    private static TimeSpan Within(Step step, TimeSpan usual) => step.Number("within_ms") is { } ms ? TimeSpan.FromMilliseconds(ms) : usual;

    private void CheckHeader(MsrpPeerFrame frame, string header)
    {
        var colon = header.IndexOf(':', StringComparison.Ordinal);
        var name = (colon < 0 ? header : header[..colon]).Trim();
        if (frame[name] is not { } value)
        {
            throw new ScenarioFailure($"there is no {name}");
        }

        if (colon >= 0 && !value.Contains(Fill(header[(colon + 1)..].Trim()), StringComparison.OrdinalIgnoreCase))
        {
            throw new ScenarioFailure($"{name} is {value}");
        }
    }
}
