using static SipPush.Sip.Transactions.ServerTransactionState;

namespace SipPush.Sip.Transactions;

/// <summary>
/// The server transaction of a request other than INVITE and ACK (RFC 3261 §17.2.2, changed by RFC 4320). Its table is in
/// README.md beside it.
/// </summary>
/// <param name="timers">The base values.</param>
/// <param name="reliable">Whether the transport repeats lost octets itself: then J is zero and a 100 may go at any time.</param>
/// <remarks>Without a final response it stays in Proceeding: no timer of either RFC ends it, so its user has to answer.</remarks>
internal sealed class NonInviteServerTransaction(SipTimers timers, bool reliable) : ServerTransactionMachine
{
    private bool _tryingWithheld;

    public ServerTransactionState State { get; private set; } = Trying;

    /// <summary>Passes the request up. The first input, given once.</summary>
    public override void Start(ref TransactionEffects effects)
    {
        effects.DeliverRequest();
        effects.SetTimer(TransactionTimer.Trying, timers.TimeUntilTimerEIsT2);
    }

    /// <summary>A retransmission of the request (§17.2.3).</summary>
    public override void OnRequest(ref TransactionEffects effects)
    {
        // In Trying there is nothing to send again, so it is discarded.
        if (State is Proceeding or Completed)
        {
            effects.Send();
        }
    }

    /// <summary>A response from the transaction user.</summary>
    /// <returns>True when it is the last response from now on, whether or not it is sent at once; false when it came too late and is
    /// to be discarded.</returns>
    /// <exception cref="ArgumentOutOfRangeException">The status is outside 100–699.</exception>
    /// <exception cref="ArgumentException">The status is 101–199 or 408, which RFC 4320 forbids here.</exception>
    public override bool Respond(int status, ref TransactionEffects effects)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(status, 100);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(status, 699);

        if (status is (> 100 and < 200) or 408)
        {
            throw new ArgumentException($"RFC 4320 forbids a {status} to a request other than INVITE.", nameof(status));
        }

        switch (State, status)
        {
            // Over UDP the timer sends it: before that a client that saw a 100 would lose its quick first retransmissions (RFC 4320 §4.1).
            case (Trying, 100) when !reliable:
                _tryingWithheld = true;
                return true;

            case (Trying, 100):
                State = Proceeding;
                effects.CancelTimer(TransactionTimer.Trying);
                effects.Send();
                return true;

            case (Proceeding, 100):
                effects.Send();
                return true;

            case (Trying or Proceeding, _):
                Complete(ref effects);
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
            case (Trying, TransactionTimer.Trying):
                State = Proceeding;

                if (!_tryingWithheld)
                {
                    effects.CreateTrying();
                }
                effects.Send();
                break;

            case (Completed, TransactionTimer.J):
                State = Terminated;
                effects.Terminate();
                break;
        }
    }

    /// <summary>A response could not be sent. The user is told, and the transaction stays to answer the next retransmission, as
    /// RFC 6026 §7.1 has it for INVITE.</summary>
    public override void OnTransportError(ref TransactionEffects effects)
    {
        if (State != Terminated)
        {
            effects.DeliverTransportError();
        }
    }

    private void Complete(ref TransactionEffects effects)
    {
        var trying = State == Trying;

        // J is zero on a reliable transport, so Completed would be left the instant it is entered.
        if (reliable)
        {
            State = Terminated;
            effects.Send();
            effects.Terminate();
            return;
        }

        State = Completed;

        if (trying)
        {
            effects.CancelTimer(TransactionTimer.Trying);
        }
        effects.Send();
        effects.SetTimer(TransactionTimer.J, timers.TransactionTimeout);
    }
}
