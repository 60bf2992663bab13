namespace SipPush.Sip;

/// <summary>
/// The reliable provisional responses to one INVITE, at the end that sends them (RFC 3262 §3). One at a time: the next has to wait
/// until the PRACK for the last has come, of which <see cref="OnPrack"/> tells. Repeating them is the task of
/// <see cref="AnswerRepetition"/>. A 2xx must not be sent while a provisional response with a session description is
/// unacknowledged (§5); one without, as all of this stack's are, holds up nothing. It has one owner at a time.
/// </summary>
/// <param name="invite">The CSeq of the INVITE.</param>
/// <param name="first">The first RSeq, from <see cref="FirstNumber"/>.</param>
internal sealed class ReliableProvisionals(CSeq invite, uint first)
{
    private uint _next = first;
    private uint? _unacknowledged;
    private bool _isOver;

    /// <summary>False while the last one is unacknowledged, and after the final response.</summary>
    public bool MaySend => _unacknowledged is null && !_isOver;

    /// <summary>Whether the caller can take reliable provisional responses: without, none may be sent.</summary>
    public static bool IsSupportedBy(SipRequest invite) => invite.Lists(SipHeaderNames.Supported, "100rel"u8) || IsRequiredBy(invite);

    /// <summary>Whether the caller takes no others, 100 aside: who can't send them answers 420.</summary>
    public static bool IsRequiredBy(SipRequest invite) => invite.Lists(SipHeaderNames.Require, "100rel"u8);

    /// <summary>The first RSeq by chance: from 1 to 2^31 - 1.</summary>
    /// <param name="fraction">From 0 to 1, 1 excluded.</param>
    public static uint FirstNumber(double fraction) => 1 + (uint)(fraction * int.MaxValue);

    /// <summary>The RSeq of the response that is now sent, with <c>Require: 100rel</c>.</summary>
    /// <exception cref="InvalidOperationException"><see cref="MaySend"/> is false.</exception>
    public uint Next()
    {
        if (!MaySend)
        {
            throw new InvalidOperationException("A reliable provisional response waits for the PRACK of the last and comes before the final one");
        }

        _unacknowledged = _next;
        return _next++;
    }

    /// <summary>A PRACK of the same dialog. True when it acknowledges the response that waits for it: it is answered 200, any other 481.</summary>
    public bool OnPrack(RAck rack)
    {
        if (rack.ResponseNumber != _unacknowledged || rack.CSeq != invite)
        {
            return false;
        }

        _unacknowledged = null;
        return true;
    }

    /// <summary>The final response is sent: no new ones from here on and no repetitions, but a PRACK on its way is still expected.</summary>
    public void OnFinal() => _isOver = true;
}
