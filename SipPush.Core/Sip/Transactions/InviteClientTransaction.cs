using static SipPush.Sip.Transactions.InviteClientTransactionState;

namespace SipPush.Sip.Transactions;

/// <summary>
/// The client transaction of an INVITE (RFC 3261 §17.1.1, changed by RFC 6026 §8.4). Its table is in README.md beside it.
/// </summary>
/// <param name="timers">The base values.</param>
/// <param name="reliable">Whether the transport repeats lost octets itself: then the INVITE is sent once and D is zero.</param>
/// <remarks>No timer ends Proceeding, for a callee may ring as long as it likes. A user that has sent a CANCEL counts 64*T1 itself
/// before it gives the transaction up (RFC 3261 §9.1).</remarks>
internal sealed class InviteClientTransaction(SipTimers timers, bool reliable) : ClientTransactionMachine
{
    // The far end may use a longer T1 than this one, so D is never less, whatever T1 is here (§17.1.1.2).
    private static readonly TimeSpan ShortestD = TimeSpan.FromSeconds(32);

    private TimeSpan _interval = timers.T1;

    public InviteClientTransactionState State { get; private set; } = Calling;

    /// <summary>Sends the INVITE. The first input, given once.</summary>
    public override void Start(ref TransactionEffects effects)
    {
        effects.Send();
        effects.SetTimer(TransactionTimer.B, timers.TransactionTimeout);

        if (!reliable)
        {
            effects.SetTimer(TransactionTimer.A, _interval);
        }
    }

    /// <summary>A response that matches this transaction (§17.1.3).</summary>
    public override void OnResponse(int status, ref TransactionEffects effects)
    {
        switch (State, status)
        {
            case (Calling, < 200):
                State = Proceeding;
                effects.DeliverResponse();
                CancelAAndB(ref effects);
                break;

            case (Proceeding, < 200):
                effects.DeliverResponse();
                break;

            case (Calling or Proceeding, < 300):
                State = Accepted;
                effects.DeliverResponse();
                CancelAAndB(ref effects);
                effects.SetTimer(TransactionTimer.M, timers.TransactionTimeout);
                break;

            case (Calling or Proceeding, _):
                Complete(ref effects);
                break;

            // A retransmission, or the 2xx of another branch of a fork: the user acknowledges each (RFC 6026 §8.4).
            case (Accepted, >= 200 and < 300):
                effects.DeliverResponse();
                break;

            // The ACK was lost.
            case (Completed, >= 300):
                effects.SendAck();
                break;
        }
    }

    /// <summary>A timer that this transaction set has run out.</summary>
    public override void OnTimer(TransactionTimer timer, ref TransactionEffects effects)
    {
        switch (State, timer)
        {
            // Unlike E, A knows no T2: it doubles until B ends it.
            case (Calling, TransactionTimer.A):
                _interval *= 2;
                effects.Send();
                effects.SetTimer(TransactionTimer.A, _interval);
                break;

            case (Calling, TransactionTimer.B):
                State = Terminated;
                effects.DeliverTimeout();
                effects.Terminate();
                break;

            case (Completed, TransactionTimer.D):
            case (Accepted, TransactionTimer.M):
                State = Terminated;
                effects.Terminate();
                break;
        }
    }

    /// <summary>The INVITE or the ACK of a 300–699 could not be sent, or the network reported that it did not arrive (§17.1.4).</summary>
    public override void OnTransportError(ref TransactionEffects effects)
    {
        // In Accepted nothing is sent from here: the ACK of a 2xx is the user's own.
        if (State is Calling or Proceeding or Completed)
        {
            State = Terminated;
            effects.DeliverTransportError();
            effects.Terminate();
        }
    }

    private static void CancelAAndB(ref TransactionEffects effects)
    {
        effects.CancelTimer(TransactionTimer.A);
        effects.CancelTimer(TransactionTimer.B);
    }

    private void Complete(ref TransactionEffects effects)
    {
        effects.DeliverResponse();
        effects.SendAck();

        // D is zero on a reliable transport, so Completed would be left the instant it is entered.
        if (reliable)
        {
            State = Terminated;
            effects.Terminate();
            return;
        }

        State = Completed;
        CancelAAndB(ref effects);
        effects.SetTimer(TransactionTimer.D, timers.TransactionTimeout > ShortestD ? timers.TransactionTimeout : ShortestD);
    }
}
