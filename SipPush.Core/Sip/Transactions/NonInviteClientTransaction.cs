using static SipPush.Sip.Transactions.ClientTransactionState;

namespace SipPush.Sip.Transactions;

/// <summary>
/// The client transaction of a request other than INVITE and ACK (RFC 3261 §17.1.2). Its table is in README.md beside it.
/// </summary>
/// <param name="timers">The base values.</param>
/// <param name="reliable">Whether the transport repeats lost octets itself: then nothing is retransmitted and K is zero.</param>
internal sealed class NonInviteClientTransaction(SipTimers timers, bool reliable) : ClientTransactionMachine
{
    private TimeSpan _interval = timers.T1;

    public ClientTransactionState State { get; private set; } = Trying;

    /// <summary>Sends the request. The first input, given once.</summary>
    public override void Start(ref TransactionEffects effects)
    {
        effects.Send();
        effects.SetTimer(TransactionTimer.F, timers.TransactionTimeout);

        if (!reliable)
        {
            effects.SetTimer(TransactionTimer.E, _interval);
        }
    }

    /// <summary>A response that matches this transaction (§17.1.3).</summary>
    public override void OnResponse(int status, ref TransactionEffects effects)
    {
        switch (State, status)
        {
            case (Trying or Proceeding, < 200):
                State = Proceeding;
                effects.DeliverResponse();
                break;

            case (Trying or Proceeding, _):
                Complete(ref effects);
                break;

            // A repetition, or on multicast another server's answer (§17.1.3).
            case (Completed, _):
                break;
        }
    }

    /// <summary>A timer that this transaction set has run out.</summary>
    public override void OnTimer(TransactionTimer timer, ref TransactionEffects effects)
    {
        switch (State, timer)
        {
            case (Trying, TransactionTimer.E):
                _interval = 2 * _interval < timers.T2 ? 2 * _interval : timers.T2;
                Resend(ref effects);
                break;

            // A provisional response shows the far end is alive, so E stays at T2 from here on.
            case (Proceeding, TransactionTimer.E):
                _interval = timers.T2;
                Resend(ref effects);
                break;

            // Unlike Timer B, Timer F also fires from Proceeding (§17.1.2.2).
            case (Trying or Proceeding, TransactionTimer.F):
                State = Terminated;
                effects.DeliverTimeout();
                effects.Terminate();
                break;

            case (Completed, TransactionTimer.K):
                State = Terminated;
                effects.Terminate();
                break;
        }
    }

    /// <summary>The request could not be sent, or the network reported that it did not arrive (§17.1.4).</summary>
    public override void OnTransportError(ref TransactionEffects effects)
    {
        if (State is Trying or Proceeding)
        {
            State = Terminated;
            effects.DeliverTransportError();
            effects.Terminate();
        }
    }

    private void Resend(ref TransactionEffects effects)
    {
        effects.Send();
        effects.SetTimer(TransactionTimer.E, _interval);
    }

    private void Complete(ref TransactionEffects effects)
    {
        effects.DeliverResponse();

        // K is zero on a reliable transport, so Completed would be left the instant it is entered.
        if (reliable)
        {
            State = Terminated;
            effects.Terminate();
            return;
        }

        State = Completed;
        effects.CancelTimer(TransactionTimer.E);
        effects.CancelTimer(TransactionTimer.F);
        effects.SetTimer(TransactionTimer.K, timers.T4);
    }
}
