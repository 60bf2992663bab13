using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using SipPush.Sip;

namespace SipPush.Tests.Torture;

/// <summary>One run of a scenario: does its steps in order until one fails or can't be done.</summary>
internal sealed class ScenarioRun(ScenarioFixture fixture)
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

    /// <summary>A well-formed request of a peer; a challenge is answered where the step says how, or where the next step does not ask for it.</summary>
    private async Task RequestAsync(Step step, string method)
    {
        var peer = fixture.Peer(step.Connection);
        var isRegister = method == SipMethod.Register.Name;
        var auth = step.Text("auth");
        var user = step.Text("aor") ?? (isRegister || fixture.Name == "sip-registrar" ? "alice" : null);
        var aor = user is null ? "sip:sut@sut.example.com" : Uri(user);
        var uri = isRegister ? $"sip:{(fixture.Name == "sip-registrar" ? ScenarioFixture.Domain : "sut.example.com")}" : aor;
        var from = step.Text("from") is { } given ? Uri(given) : isRegister ? aor : "sip:peer@peer.example.com";
        var same = step.Flag("same_call_id");
        var cseq = step.Number("cseq");
        var contacts = step.List("contact");
        var expires = step.Text("expires");
        var digestUri = step.Text("digest_uri");
        var toTag = step.Text("to_tag") is { } tag ? Fill(tag, "to-tag") : null;
        var repeat = step.Number("repeat") ?? 1;
        var save = step.Text("save");
        step.Ask("method");

        if (method is "ACK" or "CANCEL" && peer.LastInvite is { } invite)
        {
            var to = peer.Responses.LastOrDefault(response => response.CSeq.Method == SipMethod.Invite)?[SipHeaderNames.To].ToString();
            await fixture.SendAsync(peer, ScenarioFixture.Octets(PeerMessages.Within(method, invite, method == "ACK" ? to : null)));
            return;
        }

        List<string> lines = [];
        var body = "";
        if (method == "INVITE")
        {
            lines.Add("Content-Type: application/sdp");
            body = Encoding.ASCII.GetString(Sut.Description.Octets.Span);
        }

        if (isRegister)
        {
            var isQuery = step.Ask("contact") is JsonArray { Count: 0 };
            lines.AddRange(isQuery ? [] : contacts.Count > 0 ? contacts.Select(contact => $"Contact: {Contact(contact)}") : [$"Contact: <sip:{UserOf(aor)}@{peer.Address}>"]);
            lines.AddRange(isQuery ? [] : [$"Expires: {expires ?? "3600"}"]);
        }
        else
        {
            lines.AddRange(contacts.Count > 0 ? contacts.Select(contact => $"Contact: {Contact(contact)}") : ContactOf(method, peer));
            lines.AddRange(expires is null ? [] : [$"Expires: {expires}"]);
        }

        for (var repetition = 0; repetition < repeat; repetition++)
        {
            var call = $"{peer.Name}:{method}";
            await SendRequestAsync(NextIn(same || repetition > 0, repetition == 0 ? cseq : null), []);
            if (auth == "none" || !IsChallenged(peer, out var challenge))
            {
                continue;
            }

            if (auth is null && _next is { Op: "expect" } next && next.Text("response") is "401" or "407")
            {
                continue;
            }

            // The challenge belongs to the step: what is expected next is the answer to the answer.
            peer.ResponsesRead = peer.Responses.Count;
            await SendRequestAsync(NextIn(true, cseq is null ? null : cseq + 1), [Authorization(auth ?? "good", method, uri, UserOf(aor), digestUri, challenge)]);

            (string CallId, int CSeq) NextIn(bool isSame, int? number) => _messages.NextInCall(call, isSame, number);
        }

        async Task SendRequestAsync((string CallId, int CSeq) call, IEnumerable<string> more)
        {
            var text = _messages.Request(method, uri, peer, fixture.Protocol, aor, from, call.CallId, call.CSeq, toTag, lines.Concat(more), body);
            var octets = ScenarioFixture.Octets(text);
            peer.LastInvite = method == "INVITE" ? text : peer.LastInvite;
            await fixture.SendAsync(peer, octets);
            Save(save, text, peer);
            fixture.RepeatUntilAnswered(peer, octets);
            if (fixture.IsLossy || more.Any())
            {
                await fixture.WaitAsync(() => peer.Responses.Count > peer.ResponsesRead, fixture.IsLossy ? ScenarioFixture.TransactionTime : TimeSpan.Zero);
            }
        }
    }

    private static bool IsChallenged(ScenarioPeer peer, out DigestChallenge challenge)
    {
        challenge = null!;
        if (peer.ResponsesRead >= peer.Responses.Count || peer.Responses[^1].StatusCode is not (401 or 407))
        {
            return false;
        }

        challenge = ReadChallenge(peer.Responses[^1])!;
        return challenge is not null;
    }

    private static DigestChallenge? ReadChallenge(SipResponse response)
    {
        foreach (var line in response.Lines(response.StatusCode == 401 ? SipHeaderNames.WwwAuthenticate : SipHeaderNames.ProxyAuthenticate))
        {
            if (DigestChallenge.TryParse(line.Span, out var read) && read.Algorithm is { } algorithm && algorithm == DigestAlgorithm.Sha256)
            {
                return read;
            }
        }

        return null;
    }

    private string Authorization(string kind, string method, string uri, string user, string? digestUri, DigestChallenge challenge)
    {
        if (kind == "replay" && _saved.Values.LastOrDefault(parts => parts.ContainsKey("authorization")) is { } last)
        {
            return $"Authorization: {last["authorization"]}";
        }

        if (_saved.GetValueOrDefault(kind)?.GetValueOrDefault("authorization") is { } saved)
        {
            return $"Authorization: {saved}";
        }

        if (kind == "replay" && _authorizations.Count > 0)
        {
            return _authorizations[^1];
        }

        var who = kind == "other-user" ? (user == "bob" ? "alice" : "bob") : user;
        var nonce = kind == "forged" ? new string('f', challenge.Nonce.Length) : challenge.Nonce;
        var password = kind switch
        {
            "good" or "replay" or "forged" or "other-user" => ScenarioFixture.Users.GetValueOrDefault(who, ""),
            "bad" => "wrong",
            _ => throw new ScenarioSkip($"auth {kind}"),
        };
        var digest = digestUri ?? uri;
        var hasQop = challenge.Qop.Count > 0;
        var secret = Hash($"{who}:{challenge.Realm}:{password}");
        var response = Hash(hasQop ? $"{secret}:{nonce}:00000001:c0ffee:auth:{Hash($"{method}:{digest}")}" : $"{secret}:{nonce}:{Hash($"{method}:{digest}")}");
        var value = $"Digest username=\"{who}\", realm=\"{challenge.Realm}\", nonce=\"{nonce}\", uri=\"{digest}\", response=\"{response}\", algorithm=SHA-256"
            + (hasQop ? ", cnonce=\"c0ffee\", nc=00000001, qop=auth" : "")
            + (challenge.Opaque is null ? "" : $", opaque=\"{challenge.Opaque}\"");
        _authorizations.Add($"Authorization: {value}");
        return _authorizations[^1];
    }

    // RFC 7616 §3.4, written a second time: the peer is not to share a mistake with the system under test.
    private static string Hash(string text) => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text)));

    private async Task ExpectAsync(Step step)
    {
        var wanted = step.List("response");
        var count = step.Number("count") ?? 1;
        var headers = step.List("header");
        var vias = step.List("via_has");
        var same = step.Flag("same_bytes");
        var within = step.Number("within_ms") is { } ms ? TimeSpan.FromMilliseconds(ms) : ScenarioFixture.TransactionTime;
        var peers = step.NamesConnection ? [fixture.Peer(step.Connection)] : fixture.Peers.DefaultIfEmpty(fixture.Peer("A")).ToList();

        for (var i = 0; i < count; i++)
        {
            var before = peers.Select(peer => peer.ResponsesRead > 0 ? peer.Responses[peer.ResponsesRead - 1] : null).OfType<SipResponse>().LastOrDefault();
            var response = await NextAsync(peers, wanted, same, within)
                ?? throw new ScenarioFailure($"no {string.Join('/', wanted)}{(count > 1 ? $", only {i} of {count}" : "")}");

            if (!wanted.Any(code => IsOf(code, response.StatusCode)))
            {
                throw new ScenarioFailure($"{response.StatusCode} {response.ReasonPhrase} instead of {string.Join('/', wanted)}");
            }

            if (same && before?.Octets.Span.SequenceEqual(response.Octets.Span) != true)
            {
                throw new ScenarioFailure("the response is not the same, octet by octet");
            }

            foreach (var header in headers)
            {
                CheckHeader(response, header);
            }

            if (vias.FirstOrDefault(part => !response[SipHeaderNames.Via].ToString().Contains(part, StringComparison.OrdinalIgnoreCase)) is { } missing)
            {
                throw new ScenarioFailure($"its Via has no {missing}: {response[SipHeaderNames.Via]}");
            }
        }
    }

    // In order. What comes between and says no more than "I am at it", or what was said before, is passed over unless it is asked for.
    private async Task<SipResponse?> NextAsync(IReadOnlyList<ScenarioPeer> peers, IReadOnlyList<string> wanted, bool same, TimeSpan within)
    {
        while (await fixture.WaitAsync(() => peers.Any(peer => peer.ResponsesRead < peer.Responses.Count), within))
        {
            var peer = peers.First(one => one.ResponsesRead < one.Responses.Count);
            var response = peer.NextResponse()!;
            if (wanted.Any(code => IsOf(code, response.StatusCode)))
            {
                return response;
            }

            var isRepeated = !same && peer.Responses.Take(peer.ResponsesRead - 1).Any(earlier => earlier.Octets.Span.SequenceEqual(response.Octets.Span));
            if (response.IsFinal && !isRepeated)
            {
                return response;
            }
        }

        return null;
    }

    private static void CheckHeader(SipMessage response, string header)
    {
        var colon = header.IndexOf(':', StringComparison.Ordinal);
        var name = colon < 0 ? header : header[..colon];
        var lines = response.Lines(name.Trim()).Select(line => line.ToString()).ToList();
        if (lines.Count == 0)
        {
            throw new ScenarioFailure($"there is no {name}");
        }

        if (colon >= 0 && !lines.Any(line => line.Contains(header[(colon + 1)..].Trim(), StringComparison.OrdinalIgnoreCase)))
        {
            throw new ScenarioFailure($"{name} is {string.Join(" and ", lines)}");
        }
    }

    /// <summary>True when the status is that code, or of its class where that is written <c>4xx</c>.</summary>
    internal static bool IsOf(string code, int status) =>
        code.EndsWith("xx", StringComparison.OrdinalIgnoreCase) ? code[0] - '0' == status / 100 : code == status.ToString(CultureInfo.InvariantCulture);

    private async Task ExpectRequestAsync(Step step)
    {
        var method = step.Text("method");
        var within = step.Number("within_ms") is { } ms ? TimeSpan.FromMilliseconds(ms) : ScenarioFixture.TransactionTime;
        var optional = step.Flag("optional");
        var headers = step.List("header");
        var peer = fixture.Peer(step.Connection);
        var acks = method == SipMethod.Ack.Name;

        if (!await fixture.WaitAsync(() => peer.Unread(acks) is not null, within))
        {
            if (!optional)
            {
                throw new ScenarioFailure($"no {method ?? "request"}");
            }

            return;
        }

        if (method is not null && peer.Unread(acks)!.Method.Name != method)
        {
            if (!optional)
            {
                throw new ScenarioFailure($"{peer.Unread(acks)!.Method} instead of {method}");
            }

            return;
        }

        var request = peer.NextRequest(acks)!;
        foreach (var header in headers)
        {
            CheckHeader(request, header);
        }
    }

    private async Task ExpectCloseAsync(Step step)
    {
        var within = step.Number("within_ms") is { } ms ? TimeSpan.FromMilliseconds(ms) : ScenarioFixture.TransactionTime;
        var optional = step.Flag("optional");
        var connection = fixture.Peer(step.Connection).Connection ?? throw new ScenarioSkip("there is no connection");
        if (!await fixture.WaitAsync(() => !connection.Flow.IsOpen, within) && !optional)
        {
            throw new ScenarioFailure("the connection is still open");
        }
    }

    private async Task ExpectNoneAsync(Step step)
    {
        var method = step.Text("method");
        var time = step.Number("ms") ?? step.Number("within_ms");
        var peers = step.NamesConnection ? [fixture.Peer(step.Connection)] : fixture.Peers;

        await fixture.AdvanceAsync(time is { } ms ? TimeSpan.FromMilliseconds(ms) : Quiet);
        foreach (var peer in peers)
        {
            if (method is null && peer.ResponsesRead < peer.Responses.Count)
            {
                throw new ScenarioFailure($"{peer.Responses[peer.ResponsesRead].StatusCode} to {peer.Name}");
            }

            if (peer.Requests.Skip(peer.RequestsRead).FirstOrDefault(request => method is null ? request.Method != SipMethod.Ack : request.Method.Name == method) is { } request)
            {
                throw new ScenarioFailure($"{request.Method} to {peer.Name}");
            }
        }
    }

    private async Task RespondAsync(Step step)
    {
        var peer = fixture.Peer(step.Connection);
        var tags = step.List("to_tag");
        var answer = ReadAnswer(step);
        var code = step.Number("code") ?? 0;
        var repeat = step.Number("repeat") ?? 1;
        var varied = step.List("vary");
        var isForInvite = tags.Count > 0 || step.Ask("sdp") is not null;

        if (ToAnswer(peer, code, isForInvite) is null && !await fixture.WaitAsync(() => peer.NextRequest() is not null, ScenarioFixture.TransactionTime))
        {
            throw new ScenarioFailure("there is no request to answer");
        }

        var request = ToAnswer(peer, code, isForInvite)!;
        foreach (var tag in tags.DefaultIfEmpty("peer"))
        {
            for (var repetition = 0; repetition < repeat; repetition++)
            {
                var own = repetition > 0 && varied.Any(name => name is "to_tag" or "to-tag") ? $"{tag}{repetition}" : tag;
                var octets = answer(request, own);
                if (repetition > 0 && varied.Count > 0 && own == tag)
                {
                    octets = ScenarioFixture.Octets(PeerMessages.Vary(Encoding.Latin1.GetString(octets), varied, repetition));
                }

                if (request.Method == SipMethod.Invite && code >= 200)
                {
                    peer.LastAnswered = (request, own);
                    _dialog = code < 300 && request.To.Tag.IsEmpty && _dialog?.CallId != request.CallId.ToString() ? PeerDialog.OfCalled(request, own) : _dialog;
                }

                await fixture.AnswerAsync(peer, request, octets);
            }
        }

        // After a provisional answer the final one is still to come.
        if (code >= 200)
        {
            peer.Close(request);
        }
    }

    // Which request of those that are known is meant: where several wait, a CANCEL has its 200 and the INVITE all the rest; a further tag is
    // another branch's answer to an INVITE that was answered.
    private static SipRequest? ToAnswer(ScenarioPeer peer, int code, bool isForInvite)
    {
        if (code is 200 or 481 && !isForInvite)
        {
            while (peer.Requests.Skip(peer.RequestsRead).Any(request => request.Method == SipMethod.Cancel))
            {
                peer.NextRequest();
            }

            if (peer.Open.FirstOrDefault(request => request.Method == SipMethod.Cancel) is { } cancel)
            {
                return cancel;
            }
        }

        if ((isForInvite || code == 487) && peer.Open.LastOrDefault(request => request.Method == SipMethod.Invite) is { } invite)
        {
            return invite;
        }

        return peer.Open.Count > 0 ? peer.Open[^1]
            : peer.NextRequest() is { } next ? next
            : isForInvite ? peer.LastAnswered?.Invite
            : null;
    }

    private async Task RespondAlwaysAsync(Step step)
    {
        fixture.Peer(step.Connection);
        var answer = ReadAnswer(step);
        var tag = step.Text("to_tag") ?? "peer";
        var times = step.Number("times") ?? int.MaxValue;
        fixture.RespondAlways = request => times-- > 0 ? answer(request, tag) : null;

        // What has come already and waits is answered too.
        foreach (var peer in fixture.Peers.ToList())
        {
            while ((peer.Open.Count > 0 ? peer.Open[0] : peer.NextRequest()) is { } request)
            {
                peer.Close(request);
                if (fixture.RespondAlways(request) is { } octets)
                {
                    await fixture.AnswerAsync(peer, request, octets);
                }
            }
        }
    }

    private static Func<SipRequest, string, byte[]> ReadAnswer(Step step)
    {
        var code = step.Number("code") ?? throw new ScenarioSkip("no code");
        var challenge = step.Text("challenge");
        var headers = step.List("header");
        var given = step.Ask("sdp");
        var usual = Encoding.ASCII.GetString(Sut.Description.Octets.Span);
        var sdp = given is null ? null : given.GetValueKind() is JsonValueKind.True ? usual : given.GetValueKind() is JsonValueKind.False ? "" : given.ToString();

        return (request, tag) =>
        {
            using var answer = new SipResponseBuilder(request, code, tag);
            if (challenge is not null)
            {
                answer.Add(code == 407 ? SipHeaderNames.ProxyAuthenticate : SipHeaderNames.WwwAuthenticate, challenge);
            }

            foreach (var header in headers)
            {
                var colon = header.IndexOf(':', StringComparison.Ordinal);
                answer.Add(header[..(colon < 0 ? throw new ScenarioSkip($"header {header}") : colon)], header[(colon + 1)..].Trim());
            }

            if (request.Method == SipMethod.Register && code is >= 200 and < 300)
            {
                foreach (var contact in request.Addresses(SipHeaderNames.Contact))
                {
                    answer.Add(SipHeaderNames.Contact, $"<{contact.Address}>;expires=3600");
                }
            }

            // Where the peer is, and its answer to an offer, belong into every answer that accepts.
            if (request.Method == SipMethod.Invite && code is > 100 and < 300)
            {
                answer.Add(SipHeaderNames.Contact, $"<sip:peer@{request.RequestUri!.Host}>");
            }

            var body = sdp ?? (request.Method == SipMethod.Invite && code is >= 200 and < 300 ? usual : "");
            if (body.Length > 0)
            {
                answer.SetBody("application/sdp", ScenarioFixture.Octets(body));
            }

            return answer.Build().Octets.ToArray();
        };
    }

    private async Task SutSendsAsync(Step step, string? usual = null)
    {
        var method = step.Text("method") ?? usual ?? throw new ScenarioSkip("no method");
        var agent = fixture.Sut.Agent ?? throw new ScenarioSkip("a registrar sends nothing by itself");
        var peer = fixture.Peer("A");
        var given = step.Text("to");
        var to = given ?? $"{(fixture.Protocol == SipProtocol.Tls ? "sips" : "sip")}:peer@{peer.Address.Address}";
        if (!SipUri.TryParse(to, out var uri))
        {
            throw new ScenarioSkip($"to {to}");
        }

        if (step.Ask("resolves") is { } servers)
        {
            fixture.Resolve(uri, servers);
        }

        if (step.Ask("cert") is { } certificate)
        {
            fixture.ShowCertificate(certificate);
        }

        var body = step.Text("text") ?? (step.Number("bytes") is { } size ? new string('x', size) : null);
        var isInDialog = given is null && fixture.Name == "sip-dialog";
        _sends.Add(NoteAsync(() => SutSendAsync(agent, method, uri, body, isInDialog, [])));
        await fixture.SettleAsync();
    }

    // What the application may do besides sending; what it gets for it is seen by the assert "throws".
    private async Task ApiAsync(Step step)
    {
        var call = step.Text("call") ?? throw new ScenarioSkip("no call");
        var agent = fixture.Sut.Agent ?? throw new ScenarioSkip("a registrar has no application");
        var to = step.Text("to") ?? $"sip:peer@{fixture.Peer("A").Address}";
        var body = step.Text("text");
        var method = step.Text("method");
        var headers = step.List("header");
        var value = step.Text("value");
        headers = value is null ? headers : [.. headers.Select(name => $"{name}: {value}")];
        method = call.ToLowerInvariant() switch
        {
            "send" => method ?? SipMethod.Message.Name,
            "invite" or "bye" or "cancel" or "message" or "options" or "register" or "info" or "update" => call.ToUpperInvariant(),
            "dispose" or "stop" or "parse-uri" => null,
            _ => throw new ScenarioSkip($"call {call}"),
        };

        _sends.Add(NoteAsync(async () =>
        {
            if (method is not null)
            {
                return await SutSendAsync(agent, method, SipUri.Parse(to), body, fixture.Name == "sip-dialog", headers);
            }

            if (call == "parse-uri")
            {
                SipUri.Parse(to);
            }
            else
            {
                await agent.Stack.DisposeAsync();
            }

            return null;
        }));
        await fixture.SettleAsync();
    }

    private static async Task<Exception?> NoteAsync(Func<Task<Exception?>> send)
    {
#pragma warning disable CA1031 // A scenario may ask what was thrown.
        try
        {
            return await send();
        }
        catch (Exception thrown) when (thrown is not ScenarioEnd)
        {
            return thrown;
        }
#pragma warning restore CA1031
    }

    private async Task<Exception?> SutSendAsync(SipUserAgent agent, string method, SipUri uri, string? body, bool isInDialog, IReadOnlyList<string> headers)
    {
        // A dialog of the peer's making is the stack's only one.
        var session = _session is { Dialog.State: DialogState.Confirmed } own ? own
            : agent.Stack.Sessions.All.FirstOrDefault(one => one.Dialog.State == DialogState.Confirmed);
        isInDialog &= session is not null;
        switch (method)
        {
            case "BYE":
                await (session ?? throw new ScenarioSkip("there is no session to end")).EndAsync();
                return null;

            case "CANCEL":
                await (_inviting ?? throw new ScenarioSkip("there is no INVITE to cancel")).CancelAsync();
                return null;

            case "INVITE" when isInDialog:
                return Failure(await session!.ReinviteAsync(Sut.Description));

            case "UPDATE" when session is not null:
                return Failure(await session.UpdateAsync(null));

            case "INVITE":
                return await InviteAsync(agent, uri, headers);

            case "ACK" or "PRACK" or "UPDATE":
                throw new ScenarioSkip($"sut-sends {method}");
        }

        // It registers with its domain, which lies where A is.
        using var request = isInDialog ? session!.CreateRequest(new SipMethod(method))
            : method == SipMethod.Register.Name ? agent.CreateRequest(SipMethod.Register, SipUri.Parse($"sip:{fixture.Peer("A").Address}"), agent.AddressOfRecord)
            : agent.CreateRequest(new SipMethod(method), uri);
        Add(request, headers);
        if (method == SipMethod.Register.Name)
        {
            request.Add(SipHeaderNames.Contact, $"<{agent.Stack.CreateContact("sut", SipProtocol.Udp)}>");
        }

        if (method == SipMethod.Message.Name || body is not null)
        {
            request.SetBody("text/plain", ScenarioFixture.Octets(body ?? "hello"));
        }

        return Failure(isInDialog ? await session!.SendAsync(request) : await agent.SendAsync(request));
    }

    private async Task<Exception?> InviteAsync(SipUserAgent agent, SipUri uri, IReadOnlyList<string> headers)
    {
        using var cancelling = new CancellationTokenSource();
        _inviting = cancelling;
        try
        {
            var result = await agent.InviteAsync(uri, new InviteOptions { Offer = Sut.Description, Prepare = request => Add(request, headers) }, cancelling.Token);
            if (result.Session is { } session)
            {
                fixture.Sut.Use(session);
                _session = session;
            }

            return result.Outcome == SipTransactionOutcome.Answered ? null : result.Error ?? new IOException(result.Outcome.ToString());
        }
        catch (OperationCanceledException) when (cancelling.IsCancellationRequested)
        {
            // As it was told to.
            return null;
        }
        finally
        {
            _inviting = _inviting == cancelling ? null : _inviting;
        }
    }

    private static void Add(SipRequestBuilder request, IReadOnlyList<string> headers)
    {
        foreach (var header in headers)
        {
            var colon = header.IndexOf(':', StringComparison.Ordinal);
            request.Add(header[..(colon < 0 ? header.Length : colon)], colon < 0 ? "" : header[(colon + 1)..].TrimStart(' '));
        }
    }

    private static Exception? Failure(SipTransactionResult result) =>
        result.Outcome == SipTransactionOutcome.Answered ? null : result.Error as IOException ?? new IOException(result.Outcome.ToString());

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
