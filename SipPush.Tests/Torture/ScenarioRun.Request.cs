using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using SipPush.Sip;

namespace SipPush.Tests.Torture;

// Requests of a peer, with the answers to their challenges.
internal sealed partial class ScenarioRun
{
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
}
