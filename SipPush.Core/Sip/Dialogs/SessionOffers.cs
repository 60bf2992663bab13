using System.Diagnostics.CodeAnalysis;
using System.Globalization;

namespace SipPush.Sip;

/// <summary>The changes and refreshes of a session by re-INVITE and UPDATE, in both directions (RFC 3261 §14, RFC 3311, RFC 4028 §7.4).</summary>
[SuppressMessage("Reliability", "CA1001", Justification = "The semaphore's wait handle is never asked for")]
internal sealed class SessionOffers(SipSession session)
{
    // Both ends asked at once: each time by chance, so this often means that the far end does not wait at all.
    private const int MostAttempts = 5;

    // An ACK may be lost, and the next INVITE come before it is sent again. Each 2xx is repeated until its ACK comes, so they are few.
    private const int MostUnacknowledged = 4;

    private readonly SemaphoreSlim _turn = new(1, 1);
    private readonly Lock _gate = new();
    private bool _ownInviteIsPending;
    private bool _ownOfferIsOpen;
    private SipServerTransaction? _peersInvite;
    private SipServerTransaction? _peersUpdate;

    /// <summary>Sends one when its turn has come, again where both ends asked at once or the session timer was too short.</summary>
    /// <param name="method">INVITE or UPDATE.</param>
    /// <param name="offer">Makes the offer, each time that it is sent: what the far end offers in between may have changed the session. Null for an UPDATE that only refreshes.</param>
    /// <param name="taken">Called with the 2xx, before the far end's next offer is let in; it must neither block nor throw. Null for nobody.</param>
    /// <param name="cancellationToken">Gives it up. A 2xx that crosses the CANCEL is taken all the same.</param>
    public async ValueTask<SipTransactionResult> SendAsync(SipMethod method, Func<SipBody>? offer, Action<SipResponse>? taken, CancellationToken cancellationToken)
    {
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, session.Ending);
        try
        {
            return await SendInTurnAsync(method, offer, taken, either.Token).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            return new SipTransactionResult(SipTransactionOutcome.TransportFailed, null, new IOException("The session has ended"));
        }
    }

    private async ValueTask<SipTransactionResult> SendInTurnAsync(SipMethod method, Func<SipBody>? offer, Action<SipResponse>? taken, CancellationToken cancellationToken)
    {
        await _turn.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            for (var attempt = 1; ; attempt++)
            {
                while (!TryBegin(method == SipMethod.Invite, offer is not null))
                {
                    await PauseAsync(cancellationToken).ConfigureAwait(false);
                }

                var result = await SendOnceAsync(method, offer, taken, cancellationToken).ConfigureAwait(false);
                if (result.StatusCode == 491 && attempt < MostAttempts)
                {
                    await PauseAsync(cancellationToken).ConfigureAwait(false);
                }
                else if (result.StatusCode != 422 || !session.Refresh.OnTooSmall(result.Response!))
                {
                    session.EndIfLost(result);
                    return result;
                }
            }
        }
        finally
        {
            _turn.Release();
        }
    }

    /// <summary>Refreshes the session: by UPDATE where the far end takes it, or by saying the same again in a re-INVITE (RFC 4028 §7.4).</summary>
    public ValueTask<SipTransactionResult> RefreshAsync(CancellationToken cancellationToken) =>
        session.PeerAllowsUpdate || session.LocalDescription is null
            ? SendAsync(SipMethod.Update, null, null, cancellationToken)
            : SendAsync(SipMethod.Invite, () => session.LocalDescription!.Value, null, cancellationToken);

    /// <summary>A re-INVITE of the far end.</summary>
    public async ValueTask OnInviteAsync(SipServerTransaction invite, CancellationToken cancellationToken)
    {
        ReinviteVerdict verdict;
        var isTooMuch = session.Accepted.Unacknowledged >= MostUnacknowledged;
        lock (_gate)
        {
            verdict = session.Dialog.State == DialogState.Early || isTooMuch
                ? ReinviteVerdict.ComeBack
                : ReinviteRules.OnInvite(_ownInviteIsPending || _ownOfferIsOpen, PeersOfferIsOpen);
            _peersInvite = verdict == ReinviteVerdict.Accept ? invite : _peersInvite;
        }

        if (verdict != ReinviteVerdict.Accept)
        {
            await RefuseAsync(invite, verdict, cancellationToken).ConfigureAwait(false);
            return;
        }

        try
        {
            await AnswerUntilEndAsync(invite, cancellationToken).ConfigureAwait(false);
        }
        finally
        {
            Forget(invite);
        }
    }

    /// <summary>An UPDATE of the far end, with an offer or only to refresh.</summary>
    public async ValueTask OnUpdateAsync(SipServerTransaction update, CancellationToken cancellationToken)
    {
        ReinviteVerdict verdict;
        lock (_gate)
        {
            // While the dialog is early the offer of its INVITE is open.
            var isEarly = session.Dialog.State == DialogState.Early;
            verdict = ReinviteRules.OnUpdate(
                !update.Request.Body.IsEmpty,
                _peersUpdate is not null,
                _ownOfferIsOpen || (isEarly && session.IsCaller),
                PeersOfferIsOpen || (isEarly && !session.IsCaller));
            _peersUpdate = verdict == ReinviteVerdict.Accept ? update : _peersUpdate;
        }

        if (verdict != ReinviteVerdict.Accept)
        {
            await RefuseAsync(update, verdict, cancellationToken).ConfigureAwait(false);
            return;
        }

        try
        {
            await AnswerUntilEndAsync(update, cancellationToken).ConfigureAwait(false);
        }
        finally
        {
            Forget(update);
        }
    }

    // An INVITE counts as an offer, for it asks for one where it brings none. Under the gate.
    private bool PeersOfferIsOpen => _peersInvite is not null || _peersUpdate is { Request.Body.IsEmpty: false };

    // From here to its answer every offer of the far end crosses it.
    private bool TryBegin(bool isInvite, bool hasOffer)
    {
        lock (_gate)
        {
            var may = ReinviteRules.MaySend(isInvite, hasOffer, _peersInvite is not null, PeersOfferIsOpen);
            _ownInviteIsPending = may && isInvite;
            _ownOfferIsOpen = may && hasOffer;
            return may;
        }
    }

    private async ValueTask PauseAsync(CancellationToken cancellationToken)
    {
        var wait = ReinviteRules.WaitAfterPending(session.IsCaller, session.Stack.Identifiers.NextFraction());
        await Task.Delay(wait, session.Stack.TimeProvider, cancellationToken).ConfigureAwait(false);
    }

    private async ValueTask<SipTransactionResult> SendOnceAsync(SipMethod method, Func<SipBody>? offer, Action<SipResponse>? taken, CancellationToken cancellationToken)
    {
        try
        {
            using var request = session.Dialog.CreateRequest(method);
            session.UserAgent.AddSessionHeaders(request, session.Contact);
            session.Refresh.SetHeaders(request);
            SipBody? body = offer?.Invoke();
            if (body is var (contentType, octets))
            {
                request.SetBody(contentType, octets);
            }

            void Accept(SipResponse success)
            {
                this.Accept(body, success);
                taken?.Invoke(success);
            }

            RequestSender send = method == SipMethod.Invite ? (invite, nextHop, token) => SendInviteAsync(invite, Accept, nextHop, token) : session.Stack.SendAsync;
            var result = await session.SendInDialogAsync(request, send, cancellationToken).ConfigureAwait(false);
            if (method != SipMethod.Invite && result.Response is { IsSuccess: true } success)
            {
                Accept(success);
            }

            return result;
        }
        finally
        {
            lock (_gate)
            {
                _ownInviteIsPending = _ownOfferIsOpen = false;
            }
        }
    }

    // Each 2xx is acknowledged, also when it comes after the waiting for it was given up. The first is in force before its ACK, which
    // goes to the target that it names (RFC 3261 §12.2.1.2).
    private ValueTask<SipTransactionResult> SendInviteAsync(SipRequest invite, Action<SipResponse> accept, SipUri nextHop, CancellationToken cancellationToken)
    {
        var ack = new InviteAck(session, invite);
        var isAcknowledged = 0;

        void OnResponse(SipResponse response)
        {
            if (!response.IsSuccess || !session.IsOfDialog(response))
            {
                return;
            }

            if (Interlocked.Exchange(ref isAcknowledged, 1) == 0)
            {
                accept(response);
                session.Run(() => ack.SendAsync(null));
            }
            else
            {
                ack.Repeat();
            }
        }

        return session.Stack.SendInviteAsync(invite, nextHop, OnResponse, cancellationToken);
    }

    private void Accept(SipBody? offer, SipResponse success)
    {
        session.Dialog.RefreshTarget(success);
        session.Refresh.OnSuccess(success);
        if (offer is not null)
        {
            session.LocalDescription = offer;
            session.RemoteDescription = SipBody.Of(success) ?? session.RemoteDescription;
        }
    }

    // BYE leaves no request unanswered (RFC 3261 §15.1.2).
    private async ValueTask AnswerUntilEndAsync(SipServerTransaction transaction, CancellationToken cancellationToken)
    {
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, transaction.Cancelled, session.Ending);
        try
        {
            await AnswerAsync(transaction, either.Token).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (session.Ending.IsCancellationRequested && !cancellationToken.IsCancellationRequested)
        {
            await transaction.RespondAsync(487, cancellationToken: cancellationToken).ConfigureAwait(false);
        }
    }

    private async ValueTask AnswerAsync(SipServerTransaction transaction, CancellationToken cancellationToken)
    {
        var request = transaction.Request;
        var timer = session.Refresh.Judge(request);
        if (timer is { TooSmall: not null } tooSmall)
        {
            using var refusal = transaction.CreateResponse(422);
            tooSmall.AddTo(refusal);
            Forget(transaction);
            await transaction.RespondAsync(refusal.Build(), cancellationToken).ConfigureAwait(false);
            return;
        }

        var offer = SipBody.Of(request);
        var answer = await FindAnswerAsync(request, offer, cancellationToken).ConfigureAwait(false);
        if (answer is null && (offer is not null || request.Method == SipMethod.Invite))
        {
            Forget(transaction);
            await transaction.RespondAsync(488, cancellationToken: cancellationToken).ConfigureAwait(false);
            return;
        }

        // It may have been cancelled meanwhile, and then nothing changes.
        if (transaction.IsAnswered)
        {
            return;
        }

        using var success = transaction.CreateResponse(200);
        session.UserAgent.AddSessionHeaders(success, session.Contact);
        timer?.AddTo(success);
        if (answer is { } body)
        {
            success.SetBody(body.ContentType, body.Octets);
        }

        // The new state is in force when the answer has gone out, and whoever hears it may ask again at once.
        session.Dialog.RefreshTarget(request);
        session.LocalDescription = answer ?? session.LocalDescription;
        session.RemoteDescription = offer ?? session.RemoteDescription;
        if (timer is { } agreed)
        {
            session.Refresh.OnAnswered(request, agreed);
        }

        Forget(transaction);
        _ = request.Method == SipMethod.Invite
            ? await session.Accepted.AcceptAsync(transaction, success.Build(), cancellationToken).ConfigureAwait(false)
            : await transaction.RespondAsync(success.Build(), cancellationToken).ConfigureAwait(false);
    }

    // Before the answer goes out: the far end may be quicker with its next request than the sending is with coming back.
    private void Forget(SipServerTransaction answered)
    {
        lock (_gate)
        {
            _peersInvite = _peersInvite == answered ? null : _peersInvite;
            _peersUpdate = _peersUpdate == answered ? null : _peersUpdate;
        }
    }

    // A mere refresh says what was said before, and is answered with what was answered before: nobody needs to be asked (RFC 4028 §7.4).
    private async ValueTask<SipBody?> FindAnswerAsync(SipRequest request, SipBody? offer, CancellationToken cancellationToken)
    {
        if (offer is null && request.Method == SipMethod.Update)
        {
            return null;
        }

        var isRefresh = offer is { } body && session.RemoteDescription is { } known && body.Octets.Span.SequenceEqual(known.Octets.Span);
        return isRefresh || (offer is null && session.OfferAsync is null) ? session.LocalDescription
            : session.OfferAsync is { } handler ? await handler(request, cancellationToken).ConfigureAwait(false)
            : null;
    }

    private async ValueTask RefuseAsync(SipServerTransaction transaction, ReinviteVerdict verdict, CancellationToken cancellationToken)
    {
        using var refusal = transaction.CreateResponse(verdict == ReinviteVerdict.RequestPending ? 491 : 500);
        if (verdict == ReinviteVerdict.ComeBack)
        {
            var seconds = ReinviteRules.RetryAfterSeconds(session.Stack.Identifiers.NextFraction());
            refusal.Add(SipHeaderNames.RetryAfter, seconds.ToString(CultureInfo.InvariantCulture));
        }

        await transaction.RespondAsync(refusal.Build(), cancellationToken).ConfigureAwait(false);
    }
}
