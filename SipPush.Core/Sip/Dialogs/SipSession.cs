using Microsoft.Extensions.Logging;
using SipPush.Diagnostics;

namespace SipPush.Sip;

/// <summary>
/// A session that an INVITE made: its dialog, the requests in it, and its end (RFC 3261 §12 to §15). Disposing it says BYE. Safe for
/// concurrent use.
/// </summary>
public sealed class SipSession : IAsyncDisposable
{
    // How long disposing waits for the answer to BYE. The far end knows by then, or is not there.
    private static readonly TimeSpan ByeTimeout = TimeSpan.FromSeconds(5);

    private readonly Lock _gate = new();
    private readonly CancellationTokenSource _ending = new();
    private readonly TaskCompletionSource<SipSessionEnd> _completion = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly ILogger _log;
    private volatile KeyValuePair<SipMethod, SipRequestHandler>[] _handlers = [];
    private Task[] _work = [];
    private SipBody? _localDescription;
    private SipBody? _remoteDescription;
    private bool _isEnding;

    /// <param name="userAgent">Whose session it is.</param>
    /// <param name="dialog">The dialog, early or confirmed.</param>
    /// <param name="invite">The INVITE.</param>
    /// <param name="contact">What Contact says in this end's requests and responses.</param>
    /// <param name="timer">The session timer, which has seen the INVITE; null for none.</param>
    internal SipSession(SipUserAgent userAgent, Dialog dialog, SipRequest invite, string contact, SessionTimer? timer)
    {
        UserAgent = userAgent;
        Dialog = dialog;
        Invite = invite;
        Contact = contact;
        _log = userAgent.Stack.LoggerFactory.CreateLogger(SipPushTelemetry.SipCategory);
        Refresh = new SessionRefresh(this, timer);
        Offers = new SessionOffers(this);
        Accepted = new AcceptedInvites(this);
    }

    /// <summary>Whose session it is.</summary>
    public SipUserAgent UserAgent { get; }

    /// <summary>The dialog it lives in.</summary>
    public Dialog Dialog { get; }

    /// <summary>The INVITE that began it.</summary>
    public SipRequest Invite { get; }

    /// <summary>True at the end that sent the INVITE.</summary>
    public bool IsCaller => Dialog.OwnsCallId;

    /// <summary>The ACK, at the end that was called: null when it never came. Ends in any case.</summary>
    public Task<SipRequest?> Acknowledged => Accepted.WhenAcknowledged(Invite.CSeq.Number);

    /// <summary>What the far end said last of the session: its offer or answer; null before it has said anything.</summary>
    public SipBody? RemoteDescription
    {
        get => Read(ref _remoteDescription);
        internal set => Write(ref _remoteDescription, value);
    }

    /// <summary>What this end said last of the session; a refresh by re-INVITE says it again, octet for octet.</summary>
    public SipBody? LocalDescription
    {
        get => Read(ref _localDescription);
        internal set => Write(ref _localDescription, value);
    }

    /// <summary>Answers what the far end offers later; null refuses every change with 488.</summary>
    public SipOfferHandler? OfferAsync { get; set; }

    /// <summary>Ends when the session has, and says how; it never fails.</summary>
    public Task<SipSessionEnd> Completion => _completion.Task;

    /// <summary>The value of Contact in this end's requests and responses.</summary>
    internal string Contact { get; }

    internal SessionRefresh Refresh { get; }

    internal SessionOffers Offers { get; }

    internal AcceptedInvites Accepted { get; }

    /// <summary>The ACK of the INVITE, at the end that called; null before the 2xx.</summary>
    internal InviteAck? Ack { get; set; }

    /// <summary>The INVITE as long as it is not answered, at the end that is called.</summary>
    internal Invitation? Invitation { get; set; }

    /// <summary>Which provisional responses are acknowledged, at the end that called.</summary>
    internal ReceivedProvisionals Provisionals { get; } = new();

    /// <summary>Whether the far end has said that it takes UPDATE.</summary>
    internal bool PeerAllowsUpdate { get; private set; }

    internal SipStack Stack => UserAgent.Stack;

    /// <summary>Cancelled when the session has ended.</summary>
    internal CancellationToken Ending => _ending.Token;

    /// <summary>What still goes on by itself: repetitions, refreshes, the BYE to an unwanted branch.</summary>
    internal Task Work => Task.WhenAll(Read(ref _work));

    /// <summary>Takes the requests of a method within the session: INFO, MESSAGE and their like. Others are answered 405.</summary>
    /// <exception cref="InvalidOperationException">Somebody takes that method already, or it is the session's own.</exception>
    public void Handle(SipMethod method, SipRequestHandler handler)
    {
        ArgumentNullException.ThrowIfNull(handler);
        lock (_gate)
        {
            if (SipUserAgent.SessionMethods.Contains(method) || Array.Exists(_handlers, pair => pair.Key == method))
            {
                throw new InvalidOperationException($"{method} within {Dialog.Id} has a handler already");
            }

            _handlers = [.. _handlers, new(method, handler)];
        }
    }

    /// <summary>Begins a request within the dialog, with everything in it but a body (RFC 3261 §12.2.1.1). Requests have to be sent in the order in which they were begun.</summary>
    public SipRequestBuilder CreateRequest(SipMethod method) => Dialog.CreateRequest(method);

    /// <summary>
    /// Sends a request made by <see cref="CreateRequest"/>; challenges are answered. An answer that says that the far end has lost the dialog
    /// (481), and none at all, end the session (RFC 3261 §12.2.1.2).
    /// </summary>
    public async ValueTask<SipTransactionResult> SendAsync(SipRequestBuilder request, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(request);
        var result = await SendInDialogAsync(request, Stack.SendAsync, cancellationToken).ConfigureAwait(false);
        EndIfLost(result);
        return result;
    }

    /// <summary>
    /// Offers something else by a re-INVITE and waits for the answer, which is then the <see cref="RemoteDescription"/> (RFC 3261 §14.1). One
    /// change is made at a time, others wait for their turn; where both ends ask at once this one asks again.
    /// </summary>
    public ValueTask<SipTransactionResult> ReinviteAsync(SipBody offer, CancellationToken cancellationToken = default) =>
        Offers.SendAsync(SipMethod.Invite, () => offer, null, cancellationToken);

    /// <summary>As <see cref="ReinviteAsync"/>, by an UPDATE, which does not ask the person at the far end (RFC 3311); without an offer it only refreshes.</summary>
    public ValueTask<SipTransactionResult> UpdateAsync(SipBody? offer, CancellationToken cancellationToken = default) =>
        Offers.SendAsync(SipMethod.Update, offer is { } body ? () => body : null, null, cancellationToken);

    /// <summary>
    /// Says BYE and waits for its answer. The session is over whatever is answered; who was called says BYE only after the ACK, or once
    /// that is given up (RFC 3261 §15). Cancelling ends only the waiting. Ending what has ended does nothing.
    /// </summary>
    public async ValueTask EndAsync(CancellationToken cancellationToken = default)
    {
        EndSoon(SipSessionEndCause.Local);
        await _completion.Task.WaitAsync(cancellationToken).ConfigureAwait(false);
    }

    /// <summary>As <see cref="EndAsync"/>, but waits no longer than 5 s. A BYE that nobody answers is repeated until 64*T1 all the same, or until the stack stops.</summary>
    public async ValueTask DisposeAsync()
    {
        EndSoon(SipSessionEndCause.Local);
        await ((Task)_completion.Task).WaitAsync(ByeTimeout, Stack.TimeProvider).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    /// <summary>The session has begun.</summary>
    /// <param name="peer">What the far end said of itself: its INVITE or its 2xx.</param>
    internal void OnEstablished(SipMessage peer)
    {
        PeerAllowsUpdate = peer.Lists(SipHeaderNames.Allow, "UPDATE"u8);
        SipLog.SessionBegan(_log, Dialog.Id);
        if (peer is SipResponse success)
        {
            Refresh.OnSuccess(success);
        }
    }

    /// <summary>Ends with BYE without anybody waiting; the stack's stop ends that too.</summary>
    internal void EndSoon(SipSessionEndCause cause)
    {
        if (TryBeginEnding())
        {
            Run(() => SayByeAsync(cause, Stack.Stopping).AsTask());
        }
    }

    /// <summary>Ends without a word: the far end knows, or never knew.</summary>
    internal void EndSilently(SipSessionEnd end)
    {
        TryBeginEnding();
        Finish(end);
    }

    /// <summary>An answer that says that the dialog is lost, or none, ends the session: with BYE, for the far end may still be in it (RFC 3261 §12.2.1.2).</summary>
    internal void EndIfLost(in SipTransactionResult result)
    {
        if (result.StatusCode is 408 or 481)
        {
            EndSoon(SipSessionEndCause.DialogLost);
        }
    }

    /// <summary>A request within the dialog.</summary>
    internal async ValueTask HandleAsync(SipServerTransaction transaction, CancellationToken cancellationToken)
    {
        var request = transaction.Request;
        if (Dialog.OnRequest(request) == DialogRequestOrder.OutOfOrder)
        {
            await transaction.RespondAsync(500, "CSeq Out Of Order", cancellationToken).ConfigureAwait(false);
            return;
        }

        var refusal = RequestInspection.Inspect(request, acceptedTypes: null, UserAgent.SupportedOptions());
        if (refusal.Status != 0)
        {
            await refusal.SendAsync(transaction, cancellationToken).ConfigureAwait(false);
            return;
        }

        var handling = request.Method.Name switch
        {
            "OPTIONS" => UserAgent.Stack.Dispatcher.AnswerOptionsAsync(transaction, UserAgent),
            "BYE" => OnByeAsync(transaction, cancellationToken),
            "INVITE" => Offers.OnInviteAsync(transaction, cancellationToken),
            "UPDATE" => Offers.OnUpdateAsync(transaction, cancellationToken),
            "PRACK" when Invitation is { } invitation => invitation.OnPrackAsync(transaction, cancellationToken),
            "PRACK" => Answer(transaction.RespondAsync(481, cancellationToken: cancellationToken)),
            _ when Array.Find(_handlers, pair => pair.Key == request.Method).Value is { } handler => handler(transaction, cancellationToken),
            _ => UserAgent.AnswerUnhandledAsync(transaction),
        };
        await handling.ConfigureAwait(false);
    }

    /// <summary>The ACK of a 2xx.</summary>
    internal void OnAck(SipRequest ack)
    {
        if (!Accepted.OnAck(ack))
        {
            return;
        }

        if (SipBody.Of(ack) is { } answer)
        {
            RemoteDescription = answer;
        }
        else
        {
            EndSoon(SipSessionEndCause.NoAnswer);
        }
    }

    internal async ValueTask<SipTransactionResult> SendInDialogAsync(SipRequestBuilder request, RequestSender send, CancellationToken cancellationToken)
    {
        var result = await UserAgent.SendWithCredentialsAsync(request, UserAgent.NextHop(Dialog), Dialog.NextCSeq, send, cancellationToken).ConfigureAwait(false);
        return result.Response is { IsSuccess: true } success && !IsOfDialog(success)
            ? new SipTransactionResult(SipTransactionOutcome.TransportFailed, null, new IOException("The 2xx is that of another dialog"))
            : result;
    }

    /// <summary>Whether a response has the far end's tag: To of a request in the dialog comes back as it was (RFC 3261 §8.2.6.2).</summary>
    internal bool IsOfDialog(SipResponse response) => response.To.Tag == Dialog.Id.RemoteTag;

    /// <summary>Begins what nobody awaits; it is kept, so that whoever disposes can. What goes wrong is logged.</summary>
    internal void Run(Func<Task> work)
    {
        var running = ObserveAsync(work);
        if (!running.IsCompleted)
        {
            lock (_gate)
            {
                _work = [.. _work.Where(other => !other.IsCompleted), running];
            }
        }
    }

    private static async ValueTask Answer(ValueTask<bool> responding) => await responding.ConfigureAwait(false);

    private async ValueTask OnByeAsync(SipServerTransaction bye, CancellationToken cancellationToken)
    {
        // The far end, once it has the 200, may close what belongs to the session; it shall not look as if that had ended it.
        var invitation = Invitation;
        EndSilently(new SipSessionEnd(SipSessionEndCause.Remote, bye.Request));
        await bye.RespondAsync(200, cancellationToken: cancellationToken).ConfigureAwait(false);

        // The caller may leave before the answer, and is owed one (RFC 3261 §15.1.2).
        if (invitation is not null)
        {
            await invitation.TerminateAsync(487).ConfigureAwait(false);
        }
    }

    // True for the one who is to end it.
    private bool TryBeginEnding()
    {
        lock (_gate)
        {
            var isFirst = !_isEnding;
            _isEnding = true;
            return isFirst;
        }
    }

    private async ValueTask SayByeAsync(SipSessionEndCause cause, CancellationToken cancellationToken)
    {
        try
        {
            if (Dialog.State == DialogState.Confirmed)
            {
                // A stack that stops can't wait: it gives up its transactions, and the far end had better hear of it.
                if (cause != SipSessionEndCause.Stopped)
                {
                    await Accepted.WhenAllAcknowledged().WaitAsync(cancellationToken).ConfigureAwait(false);
                }

                using var bye = Dialog.CreateRequest(SipMethod.Bye);
                await SendInDialogAsync(bye, Stack.SendAsync, cancellationToken).ConfigureAwait(false);
            }
        }
        finally
        {
            Finish(new SipSessionEnd(cause));
        }
    }

    private void Finish(SipSessionEnd end)
    {
        Stack.Sessions.Remove(this);
        Dialog.Terminate();
        if (_completion.TrySetResult(end))
        {
            SipLog.SessionEnded(_log, Dialog.Id, end.Cause);
            Refresh.Stop();
            _ending.Cancel();

            // The transaction of its INVITE keeps this for a while, and need not keep what the application has round it.
            OfferAsync = null;
        }
    }

    private async Task ObserveAsync(Func<Task> work)
    {
#pragma warning disable CA1031 // Nobody is there to catch it.
        try
        {
            await work().ConfigureAwait(false);
        }
        catch (OperationCanceledException)
        {
            // The session or the stack has ended meanwhile.
        }
        catch (Exception error)
        {
            SipLog.SessionWorkFailed(_log, Dialog.Id, error);
        }
#pragma warning restore CA1031
    }

    private T Read<T>(ref T field)
    {
        lock (_gate)
        {
            return field;
        }
    }

    private void Write<T>(ref T field, T value)
    {
        lock (_gate)
        {
            field = value;
        }
    }
}
