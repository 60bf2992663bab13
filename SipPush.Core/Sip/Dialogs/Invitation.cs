using System.Diagnostics.CodeAnalysis;
using System.Globalization;

namespace SipPush.Sip;

/// <summary>An INVITE that has come and would begin a session, at the end that is called (RFC 3261 §13.3).</summary>
[SuppressMessage("Reliability", "CA1001", Justification = "The session is for whoever accepts to dispose, and ended otherwise")]
public sealed class Invitation
{
    private readonly SipUserAgent _userAgent;
    private readonly SipServerTransaction _transaction;
    private readonly SipSession _session;
    private readonly SessionTimerAnswer? _timer;
    private readonly ReliableProvisionals? _reliable;
    private volatile TaskCompletionSource? _prack;

    internal Invitation(SipUserAgent userAgent, SipServerTransaction transaction, Dialog dialog, SessionTimer? timer, SessionTimerAnswer? timerAnswer)
    {
        _userAgent = userAgent;
        _transaction = transaction;
        _timer = timerAnswer;
        _reliable = ReliableProvisionals.IsRequiredBy(transaction.Request)
            ? new ReliableProvisionals(transaction.Request.CSeq, ReliableProvisionals.FirstNumber(userAgent.Stack.Identifiers.NextFraction()))
            : null;
        _session = new SipSession(userAgent, dialog, transaction.Request, userAgent.FormatContact(transaction), timer) { Invitation = this };
        userAgent.Stack.Sessions.Add(_session);
    }

    /// <summary>The INVITE.</summary>
    public SipRequest Request => _transaction.Request;

    /// <summary>Where it came from.</summary>
    public SipFlow Flow => _transaction.Flow;

    /// <summary>True when it came from a member of the stack's trust domain.</summary>
    public bool IsTrusted => _transaction.IsTrusted;

    /// <summary>The offer; null when the caller leaves it to this end, and answers it in the ACK.</summary>
    public SipBody? Offer => SipBody.Of(Request);

    /// <summary>
    /// The session that accepting makes of it, early until then. What it is to take from its first moment on, <see cref="SipSession.OfferAsync"/> and
    /// <see cref="SipSession.Handle"/>, is set here before.
    /// </summary>
    public SipSession Session => _session;

    /// <summary>Cancelled when it is over without this end: the caller has given up (the stack has answered 487), or it has rung too long.</summary>
    public CancellationToken Cancelled => _transaction.Cancelled;

    /// <summary>
    /// Sends a provisional response: 180 for ringing. Where the caller asks for it they are reliable: each is repeated until the caller has
    /// acknowledged it, and the next waits for that (RFC 3262 §3). Not for several threads at once.
    /// </summary>
    /// <param name="status">101 to 199.</param>
    /// <param name="reason">The reason phrase; the standard's own when null.</param>
    /// <param name="cancellationToken">Ends the waiting.</param>
    public async ValueTask ProgressAsync(int status, string? reason = null, CancellationToken cancellationToken = default)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(status, 101);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(status, 199);

        using var response = _transaction.CreateResponse(status, reason);
        _userAgent.AddSessionHeaders(response, _session.Contact);
        if (_reliable is null)
        {
            await _transaction.RespondAsync(response.Build(), cancellationToken).ConfigureAwait(false);
            return;
        }

        if (_prack is { } last)
        {
            await last.Task.WaitAsync(cancellationToken).ConfigureAwait(false);
        }

        if (!TryNumber(response, out var prack))
        {
            return;
        }

        var sent = response.Build();
        await _transaction.RespondAsync(sent, cancellationToken).ConfigureAwait(false);
        _session.Run(() => RepeatAsync(sent, prack));
    }

    /// <summary>Accepts with a 200, which is repeated until the ACK comes, and goes on in a session.</summary>
    /// <param name="description">The answer, or the offer when the INVITE had none.</param>
    /// <param name="cancellationToken">Ends the waiting for room in the connection's queue.</param>
    /// <returns>The session. Whoever gets it disposes it.</returns>
    /// <exception cref="OperationCanceledException">The caller has given up, or the invitation was answered before.</exception>
    public async ValueTask<SipSession> AcceptAsync(SipBody? description, CancellationToken cancellationToken = default)
    {
        if (_transaction.IsAnswered)
        {
            throw Over();
        }

        using var response = _transaction.CreateResponse(200);
        _userAgent.AddSessionHeaders(response, _session.Contact);
        _timer?.AddTo(response);
        if (description is { } body)
        {
            response.SetBody(body.ContentType, body.Octets);
        }

        // The ACK may be quicker than the rest of this.
        _session.LocalDescription = description;
        _session.RemoteDescription = Offer;
        _session.Dialog.Confirm();
        EndReliability();
        if (!await _session.Accepted.AcceptAsync(_transaction, response.Build(), cancellationToken).ConfigureAwait(false))
        {
            End();
            throw Over();
        }

        _session.Invitation = null;
        if (_timer is { } agreed)
        {
            _session.Refresh.OnAnswered(Request, agreed);
        }

        _session.OnEstablished(Request);
        return _session;
    }

    /// <summary>Refuses.</summary>
    /// <param name="status">300 to 699: 486 when busy, 488 when the offer suits nobody, 603 to decline.</param>
    /// <param name="reason">The reason phrase; the standard's own when null.</param>
    /// <param name="retryAfter">When to come back; null does not say.</param>
    /// <param name="cancellationToken">Ends the waiting for room in the connection's queue.</param>
    public ValueTask RejectAsync(int status, string? reason = null, TimeSpan? retryAfter = null, CancellationToken cancellationToken = default) => RejectAsync(
        status,
        reason,
        retryAfter is { } wait ? (SipHeaderNames.RetryAfter, ((long)Math.Ceiling(wait.TotalSeconds)).ToString(CultureInfo.InvariantCulture)) : null,
        cancellationToken);

    /// <summary>Refuses, with a header line that says what the caller can do about it.</summary>
    internal async ValueTask RejectAsync(int status, string? reason, (SipHeaderName Name, string Value)? header, CancellationToken cancellationToken)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(status, 300);
        using var response = _transaction.CreateResponse(status, reason);
        if (header is var (name, value))
        {
            response.Add(name, value);
        }

        EndReliability();
        await _transaction.RespondAsync(response.Build(), cancellationToken).ConfigureAwait(false);
        End();
    }

    /// <summary>It has rung too long.</summary>
    internal void Expire(int status) => _session.Run(() => TerminateAsync(status).AsTask());

    /// <summary>Refuses in the name of the stack, and tells the handler so. What has been answered stays as it is.</summary>
    internal async ValueTask TerminateAsync(int status, string? reason = null)
    {
        EndReliability();
        using var response = _transaction.CreateResponse(status, reason);
        if (await _transaction.RespondAsync(response.Build()).ConfigureAwait(false))
        {
            End();
            await _transaction.CancelAsync().ConfigureAwait(false);
        }
    }

    /// <summary>The handler has ended, or the caller has given up: an early session that came to nothing is forgotten.</summary>
    internal void End()
    {
        EndReliability();
        if (_session.Invitation is not null)
        {
            _session.EndSilently(new SipSessionEnd(SipSessionEndCause.NeverConfirmed));
        }
    }

    /// <summary>A PRACK in the early dialog.</summary>
    internal async ValueTask OnPrackAsync(SipServerTransaction prack, CancellationToken cancellationToken)
    {
        var isExpected = false;
        if (_reliable is not null && RAck.TryParse(prack.Request[SipHeaderNames.RAck], out var rack))
        {
            lock (_reliable)
            {
                isExpected = _reliable.OnPrack(rack);
            }
        }

        if (isExpected)
        {
            _prack?.TrySetResult();
        }

        await prack.RespondAsync(isExpected ? 200 : 481, cancellationToken: cancellationToken).ConfigureAwait(false);
    }

    private OperationCanceledException Over() => new("The invitation is over: the caller has given up, or it was answered before", Cancelled);

    private bool TryNumber(SipResponseBuilder response, out TaskCompletionSource prack)
    {
        prack = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        lock (_reliable!)
        {
            if (!_reliable.MaySend)
            {
                return false;
            }

            response.Add(SipHeaderNames.Require, "100rel");
            response.Add(SipHeaderNames.RSeq, _reliable.Next().ToString(CultureInfo.InvariantCulture));
            _prack = prack;
            return true;
        }
    }

    private async Task RepeatAsync(SipResponse response, TaskCompletionSource prack)
    {
        var repetition = new AnswerRepetition(_userAgent.Stack.Timers, isProvisional: true);
        var wait = repetition.Start();
        while (true)
        {
            await prack.Task.WaitAsync(wait, _userAgent.Stack.TimeProvider, _session.Ending).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            if (prack.Task.IsCompleted || _session.Ending.IsCancellationRequested)
            {
                return;
            }

            var (step, delay) = repetition.OnTimer();
            if (step == AnswerRepetitionStep.GiveUp)
            {
                await TerminateAsync(504, "PRACK Never Came").ConfigureAwait(false);
                return;
            }

            await _transaction.RespondAsync(response).ConfigureAwait(false);
            wait = delay;
        }
    }

    private void EndReliability()
    {
        if (_reliable is not null)
        {
            lock (_reliable)
            {
                _reliable.OnFinal();
            }

            _prack?.TrySetResult();
        }
    }
}
