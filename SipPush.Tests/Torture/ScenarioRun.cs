using System.Globalization;
using System.Security.Cryptography;
using System.Text;
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
    private PeerDialog? _dialog;
    private Step? _next;

    /// <summary>What the system under test was told to send: the exception that each ended with, or null.</summary>
    public IReadOnlyList<Task<Exception?>> Sends => _sends;

    /// <exception cref="ScenarioFailure">A step failed.</exception>
    /// <exception cref="ScenarioSkip">A step can't be done.</exception>
    public async Task RunAsync(IReadOnlyList<JsonObject> steps)
    {
        for (var i = 0; i < steps.Count; i++)
        {
            var step = new Step(steps[i]);
            _next = i + 1 < steps.Count ? new Step(steps[i + 1]) : null;
            try
            {
                await RunAsync(step);
                step.EndReading();
            }
            catch (ScenarioFailure failure)
            {
                throw new ScenarioFailure($"step {i + 1} ({step}): {failure.Message}");
            }
            catch (ScenarioSkip skip)
            {
                throw new ScenarioSkip($"step {i + 1} ({step}): {skip.Message}");
            }
        }
    }

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
        await fixture.SendAsync(peer, ScenarioFixture.Octets(invite));
        if (!await fixture.WaitAsync(() => peer.Responses is [.., { IsFinal: true }], ScenarioFixture.TransactionTime) || peer.Responses[^1].StatusCode != 200)
        {
            throw new ScenarioFailure("the dialog of the fixture was not confirmed");
        }

        _dialog = new PeerDialog(peer.Responses[^1]);
        await fixture.SendAsync(peer, ScenarioFixture.Octets(_messages.InDialog("ACK", _dialog, peer, fixture.Protocol, 1, null, [])));
        peer.ResponsesRead = peer.Responses.Count;
    }

    private async Task SendInDialogAsync(Step step)
    {
        var dialog = _dialog ?? throw new ScenarioSkip("there is no dialog");
        var method = step.Text("method") ?? throw new ScenarioSkip("no method");
        var peer = fixture.Peer(step.Connection);
        var given = step.Number("cseq");
        var toTag = step.Text("to_tag");
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
            await fixture.SendAsync(peer, ScenarioFixture.Octets(_messages.InDialog(method, dialog, peer, fixture.Protocol, cseq, toTag, lines, body)));
        }
    }

    /// <summary>Registers nothing and so asks for what is registered.</summary>
    public Task QueryAsync(Step step) => RequestAsync(step, SipMethod.Register.Name);

    private Task RunAsync(Step step) => step.Op switch
    {
        "note" => NoteAsync(step),
        "connect" => ConnectAsync(step),
        "close" => CloseAsync(step),
        "shutdown-send" => ShutdownSendAsync(step),
        "stop-reading" => StopReadingAsync(step),
        "connect-many" => ConnectManyAsync(step),
        "send" => SendAsync(step),
        "send-many" or "flood" => SendManyAsync(step),
        "parallel" => ParallelAsync(step),
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
        "net" => NetAsync(step),
        "wait" or "advance-clock" => AdvanceAsync(step),
        "fault" => FaultAsync(step),
        "restart-sut" => fixture.RestartAsync(),
        "assert" => new ScenarioAsserts(fixture, this).CheckAsync(step),
        _ => throw new ScenarioSkip("there is no such step for SIP here"),
    };

    private static Task NoteAsync(Step step)
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
        fixture.Peer(step.Connection).Connection?.Stream.End();
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
                peer.Connection?.Stream.End();
            }
        }

        await fixture.SettleAsync();
    }

    private async Task SendAsync(Step step)
    {
        var text = step.Text("text") ?? throw new ScenarioSkip("no text");
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
            peer.Connection?.Stream.End();
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
                connection.Stream.Give(send.Octets);
            }
            else
            {
                fixture.Sut.Datagrams.Receive(send.Peer.Address, send.Octets);
            }
        })));
        await fixture.SettleAsync();
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
        var toTag = step.Text("to_tag");
        var repeat = step.Number("repeat") ?? 1;
        step.Ask("method");

        if (step.Text("save") is { } name)
        {
            throw new ScenarioSkip($"save {name}");
        }

        List<string> lines = [];
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
            var octets = ScenarioFixture.Octets(_messages.Request(method, uri, peer, fixture.Protocol, aor, from, call.CallId, call.CSeq, toTag, lines.Concat(more)));
            await fixture.SendAsync(peer, octets);
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

        var name = peer.Responses[^1].StatusCode == 401 ? SipHeaderNames.WwwAuthenticate : SipHeaderNames.ProxyAuthenticate;
        foreach (var line in peer.Responses[^1].Lines(name))
        {
            if (DigestChallenge.TryParse(line.Span, out var read) && read.Algorithm is { } algorithm && algorithm == DigestAlgorithm.Sha256)
            {
                challenge = read;
                return true;
            }
        }

        return false;
    }

    private string Authorization(string kind, string method, string uri, string user, string? digestUri, DigestChallenge challenge)
    {
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

    private static void CheckHeader(SipResponse response, string header)
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
        var peer = fixture.Peer(step.Connection);

        if (!await fixture.WaitAsync(() => peer.RequestsRead < peer.Requests.Count, within))
        {
            if (!optional)
            {
                throw new ScenarioFailure($"no {method ?? "request"}");
            }

            return;
        }

        if (method is not null && peer.Requests[peer.RequestsRead].Method.Name != method)
        {
            if (!optional)
            {
                throw new ScenarioFailure($"{peer.Requests[peer.RequestsRead].Method} instead of {method}");
            }

            return;
        }

        peer.NextRequest();
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

            if (peer.Requests.Skip(peer.RequestsRead).FirstOrDefault(request => method is null || request.Method.Name == method) is { } request)
            {
                throw new ScenarioFailure($"{request.Method} to {peer.Name}");
            }
        }
    }

    private async Task RespondAsync(Step step)
    {
        var peer = fixture.Peer(step.Connection);
        var answer = ReadAnswer(step);
        var repeat = step.Number("repeat") ?? 1;
        var varied = step.List("vary");

        if (peer.Unanswered is null && !await fixture.WaitAsync(() => peer.NextRequest() is not null, ScenarioFixture.TransactionTime))
        {
            throw new ScenarioFailure("there is no request to answer");
        }

        var request = peer.Unanswered!;
        for (var repetition = 0; repetition < repeat; repetition++)
        {
            var octets = answer(request);
            if (repetition > 0 && varied.Count > 0)
            {
                octets = ScenarioFixture.Octets(varied.Any(name => name is "to_tag" or "to-tag")
                    ? Encoding.Latin1.GetString(octets).Replace(";tag=peer", $";tag=peer{repetition}", StringComparison.Ordinal)
                    : PeerMessages.Vary(Encoding.Latin1.GetString(octets), varied, repetition));
            }

            peer.Answers[request.TopVia.Branch.ToString()] = octets;
            await fixture.SendAsync(peer, octets);
        }

        // After a provisional answer the final one is still to come.
        if (SipResponse.Parse(peer.Answers[request.TopVia.Branch.ToString()]).IsFinal)
        {
            peer.Unanswered = null;
        }
    }

    private async Task RespondAlwaysAsync(Step step)
    {
        fixture.Peer(step.Connection);
        var answer = ReadAnswer(step);
        var times = step.Number("times") ?? int.MaxValue;
        fixture.RespondAlways = request => times-- > 0 ? answer(request) : null;

        // What has come already and waits is answered too.
        foreach (var peer in fixture.Peers.ToList())
        {
            while (peer.Unanswered is not null || peer.NextRequest() is not null)
            {
                var request = peer.Unanswered!;
                peer.Unanswered = null;
                if (fixture.RespondAlways(request) is { } octets)
                {
                    peer.Answers[request.TopVia.Branch.ToString()] = octets;
                    await fixture.SendAsync(peer, octets);
                }
            }
        }
    }

    private static Func<SipRequest, byte[]> ReadAnswer(Step step)
    {
        var code = step.Number("code") ?? throw new ScenarioSkip("no code");
        var tag = step.Text("to_tag") ?? "peer";
        var challenge = step.Text("challenge");
        var sdp = step.Text("sdp");

        return request =>
        {
            using var answer = new SipResponseBuilder(request, code, tag);
            if (challenge is not null)
            {
                answer.Add(code == 407 ? SipHeaderNames.ProxyAuthenticate : SipHeaderNames.WwwAuthenticate, challenge);
            }

            if (request.Method == SipMethod.Register && code is >= 200 and < 300)
            {
                foreach (var contact in request.Addresses(SipHeaderNames.Contact))
                {
                    answer.Add(SipHeaderNames.Contact, $"<{contact.Address}>;expires=3600");
                }
            }

            if (sdp is not null)
            {
                answer.Add(SipHeaderNames.ContentType, "application/sdp");
                answer.Body = ScenarioFixture.Octets(sdp);
            }

            return answer.Build().Octets.ToArray();
        };
    }

    private async Task SutSendsAsync(Step step)
    {
        var method = step.Text("method") ?? throw new ScenarioSkip("no method");
        var agent = fixture.Sut.Agent ?? throw new ScenarioSkip("a registrar sends nothing by itself");
        var peer = fixture.Peer("A");
        var to = step.Text("to") ?? $"sip:peer@{peer.Address}";
        foreach (var field in (string[])["resolves", "cert"])
        {
            if (step.Ask(field) is not null)
            {
                throw new ScenarioSkip($"{field} of sut-sends");
            }
        }

        if (!SipUri.TryParse(to, out var uri))
        {
            throw new ScenarioSkip($"to {to}");
        }

        // A name leads to A, which takes the place of a resolver.
        if (uri.HostAddress() is null)
        {
            agent = agent.Stack.CreateUserAgent(new SipUserAgentOptions
            {
                AddressOfRecord = agent.AddressOfRecord,
                Credentials = [ScenarioFixture.SutCredential],
                OutboundProxies = [SipUri.Parse($"sip:{peer.Address}{(uri.Transport is { } protocol ? $";transport={protocol.ParameterName()}" : "")}")],
            });
        }

        _sends.Add(SutSendAsync(agent, method, uri, step.Text("text")));
        await fixture.SettleAsync();
    }

    private async Task<Exception?> SutSendAsync(SipUserAgent agent, string method, SipUri uri, string? body)
    {
        try
        {
            if (method == SipMethod.Register.Name)
            {
                // It registers with its domain, which lies where A is.
                var request = agent.CreateRequest(SipMethod.Register, SipUri.Parse($"sip:{fixture.Peer("A").Address}"), agent.AddressOfRecord);
                request.Add(SipHeaderNames.Contact, $"<{agent.Stack.CreateContact("sut", SipProtocol.Udp)}>");
                await agent.SendAsync(request);
                return null;
            }

            if (method is not ("MESSAGE" or "OPTIONS" or "INFO"))
            {
                throw new ScenarioSkip($"sut-sends {method}");
            }

            var message = agent.CreateRequest(new SipMethod(method), uri);
            if (method == "MESSAGE")
            {
                message.Add(SipHeaderNames.ContentType, "text/plain");
                message.Body = ScenarioFixture.Octets(body ?? "hello");
            }

            var result = await agent.SendAsync(message);
            return result.Outcome == SipTransactionOutcome.Answered ? null : new IOException(result.Outcome.ToString());
        }
#pragma warning disable CA1031 // A scenario may ask what was thrown.
        catch (Exception thrown) when (thrown is not ScenarioEnd)
        {
            return thrown;
        }
#pragma warning restore CA1031
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
            case "network-down" or "send-fails" or "send-error":
                fixture.Sut.Datagrams.IsBroken = true;
                break;

            case "network-up":
                fixture.Sut.Datagrams.IsBroken = false;
                break;

            case "connect-refused" or "refuse-connections":
                fixture.Sut.Streams.IsRefused = true;
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
