using SipPush.Sip;

namespace SipPush.Tests.Torture;

// What the system under test is told to send.
internal sealed partial class ScenarioRun
{
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
}
