using System.Text;
using System.Text.Json;
using SipPush.Sip;

namespace SipPush.Tests.Torture;

// How a peer answers.
internal sealed partial class ScenarioRun
{
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
}
