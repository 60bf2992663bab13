namespace SipPush.Sip.Transactions;

/// <summary>A client transaction in the driver's hands: its machine, what it sends, where, and who hears of it. Its partition's lock guards it.</summary>
internal abstract class ClientTransaction(UInt128 branch, ClientTransactionMachine machine, SipRequest request, SipFlow flow, string sentBy)
{
    public readonly UInt128 Branch = branch;
    public readonly ClientTransactionMachine Machine = machine;

    /// <summary>As the transaction user gave it: with its Via it is written anew each time it is sent.</summary>
    public readonly SipRequest Request = request;

    public readonly SipFlow Flow = flow;
    public readonly string SentBy = sentBy;

    /// <summary>A provisional response has come.</summary>
    public bool WasProvisional;

    /// <summary>A or E.</summary>
    public TimerHandle RepeatTimer;

    /// <summary>B or F; for an INVITE C while it rings, and D or M after its answer.</summary>
    public TimerHandle EndTimer;

    /// <summary>Whether provisional responses are worth a copy.</summary>
    public virtual bool HearsProvisional => false;

    /// <summary>A response for the user; called outside the lock, and for an INVITE from several threads at once.</summary>
    public abstract void OnResponse(SipResponse response);

    /// <summary>The transaction has ended without a response; called outside the lock.</summary>
    public abstract void OnEnd(SipTransactionResult result);

    /// <summary>No more 2xx can come after the first; called outside the lock.</summary>
    public virtual void OnOver()
    {
    }
}
