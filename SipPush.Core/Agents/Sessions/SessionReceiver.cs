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
    Channel<IncomingPush> queue,
    ILogger log) : IAsyncDisposable
{
    private readonly HashSet<ReceivingSession> _sessions = [];
    private readonly CancellationTokenSource _ending = new();
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

        var status = 488;
        if (invitation.Offer is not { } octets || !OfferBody.TryRead(octets, out var body, out status))
        {
            // Without an offer this end would have to make one, for messages that it does not know.
            await RefuseAsync(invitation, status, "there is no offer that can be read", null, cancellationToken).ConfigureAwait(false);
            return;
        }

        // Whoever is behind with reading gets no more sessions.
        if (queue.Reader.Count >= options.QueueLength)
        {
            PushLog.QueueFull(log, options.QueueLength);
            await RefuseAsync(invitation, 480, "the queue is full", options.RetryAfter, cancellationToken).ConfigureAwait(false);
            return;
        }

        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, _ending.Token);
        try
        {
            await AnswerAsync(invitation, offer, body, cancellationToken, either.Token).ConfigureAwait(false);
        }
        catch (Exception failure) when (_ending.IsCancellationRequested && !cancellationToken.IsCancellationRequested && failure is OperationCanceledException or ObjectDisposedException)
        {
            await RefuseAsync(invitation, 480, "the receiver ends", null, cancellationToken).ConfigureAwait(false);
        }
    }

    public async ValueTask DisposeAsync()
    {
        ReceivingSession[] sessions;
        lock (_sessions)
        {
            _isDisposed = true;
            sessions = [.. _sessions];
        }

        await _ending.CancelAsync().ConfigureAwait(false);
        await Task.WhenAll(sessions.Select(session => session.DisposeAsync().AsTask())).ConfigureAwait(false);
    }

    private async ValueTask AnswerAsync(Invitation invitation, PushOffer offer, OfferBody body, CancellationToken cancellationToken, CancellationToken deciding)
    {
        var messages = media.Options.Messages with
        {
            AcceptTypes = reader.SessionTypes,
            MaxSize = options.MaxSize,
            ReportTiming = MsrpReportTiming.ByApplication,
        };
        var negotiation = new MsrpNegotiation(media, userAgent, invitation.Flow.Remote.Address.Address, messages.AcceptTypes, messages, options.MaxSize, MediaDirection.ReceiveOnly) { LeavesEarlier = true };
        var exchange = new ReceivingExchange(negotiation, messages);
        ReceivingSession? session = null;
        try
        {
            var survey = exchange.Look(body, out var files)!;
            if (survey.RefusalStatus is not null || !survey.Lines.Any(line => line.IsAccepted))
            {
                await RefuseAsync(invitation, survey.RefusalStatus ?? 488, $"nothing of the offer is taken: {(survey.Lines.Count > 0 ? survey.Lines[0].Refusal : LineRefusal.NotOffered)}", null, cancellationToken).ConfigureAwait(false);
                return;
            }

            offer = WithFiles(offer, files);
            var decision = await decide(offer, deciding).ConfigureAwait(false);
            if (decision.Status is < 200 or >= 300)
            {
                await RefuseAsync(invitation, decision.Status, decision.Reason ?? "the application has decided so", decision.RetryAfter, cancellationToken).ConfigureAwait(false);
                return;
            }

            session = new ReceivingSession((message, file) => HandOverAsync(message, file, offer, invitation.IsTrusted), Remove, media.Options.EndsWithConnection, userAgent.Stack.TimeProvider, log);
            if (!TryAdd(session, out var cause))
            {
                await RefuseAsync(invitation, 480, cause, options.RetryAfter, cancellationToken).ConfigureAwait(false);
                return;
            }

            var answer = Answer(exchange, session, decision, files);
            if (answer.RefusalStatus is { } status)
            {
                await RefuseAsync(invitation, status, "nothing of the offer is taken", null, cancellationToken).ConfigureAwait(false);
                return;
            }

            session.Begin();
            var taken = session;
            invitation.Session.OfferAsync = (request, token) => AnswerAgainAsync(exchange, taken, invitation.Session, request, offer, token);
            var call = await invitation.AcceptAsync(new SipBody(SessionDescription.ContentType, answer.Description.ToOctets()), cancellationToken).ConfigureAwait(false);
            if (!session.IsAccepted(call))
            {
                // The receiver has ended meanwhile.
                await call.DisposeAsync().ConfigureAwait(false);
            }

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

    // A later offer: what is known goes on, what is new is decided on, and what is gone, or comes under another id, is given up (RFC 5547 §8.1).
    private async ValueTask<SipBody?> AnswerAgainAsync(ReceivingExchange exchange, ReceivingSession session, SipSession call, SipRequest request, PushOffer first, CancellationToken cancellationToken)
    {
        if (SipBody.Of(request) is not { } octets)
        {
            // Asked for an offer, this end says what it has said.
            return call.LocalDescription;
        }

        // What waits for room in the queue is bounded by the sessions that there are.
        if (queue.Reader.Count >= options.QueueLength)
        {
            PushLog.OfferRefused(log, call.Dialog.Id, "the queue is full");
            return null;
        }

        if (!OfferBody.TryRead(octets, out var body, out _) || exchange.Look(body, out var files) is not { } survey)
        {
            PushLog.OfferRefused(log, call.Dialog.Id, "it can't be read, or is none after those before it");
            return null;
        }

        if (survey.RefusalStatus is not null)
        {
            // Nothing of it could be taken, and what was agreed on still counts (RFC 3261 §14.2).
            PushLog.OfferRefused(log, call.Dialog.Id, $"nothing of it is taken: {survey.Lines[0].Refusal}");
            exchange.Refuse();
            return null;
        }

        var offer = WithFiles(first, files) with { Request = request, Received = userAgent.Stack.TimeProvider.GetUtcNow() };
        var decision = PushDecision.Accept;
        try
        {
            decision = files.Count > 0 ? await decide(offer, cancellationToken).ConfigureAwait(false) : decision;
        }
        catch
        {
            exchange.Refuse();
            throw;
        }

        if (decision.Status is < 200 or >= 300)
        {
            // The files are refused; what else there is goes on.
            decision = null;
        }

        var answer = Answer(exchange, session, decision, files);
        return new SipBody(SessionDescription.ContentType, answer.Description.ToOctets());
    }

    private static SdpAnswer Answer(ReceivingExchange exchange, ReceivingSession session, PushDecision? decision, IReadOnlyList<PushFileOffer> files)
    {
        var answer = exchange.Answer(index => decision is not null && (decision.Files is not { } taken || taken.Any(file => file.Index == index)), session.IsAlive);
        foreach (var line in answer.Lines)
        {
            if (!line.IsAccepted)
            {
                session.Remove(line.Index);
            }
            else if (!exchange.Negotiation.Kept.Contains(line.Index) && line.Novelty == FileTransferNovelty.New)
            {
                var negotiation = exchange.Negotiation;
                session.Add(line.Index, negotiation.SessionOf(line.Index), negotiation.RemoteOf(line.Route!), files.FirstOrDefault(file => file.Index == line.Index));
            }
        }

        return answer;
    }

    private static PushOffer WithFiles(PushOffer offer, IReadOnlyList<PushFileOffer> files) => files.Count == 0
        ? offer
        : offer with { Files = files, ContentType = files[0].ContentType ?? "application/octet-stream", Length = LengthOf(files) };

    // Sizes are the peer's word, and two of them may be more than there are numbers for.
    private static long LengthOf(IReadOnlyList<PushFileOffer> files) => (long)Math.Min(long.MaxValue, files.Sum(file => (decimal)(file.Length ?? 0)));

    private async ValueTask RefuseAsync(Invitation invitation, int status, string cause, TimeSpan? retryAfter, CancellationToken cancellationToken)
    {
        PushLog.SessionRefused(log, invitation.Flow, status, cause);
        PushMetrics.PushAnswered(PushMode.Session, status);
        if (status == 415)
        {
            await invitation.RejectAsync(status, null, (SipHeaderNames.Accept, SessionDescription.ContentType), cancellationToken).ConfigureAwait(false);
            return;
        }

        await invitation.RejectAsync(status, null, retryAfter, cancellationToken).ConfigureAwait(false);
    }

    private async ValueTask HandOverAsync(IncomingMsrpMessage message, PushFileOffer? file, PushOffer offer, bool isTrusted)
    {
        try
        {
            if (file is not null)
            {
                var received = offer with { ContentType = message.ContentType, Length = file.Length ?? message.AnnouncedLength ?? -1, Files = [file] };
                await queue.Writer.WriteAsync(new IncomingPush(received, message, file)).ConfigureAwait(false);
                return;
            }

            if (await ContentReader.ReadAsync(message, offer, reader, isTrusted, options.Lenient).ConfigureAwait(false) is { } push)
            {
                await queue.Writer.WriteAsync(push).ConfigureAwait(false);
                return;
            }
        }
        catch (Exception failure) when (failure is IOException or ChannelClosedException)
        {
            PushLog.MediaFailed(log, failure);
        }

        await message.DisposeAsync().ConfigureAwait(false);
    }

    private bool TryAdd(ReceivingSession session, out string cause)
    {
        lock (_sessions)
        {
            cause = _isDisposed ? "the receiver ends" : $"there are {options.MaximumSessions} sessions";
            return !_isDisposed && _sessions.Count < options.MaximumSessions && _sessions.Add(session);
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
