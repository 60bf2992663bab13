using System.Globalization;
using System.Text;
using System.Text.Json.Nodes;
using SipPush.Sip;

namespace SipPush.Tests.Torture;

/// <summary>One run of a scenario: does its steps in order until one fails or can't be done.</summary>
internal sealed partial class ScenarioRun(ScenarioFixture fixture)
{
    private static readonly TimeSpan Quiet = TimeSpan.FromMilliseconds(500);

    private readonly PeerMessages _messages = new();
    private readonly List<Task<Exception?>> _sends = [];
    private readonly List<string> _authorizations = [];
    private readonly Dictionary<string, Dictionary<string, string>> _saved = [];
    private CancellationTokenSource? _inviting;
    private SipSession? _session;
    private PeerDialog? _dialog;
    private Step? _next;

    /// <summary>What the system under test was told to send: the exception that each ended with, or null.</summary>
    public IReadOnlyList<Task<Exception?>> Sends => _sends;

    /// <exception cref="ScenarioFailure">A step failed.</exception>
    /// <exception cref="ScenarioSkip">A step can't be done.</exception>
    public Task RunAsync(IReadOnlyList<JsonObject> steps) => ScenarioSteps.RunAsync(steps, (step, next) =>
    {
        _next = next;
        return RunAsync(step);
    });

    /// <summary>The dialog that the fixture begins with, where it has one: A has called, was answered and has acknowledged.</summary>
    /// <exception cref="ScenarioFailure">There was no dialog to be had.</exception>
    public async Task BeginAsync()
    {
        if (fixture.Name != "sip-dialog")
        {
            return;
        }

        var peer = fixture.Peer("A");
        var offer = Encoding.ASCII.GetString(Sut.Description.Octets.Span);
        var invite = _messages.Request(
            "INVITE", "sip:sut@sut.example.com", peer, fixture.Protocol, "sip:sut@sut.example.com", "sip:peer@peer.example.com", "dialog@192.0.2.1", 1, null,
            [.. ContactOf("INVITE", peer), "Content-Type: application/sdp"], offer);
        peer.LastInvite = invite;
        await fixture.SendAsync(peer, ScenarioFixture.Octets(invite));
        if (!await fixture.WaitAsync(() => peer.Responses is [.., { IsFinal: true }], ScenarioFixture.TransactionTime) || peer.Responses[^1].StatusCode != 200)
        {
            throw new ScenarioFailure("the dialog of the fixture was not confirmed");
        }

        _dialog = PeerDialog.OfCaller(peer.Responses[^1]);
        await fixture.SendAsync(peer, ScenarioFixture.Octets(_messages.InDialog("ACK", _dialog, peer, fixture.Protocol, 1, null, [])));
        peer.ResponsesRead = peer.Responses.Count;
    }

    private async Task SendInDialogAsync(Step step)
    {
        var peer = fixture.Peer(step.Connection);
        var dialog = _dialog ??= DialogOf(peer) ?? throw new ScenarioSkip("there is no dialog");
        var method = step.Text("method") ?? throw new ScenarioSkip("no method");
        var given = step.Number("cseq");
        var toTag = step.Text("to_tag") is { } tag ? Fill(tag, "to-tag") : null;
        var save = step.Text("save");
        var contacts = step.List("contact");
        List<string> lines = [.. contacts.Count > 0 ? contacts.Select(contact => $"Contact: {Contact(contact)}") : ContactOf(method, peer)];
        var body = "";
        if (method is "INVITE" or "UPDATE")
        {
            lines.Add("Content-Type: application/sdp");
            body = Encoding.ASCII.GetString(Sut.Description.Octets.Span);
        }

        for (var repetition = 0; repetition < (step.Number("repeat") ?? 1); repetition++)
        {
            // An ACK has the number of its INVITE.
            var cseq = given ?? (method is "ACK" or "CANCEL" ? dialog.LastInvite : ++dialog.CSeq);
            dialog.LastInvite = method == "INVITE" ? cseq : dialog.LastInvite;
            var text = method == "CANCEL" && peer.LastInvite is { } invite
                ? PeerMessages.Within(method, invite, to: null)
                : _messages.InDialog(method, dialog, peer, fixture.Protocol, cseq, toTag, lines, body);
            peer.LastInvite = method == "INVITE" ? text : peer.LastInvite;
            await fixture.SendAsync(peer, ScenarioFixture.Octets(text));
            Save(save, text, peer);
        }
    }

    // The dialog of the last INVITE of the peer that was accepted.
    private static PeerDialog? DialogOf(ScenarioPeer peer) =>
        peer.Responses.LastOrDefault(response => response.IsSuccess && response.CSeq.Method == SipMethod.Invite) is { } success ? PeerDialog.OfCaller(success) : null;

    // The parts of a request, and of the answer to it, that later steps name as {name.part}, or as {name} where it is clear which.
    private void Save(string? name, string text, ScenarioPeer peer)
    {
        if (name is null)
        {
            return;
        }

        var request = SipRequest.Parse(ScenarioFixture.Octets(text));
        var answer = peer.Responses.LastOrDefault(response => response.CallId == request.CallId && response.CSeq.Number == request.CSeq.Number);
        var challenge = peer.Responses.LastOrDefault(response => response.CallId == request.CallId && response.StatusCode is 401 or 407);
        var parts = new Dictionary<string, string>
        {
            ["request"] = text,
            ["call-id"] = request.CallId.ToString(),
            ["cseq"] = request.CSeq.Number.ToString(CultureInfo.InvariantCulture),
            ["branch"] = request.TopVia.Branch.ToString(),
            ["from-tag"] = request.From.Tag.ToString(),
            ["to-tag"] = (answer?.To.Tag ?? request.To.Tag).ToString(),
            ["contact"] = answer?.Addresses(SipHeaderNames.Contact).FirstOrDefault().Address.ToString() ?? "",
        };
        if (challenge is not null && ReadChallenge(challenge) is { } read)
        {
            parts["nonce"] = read.Nonce;
        }

        if (request.Contains(SipHeaderNames.Authorization))
        {
            parts["authorization"] = request[SipHeaderNames.Authorization].ToString();
        }

        _saved[name] = parts;
    }

    private string Fill(string text, string part)
    {
        foreach (var (name, parts) in _saved)
        {
            foreach (var (key, value) in parts)
            {
                text = text.Replace($"{{{name}.{key}}}", value, StringComparison.OrdinalIgnoreCase).Replace($"{{{name}.{key.Replace('-', '_')}}}", value, StringComparison.OrdinalIgnoreCase);
            }

            var usual = parts.GetValueOrDefault(name.Replace('_', '-').ToLowerInvariant()) ?? parts.GetValueOrDefault(part) ?? parts["call-id"];
            text = text == name ? usual : text.Replace($"{{{name}}}", usual, StringComparison.Ordinal);
        }

        return text;
    }

    /// <summary>Registers nothing and so asks for what is registered.</summary>
    public Task QueryAsync(Step step) => RequestAsync(step, SipMethod.Register.Name);

    private Task RunAsync(Step step) => step.Op switch
    {
        "note" => SkipOverAsync(step),
        "connect" => ConnectAsync(step),
        "close" => CloseAsync(step),
        "shutdown-send" => ShutdownSendAsync(step),
        "stop-reading" => StopReadingAsync(step),
        "connect-many" => ConnectManyAsync(step),
        "send" => SendAsync(step),
        "send-many" or "flood" => SendManyAsync(step),
        "parallel" => ParallelAsync(step),
        "calls" => CallsAsync(step),
        "register" => RequestAsync(step, SipMethod.Register.Name),
        "request" => RequestAsync(step, step.Text("method") ?? throw new ScenarioSkip("no method")),
        "send-in-dialog" => SendInDialogAsync(step),
        "expect" => ExpectAsync(step),
        "expect-request" => ExpectRequestAsync(step),
        "expect-close" => ExpectCloseAsync(step),
        "expect-none" => ExpectNoneAsync(step),
        "respond" => RespondAsync(step),
        "respond-always" => RespondAlwaysAsync(step),
        "sut-sends" => SutSendsAsync(step),
        "sut-sends-large" or "sut-sends-body" => SutSendsAsync(step, SipMethod.Message.Name),
        "api" => ApiAsync(step),
        "net" => NetAsync(step),
        "wait" or "advance-clock" => AdvanceAsync(step),
        "fault" => FaultAsync(step),
        "restart-sut" => fixture.RestartAsync(),
        "assert" => new ScenarioAsserts(fixture, this).CheckAsync(step),
        _ => throw new ScenarioSkip("there is no such step for SIP here"),
    };

    private static Task SkipOverAsync(Step step)
    {
        step.Ask("text");
        return Task.CompletedTask;
    }

    private async Task ConnectAsync(Step step)
    {
        var peer = fixture.Peer(step.Connection);
        if (fixture.Protocol != SipProtocol.Udp)
        {
            await fixture.ConnectAsync(peer);
        }
    }

    private async Task CloseAsync(Step step)
    {
        fixture.Peer(step.Connection).Connection?.End();
        await fixture.SettleAsync();
    }

    private Task ShutdownSendAsync(Step step) => CloseAsync(step);

    private async Task StopReadingAsync(Step step)
    {
        var peer = fixture.Peer(step.Connection);
        if (fixture.Protocol == SipProtocol.Udp)
        {
            throw new ScenarioSkip("there is no connection on UDP");
        }

        (peer.Connection ?? await fixture.ConnectAsync(peer)).Stream.StopReading(true);
    }

    private async Task ConnectManyAsync(Step step)
    {
        var text = step.Text("send") ?? "";
        var closeAt = step.Number("close_at");
        var octets = ScenarioFixture.Octets(text);
        for (var i = 0; i < (step.Number("n") ?? 1); i++)
        {
            var peer = fixture.Peer($"many{i}");
            if (fixture.Protocol != SipProtocol.Udp)
            {
                await fixture.ConnectAsync(peer);
            }

            await fixture.SendAsync(peer, closeAt is { } at && at < octets.Length ? octets[..at] : octets);
            if (closeAt is not null)
            {
                peer.Connection?.End();
            }
        }

        await fixture.SettleAsync();
    }

    private async Task SendAsync(Step step)
    {
        var text = Fill(step.Text("text") ?? throw new ScenarioSkip("no text"), "authorization");
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
            var octets = ScenarioFixture.Octets(repetition == 0 ? text : PeerMessages.Vary(text, varied, repetition));
            octets = truncate < octets.Length ? octets[..truncate.Value] : octets;
            octets = resetAfter < octets.Length ? octets[..resetAfter.Value] : octets;
            await SendPiecesAsync(peer, octets, cuts, pace);
        }

        if (resetAfter is not null)
        {
            peer.Connection?.Stream.Reset();
        }

        if (closes)
        {
            peer.Connection?.End();
        }

        await fixture.SettleAsync();
        fixture.RepeatUntilAnswered(peer, ScenarioFixture.Octets(text));
    }

    // The places to cut at, or one octet after the other where there is only a pace.
    private async Task SendPiecesAsync(ScenarioPeer peer, byte[] octets, IReadOnlyList<string> cuts, int? pace)
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

            if (peer.Connection?.Flow.IsOpen == false)
            {
                return;
            }
        }
    }

    private async Task SendManyAsync(Step step)
    {
        var n = step.Number("n") ?? 1;
        var template = step.Text("template");
        var method = step.Text("method");
        var varied = step.List("vary");
        var peer = fixture.Peer(step.Connection);

        for (var i = 0; i < n; i++)
        {
            var text = template?.Contains("SIP/2.0", StringComparison.Ordinal) == true
                ? PeerMessages.Vary(template, varied.Count > 0 ? varied : ["branch", "call-id"], i)
                : Generated(method ?? FirstMethodOf(template), peer);
            await fixture.SendAsync(peer, ScenarioFixture.Octets(text));
        }
    }

    private static string FirstMethodOf(string? template) =>
        template?.Split(' ', ',', ':').FirstOrDefault(word => new SipMethod(word).IsKnown) ?? throw new ScenarioSkip($"the template '{template}'");

    private string Generated(string method, ScenarioPeer peer)
    {
        var (callId, cseq) = _messages.NextInCall("generated", same: false, cseq: null);
        var own = fixture.Name == "sip-registrar" ? $"sip:{ScenarioFixture.Domain}" : "sip:sut@sut.example.com";
        return _messages.Request(method, own, peer, fixture.Protocol, own, "sip:peer@peer.example.com", callId, cseq, null, ContactOf(method, peer));
    }

    private static string[] ContactOf(string method, ScenarioPeer peer) => method is "INVITE" or "SUBSCRIBE" ? [$"Contact: <sip:peer@{peer.Address}>"] : [];

    private async Task ParallelAsync(Step step)
    {
        var sends = step.Ask("sends") as JsonArray ?? throw new ScenarioSkip("no sends");
        var waiting = new List<(ScenarioPeer Peer, byte[] Octets)>();
        for (var i = 0; i < sends.Count; i++)
        {
            // Each on a connection of its own, by its name where it has one.
            var send = sends[i] as JsonObject;
            var text = send is null ? (string?)sends[i] : (string?)send["text"];
            var peer = fixture.Peer((string?)send?["c"] ?? $"parallel{i}");
            if (fixture.Protocol != SipProtocol.Udp && peer.Connection is null)
            {
                await fixture.ConnectAsync(peer);
            }

            waiting.Add((peer, ScenarioFixture.Octets(text ?? throw new ScenarioSkip("a send without a text"))));
        }

        await Task.WhenAll(waiting.Select(send => Task.Run(() =>
        {
            if (send.Peer.Connection is { } connection)
            {
                connection.Give(send.Octets);
            }
            else
            {
                fixture.Sut.Datagrams.Receive(send.Peer.Address, send.Octets);
            }
        })));
        await fixture.SettleAsync();
    }

    // So many at once that they fit into one ringing.
    private async Task CallsAsync(Step step)
    {
        const int Batch = 100;
        var n = step.Number("n") ?? 1;
        var offer = Encoding.ASCII.GetString(Sut.Description.Octets.Span);
        fixture.Sut.IsForgetful = true;
        try
        {
            for (var done = 0; done < n; done += Batch)
            {
                var peer = fixture.Peer($"calls{done}");
                var count = Math.Min(Batch, n - done);
                for (var i = 0; i < count; i++)
                {
                    var (callId, _) = _messages.NextInCall("calls", same: false, cseq: null);
                    var invite = _messages.Request(
                        "INVITE", "sip:sut@sut.example.com", peer, fixture.Protocol, "sip:sut@sut.example.com", "sip:peer@peer.example.com", callId, 1, null,
                        [.. ContactOf("INVITE", peer), "Content-Type: application/sdp"], offer);
                    await fixture.SendAsync(peer, ScenarioFixture.Octets(invite));
                }

                await fixture.WaitAsync(() => Succeeded(SipMethod.Invite) >= count, ScenarioFixture.TransactionTime);
                foreach (var success in peer.Responses.Where(response => response.IsSuccess).ToList())
                {
                    var dialog = PeerDialog.OfCaller(success);
                    await fixture.SendAsync(peer, ScenarioFixture.Octets(_messages.InDialog("ACK", dialog, peer, fixture.Protocol, 1, null, [])));
                    await fixture.SendAsync(peer, ScenarioFixture.Octets(_messages.InDialog("BYE", dialog, peer, fixture.Protocol, 2, null, [])));
                }

                await fixture.WaitAsync(() => Succeeded(SipMethod.Bye) >= count, ScenarioFixture.TransactionTime);
                var (accepted, ended) = (Succeeded(SipMethod.Invite), Succeeded(SipMethod.Bye));
                peer.Connection?.End();
                await fixture.SettleAsync();
                fixture.Forget(peer);
                if (accepted != count || ended != count)
                {
                    throw new ScenarioFailure($"of {count} calls {accepted} were accepted and {ended} ended");
                }

                int Succeeded(SipMethod method) => peer.Responses.Where(response => response.IsSuccess && response.CSeq.Method == method).DistinctBy(response => response.CallId).Count();
            }
        }
        finally
        {
            fixture.Sut.IsForgetful = false;
        }
    }

    private Task NetAsync(Step step)
    {
        fixture.Net = (step.Number("loss") ?? 0, step.Number("dup") ?? 0, step.Number("reorder") ?? 0);
        return Task.CompletedTask;
    }

    private async Task AdvanceAsync(Step step)
    {
        // In small steps, so that whoever asks again on the way is heard.
        var time = TimeSpan.FromMilliseconds(step.Number("ms") ?? throw new ScenarioSkip("no ms"));
        await fixture.WaitAsync(() => false, time);
    }

    private async Task FaultAsync(Step step)
    {
        switch (step.Text("what"))
        {
            case "network-down" or "send-fails" or "send-error" or "transport-error" or "network-unreachable":
                fixture.Sut.Datagrams.IsBroken = true;
                break;

            case "network-up":
                fixture.Sut.Datagrams.IsBroken = false;
                break;

            case "connect-refused" or "refuse-connections":
                var only = step.NamesConnection ? fixture.Peer(step.Connection) : null;
                fixture.Sut.Streams.IsRefused = fixture.Sut.SecureStreams.IsRefused = address => only is null || only.IsAt(address);
                break;

            case "connect-accepted" or "accept-connections":
                fixture.Sut.Streams.IsRefused = fixture.Sut.SecureStreams.IsRefused = _ => false;
                break;

            case "connection-reset" or "reset" or "connections-lost":
                foreach (var connection in fixture.Peers.SelectMany(peer => peer.Connections))
                {
                    connection.Stream.Reset();
                }

                break;

            case "dns-down" or "dns-fails" or "dns-timeout":
                fixture.IsDnsDown = true;
                break;

            case "dns-up":
                fixture.IsDnsDown = false;
                break;

            case "handler-throws" or "app-throws" or "application-fails":
                fixture.Sut.IsApplicationBroken = true;
                break;

            case "handler-works" or "app-works":
                fixture.Sut.IsApplicationBroken = false;
                break;

            case var what:
                throw new ScenarioSkip($"the fault {what}");
        }

        await fixture.SettleAsync();
    }

    private static string Uri(string user) =>
        user.Contains(':', StringComparison.Ordinal) ? user.Trim('<', '>')
        : user.Contains('@', StringComparison.Ordinal) ? $"sip:{user}"
        : $"sip:{user}@{ScenarioFixture.Domain}";

    private static string Contact(string contact) => contact == "*" || contact.Contains('<', StringComparison.Ordinal) ? contact : $"<{contact}>";

    private static string UserOf(string uri) => SipUri.TryParse(uri, out var read) ? read.User.ToString() : uri;
}
