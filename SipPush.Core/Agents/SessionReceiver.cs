using System.Threading.Channels;
using Microsoft.Extensions.Logging;
using SipPush.Diagnostics;
using SipPush.Msrp;
using SipPush.Sdp;
using SipPush.Sip;

namespace SipPush;

/// <summary>Answers INVITEs for a receiver, and hands over what comes in the sessions. A session lives until either end says BYE, or its dialog or its media are lost.</summary>
internal sealed class SessionReceiver(
    SipUserAgent userAgent,
    PushReceiverOptions options,
    PushMedia media,
    MessageReader reader,
    Func<PushOffer, CancellationToken, ValueTask<PushDecision>> decide,
    ChannelWriter<IncomingPush> queue,
    ILogger log) : IAsyncDisposable
{
    private readonly HashSet<ReceivingSession> _sessions = [];
    private bool _isDisposed;

    public async ValueTask HandleAsync(Invitation invitation, CancellationToken cancellationToken)
    {
        var stack = userAgent.Stack;
        var refusal = options.RequireTrustedSender && !invitation.IsTrusted ? new PushRefusal(403, "it comes from outside the trust domain") : null;
        var offer = refusal is null ? reader.ReadInvite(invitation.Request, invitation.IsTrusted, stack.TimeProvider.GetUtcNow(), out refusal) : null;
        if (offer is null)
        {
            await RefuseAsync(invitation, refusal!.Status, refusal.Cause, null, cancellationToken).ConfigureAwait(false);
            return;
        }

        if (invitation.Offer is not { } body || !SessionDescription.TryParse(body.Octets.Span, out var description, out _, SdpProfile.Lenient))
        {
            // Without an offer this end would have to make one, for messages that it does not know.
            await RefuseAsync(invitation, 488, "there is no offer that can be read", null, cancellationToken).ConfigureAwait(false);
            return;
        }

        await AnswerAsync(invitation, offer, description, cancellationToken).ConfigureAwait(false);
    }

    public async ValueTask DisposeAsync()
    {
        ReceivingSession[] sessions;
        lock (_sessions)
        {
            _isDisposed = true;
            sessions = [.. _sessions];
        }

        foreach (var session in sessions)
        {
            await session.DisposeAsync().ConfigureAwait(false);
        }
    }

    private async ValueTask AnswerAsync(Invitation invitation, PushOffer offer, SessionDescription description, CancellationToken cancellationToken)
    {
        var messages = media.Options.Messages with
        {
            AcceptTypes = reader.AcceptedTypes.Contains("*/*") ? ["*"] : [.. reader.AcceptedTypes],
            MaxSize = options.MaxSize,
            ReportTiming = MsrpReportTiming.ByApplication,
        };
        var negotiation = new MsrpNegotiation(media, userAgent.Stack, userAgent.ContactUser ?? "-", messages.AcceptTypes, messages, options.MaxSize, MediaDirection.ReceiveOnly);
        var exchange = new OfferAnswerExchange();
        ReceivingSession? session = null;
        try
        {
            exchange.ReceiveOffer(description);
            var answer = SdpAnswerer.Answer(description, negotiation.Capabilities with { MaxSessions = 1 });
            if (answer.RefusalStatus is { } status || !answer.Lines.Any(line => line.IsAccepted))
            {
                await RefuseAsync(invitation, answer.RefusalStatus ?? 488, $"nothing of the offer is taken: {(answer.Lines.Count > 0 ? answer.Lines[0].Refusal : LineRefusal.NotOffered)}", null, cancellationToken).ConfigureAwait(false);
                return;
            }

            var decision = await decide(offer, cancellationToken).ConfigureAwait(false);
            if (decision.Status is < 200 or >= 300)
            {
                await RefuseAsync(invitation, decision.Status, decision.Reason ?? "the application has decided so", decision.RetryAfter, cancellationToken).ConfigureAwait(false);
                return;
            }

            var line = answer.Lines.First(line => line.IsAccepted);
            session = new ReceivingSession(negotiation.SessionOf(line.Index), message => HandOverAsync(message, offer), Remove, log);
            if (!TryAdd(session))
            {
                await RefuseAsync(invitation, 480, "the receiver ends", null, cancellationToken).ConfigureAwait(false);
                return;
            }

            session.Begin(negotiation.RemoteOf(line.Route!));
            var local = exchange.Answer(answer.Description);
            session.IsAccepted(await invitation.AcceptAsync(new SipBody(SessionDescription.ContentType, local.ToOctets()), cancellationToken).ConfigureAwait(false));
            PushMetrics.PushAnswered(PushMode.Session, 200);
            session = null;
        }
        finally
        {
            if (session is not null)
            {
                await session.DisposeAsync().ConfigureAwait(false);
            }

            if (session is not null || invitation.Cancelled.IsCancellationRequested)
            {
                await negotiation.DropAsync().ConfigureAwait(false);
            }
        }
    }

    private async ValueTask RefuseAsync(Invitation invitation, int status, string cause, TimeSpan? retryAfter, CancellationToken cancellationToken)
    {
        PushLog.SessionRefused(log, invitation.Flow, status, cause);
        PushMetrics.PushAnswered(PushMode.Session, status);
        await invitation.RejectAsync(status, null, retryAfter, cancellationToken).ConfigureAwait(false);
    }

    private async ValueTask HandOverAsync(IncomingMsrpMessage message, PushOffer offer)
    {
        try
        {
            if (await ContentReader.ReadAsync(message, offer, reader, options.Lenient).ConfigureAwait(false) is { } push)
            {
                await queue.WriteAsync(push).ConfigureAwait(false);
                return;
            }

            message.Report(MsrpStatus.UnsupportedMediaType);
        }
        catch (Exception failure) when (failure is IOException or ChannelClosedException)
        {
            PushLog.MediaFailed(log, failure);
        }

        await message.DisposeAsync().ConfigureAwait(false);
    }

    private bool TryAdd(ReceivingSession session)
    {
        lock (_sessions)
        {
            return !_isDisposed && _sessions.Add(session);
        }
    }

    private void Remove(ReceivingSession session)
    {
        lock (_sessions)
        {
            _sessions.Remove(session);
        }
    }
}
