namespace SipPush.Sip;

/// <summary>The ACK of one 2xx: sent when it is made, and again each time that 2xx comes again (RFC 3261 §13.2.2.4).</summary>
internal sealed class InviteAck(SipSession session, SipRequest invite)
{
    private readonly Lock _gate = new();
    private Task<SentAck>? _sending;
    private SipRequest? _ack;

    /// <summary>Sends it, with an answer where the 2xx had an offer. Who asks again waits for the same sending, or tries anew when that has failed.</summary>
    /// <exception cref="IOException">It can't be sent.</exception>
    public async Task SendAsync(SipBody? answer)
    {
        var sent = new TaskCompletionSource<SentAck>(TaskCreationOptions.RunContinuationsAsynchronously);
        if (Begin(sent.Task, answer) is { } underWay)
        {
            await underWay.ConfigureAwait(false);
            return;
        }

        try
        {
            sent.SetResult(await session.Stack.AcknowledgeAsync(_ack!, session.UserAgent.NextHop(session.Dialog)).ConfigureAwait(false));
        }
        catch (Exception error)
        {
            sent.SetException(error);
            throw;
        }
    }

    /// <summary>The 2xx has come again: so had the ACK been lost, or could not be sent. Before the first sending that changes nothing.</summary>
    public void Repeat()
    {
        Task<SentAck>? sending;
        lock (_gate)
        {
            sending = _sending;
        }

        if (sending is { IsCompletedSuccessfully: true })
        {
            session.Stack.Repeat(sending.Result);
        }
        else if (sending is { IsCompleted: true })
        {
            session.Run(() => SendAsync(null));
        }
    }

    // Null for the one who is to send it.
    private Task<SentAck>? Begin(Task<SentAck> sending, SipBody? answer)
    {
        lock (_gate)
        {
            if (_sending is { IsFaulted: false })
            {
                return _sending;
            }

            _sending = sending;
            _ack ??= Create(answer);
            return null;
        }
    }

    private SipRequest Create(SipBody? answer)
    {
        using var ack = session.Dialog.CreateAck(invite);
        if (answer is { } body)
        {
            ack.SetBody(body.ContentType, body.Octets);
        }

        return ack.Build();
    }
}
