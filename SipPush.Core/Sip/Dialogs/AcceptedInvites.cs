namespace SipPush.Sip;

/// <summary>The INVITEs of a session that this end has answered with a 2xx: each is repeated until its ACK comes (RFC 3261 §13.3.1.4).</summary>
internal sealed class AcceptedInvites(SipSession session)
{
    private readonly Lock _gate = new();
    private readonly Dictionary<uint, (TaskCompletionSource<SipRequest?> Ack, bool BringsAnswer)> _awaited = [];

    /// <summary>How many are without their ACK.</summary>
    public int Unacknowledged
    {
        get
        {
            lock (_gate)
            {
                return _awaited.Values.Count(awaited => !awaited.Ack.Task.IsCompleted);
            }
        }
    }

    /// <summary>Sends the 2xx and sees to its repetitions; false when the INVITE has had its final answer already.</summary>
    public async ValueTask<bool> AcceptAsync(SipServerTransaction invite, SipResponse success, CancellationToken cancellationToken)
    {
        var ack = new TaskCompletionSource<SipRequest?>(TaskCreationOptions.RunContinuationsAsynchronously);
        var number = invite.Request.CSeq.Number;
        lock (_gate)
        {
            if (!_awaited.TryAdd(number, (ack, invite.Request.Body.IsEmpty && !success.Body.IsEmpty)))
            {
                return false;
            }
        }

        if (await TryRespondAsync(invite, success, cancellationToken).ConfigureAwait(false))
        {
            session.Run(() => RepeatAsync(invite, success, ack));
            return true;
        }

        lock (_gate)
        {
            _awaited.Remove(number);
        }

        return false;
    }

    /// <summary>An ACK within the dialog. True when it is the first of a 2xx that made an offer: its body has to be the answer.</summary>
    public bool OnAck(SipRequest ack)
    {
        lock (_gate)
        {
            return _awaited.TryGetValue(ack.CSeq.Number, out var awaited) && awaited.Ack.TrySetResult(ack) && awaited.BringsAnswer;
        }
    }

    /// <summary>The ACK of the INVITE with that number; null when it has not come, or when no such INVITE was accepted.</summary>
    public Task<SipRequest?> WhenAcknowledged(uint number)
    {
        lock (_gate)
        {
            return _awaited.TryGetValue(number, out var awaited) ? awaited.Ack.Task : Task.FromResult<SipRequest?>(null);
        }
    }

    /// <summary>Ends when no ACK is waited for any more.</summary>
    public Task WhenAllAcknowledged()
    {
        lock (_gate)
        {
            return _awaited.Count == 0 ? Task.CompletedTask : Task.WhenAll(_awaited.Values.Select(awaited => awaited.Ack.Task));
        }
    }

    private static async ValueTask<bool> TryRespondAsync(SipServerTransaction invite, SipResponse success, CancellationToken cancellationToken)
    {
        try
        {
            return await invite.RespondAsync(success, cancellationToken).ConfigureAwait(false);
        }
        catch (OperationCanceledException)
        {
            // The INVITE is accepted, even where the 2xx found no room: its repetitions will.
            return true;
        }
    }

    private async Task RepeatAsync(SipServerTransaction invite, SipResponse success, TaskCompletionSource<SipRequest?> ack)
    {
        var repetition = new AnswerRepetition(session.Stack.Timers);
        var wait = repetition.Start();
        while (true)
        {
            await ((Task)ack.Task).WaitAsync(wait, session.Stack.TimeProvider, session.Ending).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            if (ack.Task.IsCompleted || session.Ending.IsCancellationRequested)
            {
                break;
            }

            var (step, delay) = repetition.OnTimer();
            if (step == AnswerRepetitionStep.GiveUp)
            {
                session.EndSoon(SipSessionEndCause.NoAck);
                break;
            }

            await invite.RespondAsync(success).ConfigureAwait(false);
            wait = delay;
        }

        ack.TrySetResult(null);
        if (invite.Request != session.Invite)
        {
            lock (_gate)
            {
                _awaited.Remove(invite.Request.CSeq.Number);
            }
        }
    }
}
