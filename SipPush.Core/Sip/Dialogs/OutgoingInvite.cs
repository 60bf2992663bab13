using Microsoft.Extensions.Logging;
using SipPush.Diagnostics;

namespace SipPush.Sip;

/// <summary>
/// An INVITE that begins a session, at the end that sends it, with all the branches that a fork makes of it (RFC 3261 §13.2). The first 2xx
/// wins; every other is acknowledged and its session ended with BYE.
/// </summary>
internal sealed class OutgoingInvite
{
    private readonly SipUserAgent _userAgent;
    private readonly InviteOptions _options;
    private readonly SessionTimer? _timer;
    private readonly ILogger _log;
    private readonly Lock _gate = new();
    private readonly Dictionary<string, SipSession> _branches = [];
    private string _contact = "";
    private SipSession? _winner;
    private bool _isGivenUp;

    public OutgoingInvite(SipUserAgent userAgent, InviteOptions options, SessionTimerOptions? timer)
    {
        _userAgent = userAgent;
        _options = options;
        _timer = timer is null ? null : new SessionTimer(timer);
        _log = userAgent.Stack.LoggerFactory.CreateLogger(SipPushTelemetry.SipCategory);
    }

    /// <summary>Sends the INVITE, again where it is challenged or its session timer is too short, and waits for the session or the refusal.</summary>
    /// <exception cref="OperationCanceledException"><paramref name="cancellationToken"/> was cancelled; CANCEL, or ACK and BYE, go out.</exception>
    public async ValueTask<InviteResult> RunAsync(SipUri target, CancellationToken cancellationToken)
    {
        using var request = _userAgent.CreateRequest(SipMethod.Invite, target);
        if (_options.Offer is { } offer)
        {
            request.SetBody(offer.ContentType, offer.Octets);
        }

        _options.Prepare?.Invoke(request);

        using var ringing = new CancellationTokenSource(_options.RingTimeout, _userAgent.Stack.TimeProvider);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, ringing.Token);
        try
        {
            var result = await SendAsync(request, either.Token).ConfigureAwait(false);
            return await CompleteAsync(result, either.Token).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (ringing.IsCancellationRequested && !cancellationToken.IsCancellationRequested)
        {
            GiveUp();
            return new InviteResult(SipTransactionOutcome.TimedOut, null);
        }
        catch (IOException error)
        {
            GiveUp();
            return new InviteResult(SipTransactionOutcome.TransportFailed, null, null, error);
        }
        catch
        {
            GiveUp();
            throw;
        }
    }

    private async ValueTask<SipTransactionResult> SendAsync(SipRequestBuilder request, CancellationToken cancellationToken)
    {
        uint number = 0;
        while (true)
        {
            _timer?.SetHeaders(request);
            var result = await _userAgent.SendAsync(request, () => ++number, SetContact, SendInviteAsync, cancellationToken).ConfigureAwait(false);
            if (result.StatusCode != 422 || _timer?.OnTooSmall(result.Response!) != true)
            {
                return result;
            }
        }
    }

    private void SetContact(SipRequestBuilder request, SipUri nextHop)
    {
        _contact = _userAgent.FormatContact(request.RequestUri!, nextHop, _options.ContactParameters);
        _userAgent.AddSessionHeaders(request, _contact);
        if (_options.ReliableProvisionals)
        {
            request.Add(SipHeaderNames.Supported, "100rel");
        }
    }

    private ValueTask<SipTransactionResult> SendInviteAsync(SipRequest invite, SipUri nextHop, CancellationToken cancellationToken) =>
        _userAgent.Stack.SendInviteAsync(invite, nextHop, response => OnResponse(invite, response), cancellationToken);

    // Runs on the thread that received.
    private void OnResponse(SipRequest invite, SipResponse response)
    {
        if (!response.IsFinal)
        {
            OnProvisional(invite, response);
        }
        else if (response.IsSuccess)
        {
            OnSuccess(invite, response);
        }
    }

    private void OnProvisional(SipRequest invite, SipResponse response)
    {
        SipSession? session;
        lock (_gate)
        {
            // Nobody would end what begins after the INVITE was given up.
            session = _isGivenUp ? null : FindBranch(invite, response);
        }

        var receipt = ProvisionalReceipt.Unreliable;
        var rack = default(RAck);
        if (session is not null && _options.ReliableProvisionals)
        {
            lock (session.Provisionals)
            {
                receipt = session.Provisionals.OnProvisional(response, out rack);
            }
        }

        if (receipt == ProvisionalReceipt.Acknowledge)
        {
            session!.Run(() => AcknowledgeAsync(session, rack));
        }

        if (receipt != ProvisionalReceipt.Discard)
        {
            _options.Progress?.Report(response);
        }
    }

    private static async Task AcknowledgeAsync(SipSession session, RAck rack)
    {
        using var prack = session.Dialog.CreateRequest(SipMethod.Prack);
        prack.Add(SipHeaderNames.RAck, rack.ToString());
        await session.SendInDialogAsync(prack, session.Stack.SendAsync, session.Stack.Stopping).ConfigureAwait(false);
    }

    private void OnSuccess(SipRequest invite, SipResponse success)
    {
        SipSession? session;
        bool isRepeated, isWanted;
        lock (_gate)
        {
            session = FindBranch(invite, success);
            if (session is null)
            {
                SipLog.NoDialog(_log, success.CallId);
                return;
            }

            isRepeated = session.Ack is not null;
            isWanted = session == _winner || (_winner is null && !_isGivenUp);
            if (!isRepeated)
            {
                session.Dialog.Confirm(success);
                session.Ack = new InviteAck(session, invite);
                _winner = isWanted ? session : _winner;
            }
        }

        if (isRepeated)
        {
            session.Ack!.Repeat();
        }
        else if (!isWanted)
        {
            session.Run(() => LeaveAsync(session));
        }
        else if (_options.Offer is not null)
        {
            session.Run(() => session.Ack!.SendAsync(null));
        }
    }

    // SIP-93: what came too late, or from another branch, is acknowledged before it is ended (RFC 3261 §13.2.2.4).
    private static async Task LeaveAsync(SipSession session)
    {
        if (!session.Ack!.IsSent)
        {
            await session.Ack.SendAsync(null).ConfigureAwait(false);
        }

        session.EndSoon(SipSessionEndCause.NeverConfirmed);
    }

    private SipSession? FindBranch(SipRequest invite, SipResponse response)
    {
        var tag = response.To.Tag.ToString();
        if (!_branches.TryGetValue(tag, out var session) && Dialog.ForClient(invite, response) is { } dialog)
        {
            session = new SipSession(_userAgent, dialog, invite, _contact, _timer);
            _branches.Add(tag, session);
            _userAgent.Stack.Sessions.Add(session);
        }

        return session;
    }

    private async ValueTask<InviteResult> CompleteAsync(SipTransactionResult result, CancellationToken cancellationToken)
    {
        SipSession? session;
        lock (_gate)
        {
            session = _winner;
        }

        DropEarly();
        if (session is null || result.Response is not { IsSuccess: true } success)
        {
            return new InviteResult(result.Outcome, null, result.Response, result.Error);
        }

        session.RemoteDescription = SipBody.Of(success);
        session.LocalDescription = _options.Offer;
        if (_options.Offer is null)
        {
            session.LocalDescription = _options.AnswerAsync is { } answer ? await answer(success, cancellationToken).ConfigureAwait(false) : null;
            await session.Ack!.SendAsync(session.LocalDescription).ConfigureAwait(false);
            if (session.LocalDescription is null && session.RemoteDescription is not null)
            {
                await session.EndAsync(cancellationToken).ConfigureAwait(false);
                return new InviteResult(result.Outcome, null, success);
            }
        }

        session.OnEstablished(success);
        return new InviteResult(result.Outcome, session, success);
    }

    private void GiveUp()
    {
        SipSession? session;
        lock (_gate)
        {
            _isGivenUp = true;
            session = _winner;
        }

        DropEarly();
        session?.Run(() => LeaveAsync(session));
    }

    // Branches that never were confirmed end without a word; a 2xx of theirs that still comes begins anew, and is left.
    private void DropEarly()
    {
        SipSession[] early;
        lock (_gate)
        {
            early = [.. _branches.Values.Where(session => session.Dialog.State == DialogState.Early)];
            foreach (var session in early)
            {
                _branches.Remove(session.Dialog.Id.RemoteTag);
            }
        }

        foreach (var session in early)
        {
            session.EndSilently(new SipSessionEnd(SipSessionEndCause.NeverConfirmed));
        }
    }
}
