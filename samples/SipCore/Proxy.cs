using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using SipPush.Sip;

namespace SipPush.Samples.SipCore;

/// <summary>
/// Forwards requests, stateful by transaction (RFC 3261 §16). A request for an address with several contacts goes to them one
/// after the other, until one takes it or refuses it for all of them (6xx): a push is not to arrive twice.
/// </summary>
internal sealed class Proxy(CoreOptions options, CoreDomain domain, CoreSide trusted, LocationTable locations, TargetFinder finder)
{
    // Leaving and coming back once may have its reason; more is a loop (RFC 3261 §16.3 step 4).
    private const int MostPasses = 2;

    private static readonly SipMethod[] DialogForming = [new("SUBSCRIBE"), new("REFER")];

    public async ValueTask HandleAsync(SipServerTransaction transaction, CoreSide side, CancellationToken cancellationToken)
    {
        var request = transaction.Request;
        var refusal = Refusal(request);
        if (refusal != 0)
        {
            await transaction.RespondAsync(refusal, cancellationToken: cancellationToken);
            return;
        }

        // Forwarding sessions takes more than one answer a request, which this core does not do yet.
        if (request.Method == SipMethod.Invite)
        {
            await RefuseMethodAsync(transaction, cancellationToken);
            return;
        }

        if (request.Contains(SipHeaderNames.ProxyRequire))
        {
            using var answer = transaction.CreateResponse(420);
            answer.Add(SipHeaderNames.Unsupported, string.Join(", ", request.Values(SipHeaderNames.ProxyRequire)));
            await transaction.RespondAsync(answer.Build(), cancellationToken);
            return;
        }

        using var forward = new SipRequestBuilder(request);
        var route = PopOwn(forward, request);
        var sender = side.IsTrusted ? null : SenderOf(transaction);
        IdentityRules.OnEntry(forward, request, side.IsTrusted, sender);
        forward.Set(SipHeaderNames.MaxForwards, ((request.MaxForwards ?? 71) - 1).ToString(CultureInfo.InvariantCulture));

        var uri = request.RequestUri!;
        if (route is not null || !domain.Owns(uri))
        {
            // Strangers get to the users of the domain, and nowhere else.
            if (!side.IsTrusted && sender is null)
            {
                await transaction.RespondAsync(403, cancellationToken: cancellationToken);
                return;
            }

            // A registered user agent in a dialog, or else an application server.
            var contact = locations.FindContact(route ?? uri);
            if (contact is { IsReachable: false })
            {
                await transaction.RespondAsync(430, cancellationToken: cancellationToken);
                return;
            }

            await RelayAsync(transaction, forward, side, contact?.Side ?? trusted, route ?? uri, contact?.Flow, cancellationToken);
        }
        else if (uri.User.IsEmpty)
        {
            await AnswerForCoreAsync(transaction, cancellationToken);
        }
        else if (IsPsa(uri))
        {
            await RelayAsync(transaction, forward, side, trusted, options.PsaUri!, flow: null, cancellationToken);
        }
        else
        {
            await DeliverAsync(transaction, forward, side, cancellationToken);
        }
    }

    private int Refusal(SipRequest request)
    {
        if (request.RequestUri is not { } uri)
        {
            return 400;
        }

        if (uri.Scheme != "sip")
        {
            return 416;
        }

        if (request.MaxForwards == 0)
        {
            return 483;
        }

        var passes = request.Values(SipHeaderNames.Via).Count(value => Via.TryParse(value, out var via) && domain.Wrote(via));
        return passes > MostPasses ? 482 : 0;
    }

    // Routes that name the core have done their work (§16.4).
    private SipUri? PopOwn(SipRequestBuilder forward, SipRequest request)
    {
        foreach (var address in request.Addresses(SipHeaderNames.Route))
        {
            if (address.Uri is not { } uri || !domain.Owns(uri) || !uri.User.IsEmpty)
            {
                return address.Uri;
            }

            forward.RemoveFirstValue(SipHeaderNames.Route);
        }

        return null;
    }

    // The identity that registered from where the request comes: the preferred one if it did, else that of From.
    private SipUri? SenderOf(SipServerTransaction transaction)
    {
        var request = transaction.Request;
        var preferred = request.Addresses(SipHeaderNames.PPreferredIdentity).FirstOrDefault().Uri;
        return Registered(preferred) ?? Registered(request.From.Uri);

        SipUri? Registered(SipUri? identity) =>
            identity is not null && domain.AddressOfRecord(identity) is { } address && locations.Find(address).Any(binding => IsSamePeer(binding.Flow, transaction.Flow))
                ? address
                : null;
    }

    // A user agent may register over one protocol and send over the other, then only the address can be compared.
    private static bool IsSamePeer(SipFlow registered, SipFlow flow) =>
        registered.Protocol == SipProtocol.Udp && flow.Protocol == SipProtocol.Udp
            ? registered.Remote.Equals(flow.Remote)
            : registered.Remote.Address.Address.Equals(flow.Remote.Address.Address);

    private bool IsPsa(SipUri uri)
    {
        if (options.PsaUri is not { } server || uri.IsGruu)
        {
            return false;
        }

        var name = server.User.IsEmpty ? options.PsaUser : server.User.ToString();
        return uri.User.ToString() == name;
    }

    private static async ValueTask RefuseMethodAsync(SipServerTransaction transaction, CancellationToken cancellationToken)
    {
        using var answer = transaction.CreateResponse(405);
        answer.Add(SipHeaderNames.Allow, "MESSAGE, OPTIONS, REGISTER");
        await transaction.RespondAsync(answer.Build(), cancellationToken);
    }

    // What a contact brings along after a question mark has no place in a Request-URI (RFC 3261 §19.1.1).
    private static SipUri WithoutHeaders(SipUri uri) =>
        uri.Headers.IsEmpty ? uri : SipUri.Parse(uri.ToString()[..^(uri.Headers.ToString().Length + 1)]);

    private static async ValueTask AnswerForCoreAsync(SipServerTransaction transaction, CancellationToken cancellationToken)
    {
        using var answer = transaction.CreateResponse(transaction.Request.Method == SipMethod.Options ? 200 : 405);
        answer.Add(SipHeaderNames.Allow, "OPTIONS, REGISTER");
        answer.Add(SipHeaderNames.Supported, "gruu, path, outbound");
        await transaction.RespondAsync(answer.Build(), cancellationToken);
    }

    private async ValueTask DeliverAsync(SipServerTransaction transaction, SipRequestBuilder forward, CoreSide side, CancellationToken cancellationToken)
    {
        var request = transaction.Request;
        var targets = finder.Find(request, request.RequestUri!);
        if (targets.Bindings.Count == 0)
        {
            await transaction.RespondAsync(targets.Status, cancellationToken: cancellationToken);
            return;
        }

        // The called identity, as it was before the contact took its place (RFC 7315 §4.2).
        forward.Set(SipHeaderNames.PCalledPartyId, $"<{request.RequestUriText}>");

        var responses = new List<SipResponse>();
        var spoken = new HashSet<string>();
        var timedOut = false;
        for (var i = 0; i < targets.Bindings.Count; i++)
        {
            var binding = targets.Bindings[i];
            if (binding.Outbound is { } other && spoken.Contains(other.Instance))
            {
                continue;
            }

            var isLast = i + 1 == targets.Bindings.Count;
            var result = await SendToContactAsync(transaction, forward, side, binding, isLast, cancellationToken);
            timedOut = result.Outcome == SipTransactionOutcome.TimedOut;

            if (result.Response is { } response)
            {
                // A failed flow is nothing that an end point needs to know of (RFC 5626 §11.5).
                if (response.StatusCode != 430)
                {
                    responses.Add(response);
                }

                // An instance that has answered over one of its flows is not asked over another (RFC 5626 §7).
                if (binding.Outbound is { } flow && response.StatusCode is not (408 or 430))
                {
                    spoken.Add(flow.Instance);
                }

                if (response.StatusCode is < 300 or >= 600 || (targets.IsGruu && response.StatusCode is not (408 or 430)))
                {
                    break;
                }
            }
        }

        // Timer F of the caller has run out as well, so this is for the record only; and a contact that can't be reached is a user who can't.
        await AnswerAsync(transaction, side, BestResponse.Of(responses), timedOut ? 504 : 480, isFromUserAgent: true, targets.Called, cancellationToken);
    }

    private async ValueTask<SipTransactionResult> SendToContactAsync(
        SipServerTransaction transaction, SipRequestBuilder shared, CoreSide from, Binding binding, bool isLast, CancellationToken cancellationToken)
    {
        // A builder's copy, since each contact has a URI and a Path of its own.
        using var forward = new SipRequestBuilder(shared.Build()) { RequestUri = WithoutHeaders(binding.Uri) };
        if (!binding.Side.IsTrusted)
        {
            IdentityRules.OnExit(forward, transaction.Request);
        }

        for (var i = binding.Path.Count - 1; i >= 0; i--)
        {
            forward.Prepend(SipHeaderNames.Route, binding.Path[i]);
        }

        RecordRoute(transaction, forward, from, binding.Side, binding.Flow.Remote);
        var request = forward.Build();
        using var patience = new CancellationTokenSource(isLast ? Timeout.InfiniteTimeSpan : options.ContactTimeout, options.TimeProvider);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(patience.Token, cancellationToken);

        try
        {
            // NAT and firewalls let through what goes back over the connection that the registration opened (RFC 5626 §5.3).
            return binding.Path.Count == 0 && IsOpenConnection(binding.Flow)
                ? await binding.Side.Stack.SendAsync(request, binding.Flow, either.Token)
                : await binding.Side.Stack.SendAsync(request, either.Token);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            return new SipTransactionResult(SipTransactionOutcome.TimedOut);
        }
    }

    private async ValueTask RelayAsync(
        SipServerTransaction transaction, SipRequestBuilder forward, CoreSide from, CoreSide to, SipUri nextHop, SipFlow? flow, CancellationToken cancellationToken)
    {
        if (!to.IsTrusted)
        {
            IdentityRules.OnExit(forward, transaction.Request);
        }

        if (IsDialogForming(transaction.Request) && nextHop.HostAddress() is { } address)
        {
            var protocol = nextHop.Transport ?? SipProtocol.Udp;
            RecordRoute(transaction, forward, from, to, new SipEndPoint(protocol, new System.Net.IPEndPoint(address, nextHop.Port ?? 5060)));
        }

        var result = IsOpenConnection(flow)
            ? await to.Stack.SendAsync(forward.Build(), flow, cancellationToken)
            : await to.Stack.SendAsync(forward.Build(), nextHop, cancellationToken);
        var status = result.Outcome == SipTransactionOutcome.TimedOut ? 504 : 500;
        await AnswerAsync(transaction, from, result.Response, status, isFromUserAgent: !to.IsTrusted, called: null, cancellationToken);
    }

    private static bool IsOpenConnection([NotNullWhen(true)] SipFlow? flow) => flow is { Protocol: not SipProtocol.Udp, IsOpen: true };

    // One for each side it passes, the outer one on top, so that either party comes to the side it can reach (RFC 5658 §3).
    private static void RecordRoute(SipServerTransaction transaction, SipRequestBuilder forward, CoreSide from, CoreSide to, SipEndPoint peer)
    {
        if (!IsDialogForming(transaction.Request))
        {
            return;
        }

        if (from != to || transaction.Flow.Protocol != peer.Protocol)
        {
            forward.Prepend(SipHeaderNames.RecordRoute, from.RouteTo(transaction.Flow.Remote));
        }

        forward.Prepend(SipHeaderNames.RecordRoute, to.RouteTo(peer));
    }

    private static bool IsDialogForming(SipRequest request) => request.To.Tag.IsEmpty && DialogForming.Contains(request.Method);

    private static async ValueTask AnswerAsync(
        SipServerTransaction transaction, CoreSide side, SipResponse? response, int otherwise, bool isFromUserAgent, SipUri? called, CancellationToken cancellationToken)
    {
        // 503 would make the caller give up on the core itself (RFC 3261 §16.7 step 6), and a proxy never sends 408 to these (RFC 4320 §4.2).
        var status = response?.StatusCode switch
        {
            null => otherwise,
            503 => 500,
            408 => 504,
            _ => 0,
        };

        if (status != 0)
        {
            await transaction.RespondAsync(status, cancellationToken: cancellationToken);
            return;
        }

        using var answer = new SipResponseBuilder(response!);
        answer.RemoveFirstValue(SipHeaderNames.Via);

        if (isFromUserAgent)
        {
            answer.Remove(SipHeaderNames.PAssertedIdentity);
            answer.Remove(SipHeaderNames.PAssertedService);
            if (side.IsTrusted && called is not null && response!.IsSuccess)
            {
                answer.Add(SipHeaderNames.PAssertedIdentity, $"<{called}>");
            }
        }

        if (!side.IsTrusted)
        {
            IdentityRules.OnExit(answer, response!);
        }

        await transaction.RespondAsync(answer.Build(), cancellationToken);
    }
}
