using Microsoft.Extensions.Logging;
using SipPush.Diagnostics;
using SipPush.Sip.Location;
using SipPush.Sip.Transactions;

namespace SipPush.Sip;

/// <summary>What goes out of a stack: it finds the servers of a next hop and a flow to one of them, and begins the transaction there (RFC 3263 §4).</summary>
internal sealed class RequestRouter(TransactionLayer layer, ServerLocator locator, LocalTransports transports, ILogger log, CancellationToken stopping)
{
    /// <summary>Sends a request on a flow in a transaction of its own.</summary>
    public delegate ValueTask<SipTransactionResult> FlowSender(SipRequest request, SipFlow flow, CancellationToken cancellationToken);

    /// <summary>Where a request points: its topmost Route, or else its Request-URI; null when that is no URI.</summary>
    public static SipUri? FirstHop(SipRequest request)
    {
        var route = request.Contains(SipHeaderNames.Route) ? request.Addresses(SipHeaderNames.Route).FirstOrDefault().Uri : null;
        return route ?? request.RequestUri;
    }

    public ValueTask<SipTransactionResult> SendAsync(SipRequest request, SipFlow flow, CancellationToken cancellationToken) =>
        layer.Clients.SendAsync(request, flow, transports.SentBy(flow), cancellationToken);

    public ValueTask<SipTransactionResult> SendAsync(SipRequest request, SipUri? nextHop, CancellationToken cancellationToken)
    {
        // The usual next hop is an address that a flow leads to already: nothing to wait for, and no other to try.
        if (nextHop is null || !ServerLocator.TryLocate(nextHop, out var endPoint))
        {
            return LocateAndSendAsync(request, nextHop, SendAsync, cancellationToken);
        }

        // With maddr the address is not whom the URI is about.
        var domain = endPoint.Protocol == SipProtocol.Tls ? nextHop.Host.ToString() : null;
        var connecting = transports.ConnectAsync(endPoint, domain, request.Octets.Length, cancellationToken);
        return connecting.IsCompletedSuccessfully
            ? SendAsync(request, connecting.Result, cancellationToken)
            : SendWhenConnectedAsync(request, connecting, cancellationToken);
    }

    /// <summary>Sends an INVITE and tells <paramref name="received"/> of every response from 101 on; see <see cref="SipStack.SendInviteAsync"/>.</summary>
    public ValueTask<SipTransactionResult> SendInviteAsync(SipRequest invite, SipUri? nextHop, Action<SipResponse> received, CancellationToken cancellationToken) =>
        LocateAndSendAsync(
            invite,
            nextHop,
            (request, flow, token) => layer.Clients.SendInviteAsync(request, flow, transports.SentBy(flow), received, token),
            cancellationToken);

    /// <summary>Tries one server of the next hop after the other, until one has an answer that counts.</summary>
    /// <param name="request">What to send.</param>
    /// <param name="nextHop">Whose servers; null for none.</param>
    /// <param name="send">Sends it on a flow.</param>
    /// <param name="cancellationToken">Ends the attempts.</param>
    public async ValueTask<SipTransactionResult> LocateAndSendAsync(SipRequest request, SipUri? nextHop, FlowSender send, CancellationToken cancellationToken)
    {
        try
        {
            if (nextHop is null)
            {
                throw new IOException("The Request-URI is no URI");
            }

            var result = default(SipTransactionResult?);
            foreach (var target in await locator.LocateAsync(nextHop, cancellationToken).ConfigureAwait(false))
            {
                var next = await TrySendAsync(request, target, send, cancellationToken).ConfigureAwait(false);
                if (!next.IsFailure || stopping.IsCancellationRequested)
                {
                    locator.ReportAlive(target);
                    return next;
                }

                SipLog.TargetFailed(log, request.Method, target.EndPoint, next.StatusCode);
                locator.ReportDead(target, next.Response?.RetryAfter);

                // What a server said tells more than that the next could not be reached.
                result = next.Response is null ? result ?? next : next;
            }

            return result!.Value;
        }
        catch (IOException error)
        {
            return new SipTransactionResult(SipTransactionOutcome.TransportFailed, null, error);
        }
    }

    /// <summary>Sends the ACK of a 2xx to where <paramref name="nextHop"/> points.</summary>
    /// <exception cref="IOException">It can't be sent.</exception>
    public async ValueTask<SentAck> AcknowledgeAsync(SipRequest ack, SipUri nextHop, CancellationToken cancellationToken)
    {
        var failure = default(IOException);
        foreach (var target in await locator.LocateAsync(nextHop, cancellationToken).ConfigureAwait(false))
        {
            try
            {
                var flow = await transports.ConnectAsync(target.EndPoint, target.Domain, ack.Octets.Length, cancellationToken).ConfigureAwait(false);
                return await AcknowledgeAsync(ack, flow).ConfigureAwait(false);
            }
            catch (IOException error)
            {
                failure = error;
            }
        }

        throw failure!;
    }

    /// <summary>Sends the ACK of a 2xx on a flow.</summary>
    /// <exception cref="IOException">It can't be sent.</exception>
    public async ValueTask<SentAck> AcknowledgeAsync(SipRequest ack, SipFlow flow) =>
        new(flow, await layer.Clients.SendAckAsync(ack, flow, transports.SentBy(flow)).ConfigureAwait(false));

    private async ValueTask<SipTransactionResult> SendWhenConnectedAsync(SipRequest request, ValueTask<SipFlow> connecting, CancellationToken cancellationToken)
    {
        try
        {
            return await SendAsync(request, await connecting.ConfigureAwait(false), cancellationToken).ConfigureAwait(false);
        }
        catch (IOException error)
        {
            return new SipTransactionResult(SipTransactionOutcome.TransportFailed, null, error);
        }
    }

    // Every try is a transaction of its own, so its branch is new (RFC 3263 §4.3).
    private async ValueTask<SipTransactionResult> TrySendAsync(SipRequest request, SipTarget target, FlowSender send, CancellationToken cancellationToken)
    {
        try
        {
            var flow = await transports.ConnectAsync(target.EndPoint, target.Domain, request.Octets.Length, cancellationToken).ConfigureAwait(false);
            return await send(request, flow, cancellationToken).ConfigureAwait(false);
        }
        catch (IOException error)
        {
            return new SipTransactionResult(SipTransactionOutcome.TransportFailed, null, error);
        }
    }
}
