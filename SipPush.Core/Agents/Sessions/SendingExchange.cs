using System.Diagnostics.CodeAnalysis;
using Microsoft.Extensions.Logging;
using SipPush.Diagnostics;
using SipPush.Msrp;
using SipPush.Sdp;
using SipPush.Sip;

namespace SipPush;

/// <summary>
/// What a sender and a receiver agree on in one dialog, and the MSRP session that follows from it. An offer of either end that changes a path brings another session; the earlier one ends when what
/// is being sent in it is through.
/// </summary>
[SuppressMessage("Reliability", "CA1001", Justification = "The semaphore's wait handle is never asked for")]
internal sealed class SendingExchange(MsrpNegotiation negotiation, ILogger log)
{
    private static readonly MessageOffer Messages = new() { Direction = MediaDirection.SendOnly };

    private readonly Lock _gate = new();
    private readonly SemaphoreSlim _turn = new(1, 1);
    private readonly OfferAnswerExchange _exchange = new();
    private readonly TaskCompletionSource _begun = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private TaskCompletionSource _moved = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private MsrpSession? _current;
    private MsrpSession? _offered;
    private Task[] _moving = [];

    /// <summary>The MSRP session that is sent in now, and what completes when another takes its place.</summary>
    public (MsrpSession Session, Task Moved) Current
    {
        get
        {
            lock (_gate)
            {
                return (_current!, _moved.Task);
            }
        }
    }

    /// <summary>The first offer.</summary>
    public SipBody Offer()
    {
        lock (_gate)
        {
            return Body(_exchange.Offer(SdpOfferer.CreateOffer(negotiation.Capabilities, Messages)));
        }
    }

    /// <summary>
    /// Takes the answer to the first offer; null, with the reason, when there is no session. When it shows that somebody is between who does not know CEMA, another offer is made without, and its answer
    /// counts (RFC 6714 §4.2).
    /// </summary>
    public async ValueTask<((MsrpSession Session, MsrpRemote Remote)? Taken, string Refusal)> TakeAnswerAsync(SipSession call, CancellationToken cancellationToken)
    {
        SipBody offer;
        lock (_gate)
        {
            if (!TryTakeAnswer(call.RemoteDescription, out var route, out var refusal))
            {
                return (null, refusal);
            }

            if (!route.NeedsOfferWithoutCema)
            {
                return (Begin(route), refusal);
            }

            negotiation.GiveUpCema();
            offer = Body(_exchange.Offer(_exchange.WithoutCema()));
        }

        var result = await call.ReinviteAsync(offer, cancellationToken).ConfigureAwait(false);
        lock (_gate)
        {
            if (result.Response is not { IsSuccess: true } success)
            {
                _exchange.Withdraw();
                return (null, $"Without CEMA the session was not taken: {result.Response?.ReasonPhrase ?? "no answer came"}");
            }

            return TryTakeAnswer(SipBody.Of(success), out var route, out var refusal) ? (Begin(route), refusal) : (null, refusal);
        }
    }

    /// <summary>Answers an offer of the far end; null refuses it and leaves everything as it was. One that comes right behind the first answer waits until that has been read.</summary>
    public async ValueTask<SipBody?> AnswerAsync(SipSession call, SipRequest request, CancellationToken cancellationToken)
    {
        if (SipBody.Of(request) is not { } body)
        {
            // Asked for an offer, this end says what it has said.
            return call.LocalDescription;
        }

        await _begun.Task.WaitAsync(cancellationToken).ConfigureAwait(false);
        var cause = "it can't be read";
        var answer = SessionDescription.TryParse(body.Octets.Span, out var offer, out _, SdpProfile.Lenient) ? Answer(offer, out cause) : null;
        if (answer is null)
        {
            PushLog.OfferRefused(log, call.Dialog.Id, cause);
        }

        return answer;
    }

    /// <summary>Offers another path of this end, and goes over to it when the far end takes it.</summary>
    /// <returns>What was wrong; null when it was taken.</returns>
    public async ValueTask<(string Reason, SipTransactionResult Result)?> MoveAsync(SipSession call, CancellationToken cancellationToken)
    {
        await _turn.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            string? refusal = null;
            var result = await call.Offers.SendAsync(SipMethod.Invite, OfferMove, success => refusal = TakeMove(success), cancellationToken).ConfigureAwait(false);
            return result.Response is not { IsSuccess: true } ? (result.Response?.ReasonPhrase ?? "No answer came", result)
                : refusal is not null ? (refusal, result)
                : null;
        }
        finally
        {
            // Given up, it is taken all the same when a 200 crosses the CANCEL.
            if (!cancellationToken.IsCancellationRequested || call.Completion.IsCompleted)
            {
                lock (_gate)
                {
                    WithdrawMove();
                }
            }

            _turn.Release();
        }
    }

    /// <summary>Completes when what is being sent has come to its end, or the token gives up the wait.</summary>
    public async ValueTask DrainAsync(CancellationToken cancellationToken)
    {
        Task[] moving;
        MsrpSession current;
        lock (_gate)
        {
            (moving, current) = (_moving, _current!);
        }

        await Task.WhenAll(moving).WaitAsync(cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        await current.DrainAsync(cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Ends the MSRP session, and those that were before it, at once.</summary>
    public async ValueTask EndAsync()
    {
        await negotiation.DropAsync().ConfigureAwait(false);
        Task[] moving;
        MsrpSession current;
        lock (_gate)
        {
            (moving, current) = (_moving, _current!);
        }

        // While an offer is open the negotiation has the session that it is about.
        await current.DisposeAsync().ConfigureAwait(false);
        await Task.WhenAll(moving).ConfigureAwait(false);
    }

    private static SipBody Body(SessionDescription description) => new(SessionDescription.ContentType, description.ToOctets());

    private SipBody? Answer(SessionDescription offer, out string cause)
    {
        cause = "";
        lock (_gate)
        {
            WithdrawMove();
            if (_exchange.ReceiveOffer(offer) is var verdict and not (OfferVerdict.Changed or OfferVerdict.Unchanged))
            {
                cause = verdict.ToString();
                return null;
            }

            var current = _current!;
            var isKept = !current.Completion.IsCompleted && MsrpNegotiation.IsSamePath(_exchange.Remote, offer, 0);
            negotiation.Keep(0, isKept);
            var answer = SdpAnswerer.Answer(offer, negotiation.Capabilities with { MaxSessions = 1 });
            if (answer.RefusalStatus is not null)
            {
                cause = $"nothing of it is taken: {answer.Lines[0].Refusal}";
                _exchange.Withdraw();
                return null;
            }

            if (!isKept)
            {
                if (answer.Lines.FirstOrDefault(line => line is { IsAccepted: true, Index: 0 })?.Route is { } route)
                {
                    Move(negotiation.SessionOf(0), negotiation.RemoteOf(route));
                }
                else
                {
                    // The far end has taken the media away.
                    Run(() => current.CloseAsync().AsTask());
                }
            }

            return Body(_exchange.Answer(answer.Description));
        }
    }

    // Made when it is sent: what the far end has offered before counts by then.
    private SipBody OfferMove()
    {
        lock (_gate)
        {
            WithdrawMove();
            negotiation.Keep(0, isKept: false);
            var agreed = _exchange.Local!;
            var offer = _exchange.Offer(agreed with { Media = [SdpOfferer.CreateMedia(negotiation.Capabilities, Messages, 0).ToMedia(agreed.Connection), .. agreed.Media.Skip(1)] });
            _offered = negotiation.SessionOf(0);
            return Body(offer);
        }
    }

    private string? TakeMove(SipResponse success)
    {
        lock (_gate)
        {
            if (_offered is not { } offered)
            {
                return "The offer was withdrawn";
            }

            if (!TryTakeAnswer(SipBody.Of(success), out var route, out var refusal))
            {
                return refusal;
            }

            _offered = null;
            Move(offered, negotiation.RemoteOf(route));
            return null;
        }
    }

    // Whoever may offer now knows that an earlier offer of this end was refused: SIP lets none cross another (RFC 3261 §14). Under the gate.
    private void WithdrawMove()
    {
        if (_offered is { } refused)
        {
            _offered = null;
            _exchange.Withdraw();
            negotiation.Restore(0, _current!);
            Run(() => refused.DisposeAsync().AsTask());
        }
    }

    private bool TryTakeAnswer(SipBody? body, [NotNullWhen(true)] out MessageRoute? route, out string refusal)
    {
        route = null;
        if (body is not { } octets || !SessionDescription.TryParse(octets.Octets.Span, out var answer, out _, SdpProfile.Lenient))
        {
            refusal = "The answer can't be read";
            _exchange.Withdraw();
            return false;
        }

        var offer = _exchange.OpenOffer!;
        var faults = Faults(answer);
        if (faults.Count > 0 && faults.TrueForAll(fault => fault.Kind == AnswerFaultKind.WrongDirection))
        {
            // Many forget to say that they only receive.
            answer = answer with { Media = [.. answer.Media.Select(media => media.IsRejected ? media : media.WithDirection(MediaDirection.ReceiveOnly))] };
            faults = Faults(answer);
        }

        if (faults.Count > 0)
        {
            refusal = $"The answer is none to the offer: {faults[0].Kind}";
            _exchange.Withdraw();
            return false;
        }

        var line = SdpOfferer.ReadAnswer(offer, answer)[0];
        route = line.IsAccepted ? line.Route : null;
        refusal = !line.IsAccepted ? $"The session was not taken: {line.Refusal}"
            : route is not { MaySend: true } ? "The far end does not receive"
            : !MsrpNegotiation.IsPath(route.ToPath) ? "The path of the far end is none"
            : "";
        return refusal.Length == 0;
    }

    private List<AnswerFault> Faults(SessionDescription answer) => [.. _exchange.ReceiveAnswer(answer).Where(fault => !fault.IsHarmless)];

    // Under the gate.
    private (MsrpSession Session, MsrpRemote Remote) Begin(MessageRoute route)
    {
        _current = negotiation.SessionOf(0);
        _begun.SetResult();
        return (_current, negotiation.RemoteOf(route));
    }

    // Under the gate.
    private void Move(MsrpSession session, MsrpRemote remote)
    {
        var earlier = _current!;
        _current = session;
        _moved.TrySetResult();
        _moved = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        PushLog.MediaMoved(log, session.LocalUri);
        Run(() => StartAsync(session, remote));
        Run(() => LeaveAsync(earlier, session));
    }

    private async Task StartAsync(MsrpSession session, MsrpRemote remote)
    {
        try
        {
            await session.StartAsync(remote).ConfigureAwait(false);
        }
        catch (Exception failure) when (failure is MsrpException or InvalidOperationException)
        {
            PushLog.MediaFailed(log, failure);
        }
    }

    // What is under way comes to its end, unless the whole ends before.
    private static async Task LeaveAsync(MsrpSession earlier, MsrpSession next)
    {
        using var ending = new CancellationTokenSource();
        var leaving = earlier.CloseAsync(ending.Token).AsTask();
        if (await Task.WhenAny(leaving, next.Completion).ConfigureAwait(false) != leaving)
        {
            await ending.CancelAsync().ConfigureAwait(false);
        }

        await leaving.ConfigureAwait(false);
    }

    // Under the gate. What is through is not kept, however often the far end moves.
    private void Run(Func<Task> work) => _moving = [.. _moving.Where(moving => !moving.IsCompleted), Task.Run(work)];
}
