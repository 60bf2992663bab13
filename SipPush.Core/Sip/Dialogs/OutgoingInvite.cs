using Microsoft.Extensions.Logging;
using SipPush.Diagnostics;

namespace SipPush.Sip;

/// <summary>
/// An INVITE that begins a session, at the end that sends it, with all the branches that a fork makes of it (RFC 3261 §13.2). The first 2xx
/// wins; every other is acknowledged and its session ended with BYE.
/// </summary>
internal sealed class OutgoingInvite
{
    // Far more than proxies fork to. What comes beyond gets no early dialog, and its 2xx no ACK: who sends it is no callee of this call.
    private const int MostBranches = 32;

    // What is asked for once there is a session: nothing.
    private static readonly InviteOptions Settled = new();

    private readonly SipUserAgent _userAgent;
    private InviteOptions _options;
    private readonly SessionTimer? _timer;
    private readonly ILogger _log;
    private readonly Lock _gate = new();
    private readonly Dictionary<string, SipSession> _branches = [];
    private string _contact = "";
    private SipRequest? _ringing;
    private SipSession? _winner;
    private SipResponse? _success;
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
        var stopping = _userAgent.Stack.Stopping;
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, ringing.Token, stopping);
        try
        {
            var result = await SendAsync(request, either.Token).ConfigureAwait(false);
            return await CompleteAsync(result, either.Token).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (either.IsCancellationRequested && !cancellationToken.IsCancellationRequested)
        {
            GiveUp();
            return stopping.IsCancellationRequested
                ? new InviteResult(SipTransactionOutcome.TransportFailed, null, null, new IOException("The stack has stopped"))
                : new InviteResult(SipTransactionOutcome.TimedOut, null);
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

    private ValueTask<SipTransactionResult> SendInviteAsync(SipRequest invite, SipUri nextHop, CancellationToken cancellationToken)
    {
        // What the INVITE before began ended with its refusal (RFC 3261 §12.3); the numbers of its dialogs would be wrong by now.
        DropEarly();
        lock (_gate)
        {
            _ringing = invite;
        }

        return _userAgent.Stack.SendInviteAsync(invite, nextHop, response => OnResponse(invite, response), cancellationToken);
    }

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
            // Another thread may have ended the INVITE, or given it up: nobody would end what began now.
            if (invite != _ringing)
            {
                return;
            }

            session = FindBranch(invite, response, isWanted: false);
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
            isWanted = _winner is null && !_isGivenUp;
            session = FindBranch(invite, success, isWanted);
            if (session is null)
            {
                return;
            }

            isRepeated = session.Ack is not null;
            if (!isRepeated)
            {
                session.Dialog.Confirm(success);
                session.Ack = new InviteAck(session, invite);
                (_winner, _success) = isWanted ? (session, success) : (_winner, _success);
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
        try
        {
            await session.Ack!.SendAsync(null).ConfigureAwait(false);
        }
        finally
        {
            session.EndSoon(SipSessionEndCause.NeverConfirmed);
        }
    }

    // Null where a provisional response begins no dialog, and for what can begin none; what is wanted is not counted.
    private SipSession? FindBranch(SipRequest invite, SipResponse response, bool isWanted)
    {
        var tag = response.To.Tag.ToString();
        if (_branches.TryGetValue(tag, out var session))
        {
            return session;
        }

        if (_branches.Count >= MostBranches && !isWanted)
        {
            SipLog.TooManyBranches(_log, MostBranches, response.CallId);
            return null;
        }

        if (Dialog.ForClient(invite, response) is not { } dialog)
        {
            if (response.IsSuccess)
            {
                SipLog.NoDialog(_log, response.CallId);
            }

            return null;
        }

        // Each branch may agree on another interval, by an UPDATE even before the 2xx.
        session = new SipSession(_userAgent, dialog, invite, _contact, _timer?.Copy());
        _options.PrepareSession?.Invoke(session);
        _branches.Add(tag, session);
        _userAgent.Stack.Sessions.Add(session);
        return session;
    }

    private async ValueTask<InviteResult> CompleteAsync(SipTransactionResult result, CancellationToken cancellationToken)
    {
        // Where several threads hear of 2xx at once, the one that ended the transaction need not be the winner's.
        SipSession? session;
        SipResponse? success;
        lock (_gate)
        {
            (session, success) = (_winner, _success);
            _isGivenUp |= session is null;
        }

        DropEarly();
        if (session is null || success is null)
        {
            return new InviteResult(result.Outcome, null, result.Response, result.Error);
        }

        session.RemoteDescription = SipBody.Of(success);
        session.LocalDescription = _options.Offer;
        if (_options.Offer is null)
        {
            session.LocalDescription = _options.AnswerAsync is { } answer ? await answer(success, cancellationToken).ConfigureAwait(false) : null;
        }

        // Requests in the session must not overtake it.
        await session.Ack!.SendAsync(session.LocalDescription).ConfigureAwait(false);
        if (session.LocalDescription is null && session.RemoteDescription is not null)
        {
            await session.EndAsync(cancellationToken).ConfigureAwait(false);
            return new InviteResult(result.Outcome, null, success);
        }

        // The transaction stays for as long as its 2xx may come again, and all that this holds with it.
        _options = Settled;
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
            _ringing = null;
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
