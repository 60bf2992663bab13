using System.Globalization;
using SipPush.Sip;

namespace SipPush.Tests.Torture;

// What a peer expects to hear, or not to hear.
internal sealed partial class ScenarioRun
{
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
}
