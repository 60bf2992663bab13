using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using SipPush.Sip;

namespace SipPush.Samples.SipCore;

/// <summary>
/// Forwards requests, stateful by transaction (RFC 3261 §16). A request for an address with several contacts goes to them one
/// after the other, until one takes it or refuses it for all of them (6xx): a push is not to arrive twice. An INVITE goes to all of them
/// at once, see <see cref="CallForwarding"/>.
/// </summary>
internal sealed class Proxy(CoreOptions options, CoreDomain domain, CoreSide trusted, LocationTable locations, TargetFinder finder)
{
    // Leaving and coming back once may have its reason; more is a loop (RFC 3261 §16.3 step 4).
    private const int MostPasses = 2;

    private static readonly SipMethod[] DialogForming = [SipMethod.Invite, new("SUBSCRIBE"), new("REFER")];

    public async ValueTask HandleAsync(SipServerTransaction transaction, CoreSide side, CancellationToken cancellationToken)
    {
        var request = transaction.Request;
        if (Refusal(request) is var refusal and not 0)
        {
            await transaction.RespondAsync(refusal, cancellationToken: cancellationToken);
            return;
        }

        if (request.Contains(SipHeaderNames.ProxyRequire))
        {
            using var answer = transaction.CreateResponse(420);
            answer.Add(SipHeaderNames.Unsupported, string.Join(", ", request.Values(SipHeaderNames.ProxyRequire)));
            await transaction.RespondAsync(answer.Build(), cancellationToken);
            return;
        }

        var way = FindWay(request, transaction.Flow, side);
        if (way.IsForCore)
        {
            await AnswerForCoreAsync(transaction, cancellationToken);
        }
        else if (way.Hops.Count == 0)
        {
            await transaction.RespondAsync(way.Otherwise, cancellationToken: cancellationToken);
        }
        else if (request.Method == SipMethod.Invite)
        {
            await new CallForwarding(transaction, side, way).RunAsync(cancellationToken);
        }
        else
        {
            await ForwardAsync(transaction, side, way, cancellationToken);
        }
    }

    /// <summary>Passes the ACK of a 2xx on, without state (RFC 3261 §16.11).</summary>
    public async ValueTask HandleAckAsync(SipRequest ack, SipFlow flow, CoreSide side, CancellationToken cancellationToken)
    {
        // Every dialog is recorded, so what was not sent here by its Route acknowledges an answer of the core's own.
        if (Refusal(ack) != 0 || !ack.Addresses(SipHeaderNames.Route).Any(route => route.Uri is { } uri && domain.Owns(uri)))
        {
            return;
        }

        if (FindWay(ack, flow, side).Hops is [var hop, ..])
        {
            try
            {
                await hop.SendAckAsync(cancellationToken);
            }
            catch (IOException)
            {
                // The callee repeats its 2xx, and gives up in the end; there is nobody to tell.
            }
        }
    }

    private int Refusal(SipRequest request)
    {
        // The stack has not found its INVITE.
        if (request.Method == SipMethod.Cancel)
        {
            return 481;
        }

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

    private Way FindWay(SipRequest request, SipFlow flow, CoreSide side)
    {
        using var forward = new SipRequestBuilder(request);
        var (route, leaving) = PopOwn(forward, request);
        var sender = side.IsTrusted ? null : SenderOf(request, flow);

        // In an ACK nothing is asserted (RFC 3325 §9.1).
        IdentityRules.OnEntry(forward, request, side.IsTrusted, request.Method == SipMethod.Ack ? null : sender);
        forward.Set(SipHeaderNames.MaxForwards, ((request.MaxForwards ?? 71) - 1).ToString(CultureInfo.InvariantCulture));

        var uri = request.RequestUri!;
        if (route is null && domain.Owns(uri))
        {
            return uri.User.IsEmpty ? Way.ToCore
                : IsPsa(uri) ? Relay(forward, request, flow, side, trusted, options.PsaUri!, connection: null)
                : Deliver(forward, request, flow, side);
        }

        // Strangers get to the users of the domain, and nowhere else; in a dialog with one they call him by his contact.
        var isInDialog = !request.To.Tag.IsEmpty;
        var contact = locations.FindContact(route ?? uri);
        if (!side.IsTrusted && sender is null && !(isInDialog && contact is not null))
        {
            return Way.Refused(403);
        }

        // In a dialog Record-Route has said which side the far end is on. Else it is a registered user agent, or an application server.
        var to = (isInDialog ? leaving : null) ?? contact?.Side ?? trusted;
        return contact is { IsReachable: false } ? Way.Refused(430) : Relay(forward, request, flow, side, to, route ?? uri, contact?.Flow);
    }

    // Routes that name the core have done their work (§16.4): the first other one, and the side that the last of them named.
    private (SipUri? Route, CoreSide? Leaving) PopOwn(SipRequestBuilder forward, SipRequest request)
    {
        var leaving = default(CoreSide);
        foreach (var address in request.Addresses(SipHeaderNames.Route))
        {
            if (address.Uri is not { } uri || !domain.Owns(uri) || !uri.User.IsEmpty)
            {
                return (address.Uri, leaving);
            }

            leaving = domain.SideOf(uri);
            forward.RemoveFirstValue(SipHeaderNames.Route);
        }

        return (null, leaving);
    }

    // The identity that registered from where the request comes: the preferred one if it did, else that of From.
    private SipUri? SenderOf(SipRequest request, SipFlow flow)
    {
        var preferred = request.Addresses(SipHeaderNames.PPreferredIdentity).FirstOrDefault().Uri;
        return Registered(preferred) ?? Registered(request.From.Uri);

        SipUri? Registered(SipUri? identity) =>
            identity is not null && domain.AddressOfRecord(identity) is { } address && locations.Find(address).Any(binding => IsSamePeer(binding.Flow, flow))
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

    private Way Deliver(SipRequestBuilder forward, SipRequest request, SipFlow flow, CoreSide from)
    {
        var targets = finder.Find(request, request.RequestUri!);

        // The called identity, as it was before the contact took its place (RFC 7315 §4.2).
        if (request.To.Tag.IsEmpty)
        {
            forward.Set(SipHeaderNames.PCalledPartyId, $"<{request.RequestUriText}>");
        }

        return new Way
        {
            Hops = [.. targets.Bindings.Select(binding => ToContact(forward, request, flow, from, binding))],
            Otherwise = targets.Status,
            Called = targets.Called,
            IsGruu = targets.IsGruu,
        };
    }

    private static Hop ToContact(SipRequestBuilder shared, SipRequest request, SipFlow flow, CoreSide from, Binding binding)
    {
        // A builder's copy, since each contact has a URI and a Path of its own.
        using var forward = new SipRequestBuilder(shared.Build()) { RequestUri = WithoutHeaders(binding.Uri) };
        if (!binding.Side.IsTrusted)
        {
            IdentityRules.OnExit(forward, request);
        }

        for (var i = binding.Path.Count - 1; i >= 0; i--)
        {
            forward.Prepend(SipHeaderNames.Route, binding.Path[i]);
        }

        RecordRoute(forward, request, flow, from, binding.Side, binding.Flow.Protocol, binding.Flow.Remote.Address.Address);
        return new Hop(forward.Build(), binding.Side)
        {
            // NAT and firewalls let through what goes back over the connection that the registration opened (RFC 5626 §5.3).
            Connection = binding.Path.Count == 0 && IsOpenConnection(binding.Flow) ? binding.Flow : null,
            Instance = binding.Outbound?.Instance,
            IsToUserAgent = true,
        };
    }

    private static Way Relay(SipRequestBuilder forward, SipRequest request, SipFlow flow, CoreSide from, CoreSide to, SipUri nextHop, SipFlow? connection)
    {
        if (!to.IsTrusted)
        {
            IdentityRules.OnExit(forward, request);
        }

        RecordRoute(forward, request, flow, from, to, nextHop.Transport ?? SipProtocol.Udp, nextHop.HostAddress());
        var hop = new Hop(forward.Build(), to)
        {
            NextHop = nextHop,
            Connection = IsOpenConnection(connection) ? connection : null,
            IsToUserAgent = !to.IsTrusted,
        };
        return new Way { Hops = [hop], Otherwise = 500 };
    }

    private async ValueTask ForwardAsync(SipServerTransaction transaction, CoreSide side, Way way, CancellationToken cancellationToken)
    {
        var responses = new List<SipResponse>();
        var spoken = new HashSet<string>();
        var timedOut = false;
        for (var i = 0; i < way.Hops.Count; i++)
        {
            var hop = way.Hops[i];
            if (hop.Instance is { } instance && spoken.Contains(instance))
            {
                continue;
            }

            var result = await SendAsync(hop, isLast: i + 1 == way.Hops.Count, cancellationToken);
            timedOut = result.Outcome == SipTransactionOutcome.TimedOut;

            if (result.Response is { } response)
            {
                // A failed flow is nothing that an end point needs to know of (RFC 5626 §11.5).
                if (response.StatusCode != 430 || way.Called is null)
                {
                    responses.Add(response);
                }

                // An instance that has answered over one of its flows is not asked over another (RFC 5626 §7).
                if (hop.Instance is { } asked && !Way.LeadsOn(response))
                {
                    spoken.Add(asked);
                }

                if (response.StatusCode is < 300 or >= 600 || (way.IsGruu && !Way.LeadsOn(response)))
                {
                    break;
                }
            }
        }

        // 503 would make the caller give up on the core itself (RFC 3261 §16.7 step 6), and a proxy never sends 408 to these (RFC 4320 §4.2).
        // Where all were silent Timer F of the caller has run out as well, so 504 is for the record only.
        var best = BestResponse.Of(responses);
        var status = best?.StatusCode switch
        {
            null => timedOut ? 504 : way.Otherwise,
            503 => 500,
            408 => 504,
            _ => 0,
        };

        if (status != 0)
        {
            await transaction.RespondAsync(status, cancellationToken: cancellationToken);
            return;
        }

        await transaction.RespondAsync(ForwardedResponse.Create(best!, side, way.Hops[^1].IsToUserAgent, way.Called), cancellationToken);
    }

    private async ValueTask<SipTransactionResult> SendAsync(Hop hop, bool isLast, CancellationToken cancellationToken)
    {
        using var patience = new CancellationTokenSource(isLast ? Timeout.InfiniteTimeSpan : options.ContactTimeout, options.TimeProvider);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(patience.Token, cancellationToken);
        try
        {
            return await hop.SendAsync(either.Token);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            return new SipTransactionResult(SipTransactionOutcome.TimedOut);
        }
    }

    private static bool IsOpenConnection([NotNullWhen(true)] SipFlow? flow) => flow is { Protocol: not SipProtocol.Udp, IsOpen: true };

    // One for each side it passes, the outer one on top, so that either party comes to the side it can reach (RFC 5658 §3).
    private static void RecordRoute(
        SipRequestBuilder forward, SipRequest request, SipFlow flow, CoreSide from, CoreSide to, SipProtocol protocol, System.Net.IPAddress? peer)
    {
        if (!request.To.Tag.IsEmpty || !DialogForming.Contains(request.Method))
        {
            return;
        }

        if (from != to || flow.Protocol != protocol)
        {
            forward.Prepend(SipHeaderNames.RecordRoute, from.RouteTo(flow.Protocol, flow.Remote.Address.Address));
        }

        forward.Prepend(SipHeaderNames.RecordRoute, to.RouteTo(protocol, peer));
    }
}
