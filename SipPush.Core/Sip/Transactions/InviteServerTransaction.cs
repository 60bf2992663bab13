using static SipPush.Sip.Transactions.InviteServerTransactionState;

namespace SipPush.Sip.Transactions;

/// <summary>
/// The server transaction of an INVITE (RFC 3261 §17.2.1, changed by RFC 6026 §7.1). Its table is in README.md beside it.
/// </summary>
/// <param name="timers">The base values.</param>
/// <param name="reliable">Whether the transport repeats lost octets itself: then a 300–699 is sent once and I is zero.</param>
/// <remarks>Without a final response it stays in Proceeding: no timer ends it, so its user has to answer. A 2xx it sends as often as
/// the user hands it down; repeating that until the ACK is the user's part (RFC 3261 §13.3.1.4).</remarks>
internal sealed class InviteServerTransaction(SipTimers timers, bool reliable) : ServerTransactionMachine
{
    // A span of its own, no multiple of T1 (§17.2.1).
    private static readonly TimeSpan TimeUntil100 = TimeSpan.FromMilliseconds(200);

    private TimeSpan _interval = timers.T1;

    // Until the first provisional response there is nothing to send again.
    private bool _owes100;

    public InviteServerTransactionState State { get; private set; } = Proceeding;

    /// <summary>Passes the INVITE up. The first input, given once.</summary>
    public override void Start(ref TransactionEffects effects)
    {
        _owes100 = true;
        effects.DeliverRequest();
        effects.SetTimer(TransactionTimer.Trying, TimeUntil100);
    }

    /// <summary>A retransmission of the INVITE (§17.2.3).</summary>
    public override void OnRequest(ref TransactionEffects effects)
    {
        // In Accepted it is absorbed: the user repeats its 2xx by the clock, and not by what comes in (RFC 6026 §7.1).
        if (State == Completed || (State == Proceeding && !_owes100))
        {
            effects.Send();
        }
    }

    /// <summary>An ACK that matches this transaction (§17.2.3).</summary>
    public void OnAck(ref TransactionEffects effects)
    {
        switch (State)
        {
            case Accepted:
                effects.DeliverAck();
                break;

            // I is zero on a reliable transport, so Confirmed would be left the instant it is entered.
            case Completed when reliable:
                State = Terminated;
                effects.Terminate();
                break;

            case Completed:
                State = Confirmed;
                effects.CancelTimer(TransactionTimer.G);
                effects.CancelTimer(TransactionTimer.H);
                effects.SetTimer(TransactionTimer.I, timers.T4);
                break;
        }
    }

    /// <summary>A response from the transaction user.</summary>
    /// <returns>True when it is the last response from now on and is sent; false when it came too late and is to be discarded.</returns>
    /// <exception cref="ArgumentOutOfRangeException">The status is outside 100–699.</exception>
    public override bool Respond(int status, ref TransactionEffects effects)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(status, 100);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(status, 699);

        switch (State, status)
        {
            case (Proceeding, < 200):
                _owes100 = false;
                effects.CancelTimer(TransactionTimer.Trying);
                effects.Send();
                return true;

            case (Proceeding, < 300):
                State = Accepted;
                effects.CancelTimer(TransactionTimer.Trying);
                effects.Send();
                effects.SetTimer(TransactionTimer.L, timers.TransactionTimeout);
                return true;

            case (Proceeding, _):
                Complete(ref effects);
                return true;

            // The user repeats its 2xx, as it has to until the ACK comes.
            case (Accepted, >= 200 and < 300):
                effects.Send();
                return true;

            default:
                return false;
        }
    }

    /// <summary>A timer that this transaction set has run out.</summary>
    public override void OnTimer(TransactionTimer timer, ref TransactionEffects effects)
    {
        switch (State, timer)
        {
            case (Proceeding, TransactionTimer.Trying) when _owes100:
                _owes100 = false;
                effects.CreateTrying();
                effects.Send();
                break;

            case (Completed, TransactionTimer.G):
                _interval = 2 * _interval < timers.T2 ? 2 * _interval : timers.T2;
                effects.Send();
                effects.SetTimer(TransactionTimer.G, _interval);
                break;

            case (Completed, TransactionTimer.H):
                State = Terminated;
                effects.DeliverTimeout();
                effects.Terminate();
                break;

            case (Confirmed, TransactionTimer.I):
            case (Accepted, TransactionTimer.L):
                State = Terminated;
                effects.Terminate();
                break;
        }
    }

    /// <summary>A response could not be sent. The user is told, and the transaction stays: its timers end it (RFC 6026 §7.1).</summary>
    public override void OnTransportError(ref TransactionEffects effects)
    {
        // In Confirmed nothing is sent any more, and the far end has the response.
        if (State is Proceeding or Accepted or Completed)
        {
            effects.DeliverTransportError();
        }
    }

    private void Complete(ref TransactionEffects effects)
    {
        State = Completed;
        effects.CancelTimer(TransactionTimer.Trying);
        effects.Send();
        effects.SetTimer(TransactionTimer.H, timers.TransactionTimeout);

        if (!reliable)
        {
            effects.SetTimer(TransactionTimer.G, _interval);
        }
    }
}
