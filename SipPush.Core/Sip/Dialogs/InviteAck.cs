namespace SipPush.Sip;

/// <summary>The ACK of one 2xx: sent when it is made, and again each time that 2xx comes again (RFC 3261 §13.2.2.4).</summary>
internal sealed class InviteAck(SipSession session, SipRequest invite)
{
    private volatile SentAck? _sent;

    /// <summary>True once it has been sent.</summary>
    public bool IsSent => _sent is not null;

    /// <summary>Sends it, with an answer where the 2xx had an offer. </summary>
    /// <exception cref="IOException">It can't be sent.</exception>
    public async Task SendAsync(SipBody? answer)
    {
        using var ack = session.Dialog.CreateAck(invite);
        if (answer is { } body)
        {
            ack.SetBody(body.ContentType, body.Octets);
        }

        _sent = await session.Stack.SendAckAsync(ack.Build(), session.UserAgent.NextHop(session.Dialog)).ConfigureAwait(false);
    }

    /// <summary>The 2xx has come again; before the first sending that changes nothing.</summary>
    public void Repeat()
    {
        if (_sent is { } sent)
        {
            session.Stack.Repeat(sent);
        }
    }
}
