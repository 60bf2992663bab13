namespace SipPush.Sip.Transactions;

/// <summary>What the driver may give to any server transaction. Each input lists in <c>effects</c> what is to be done.</summary>
internal abstract class ServerTransactionMachine
{
    /// <summary>Passes the request up. The first input, given once.</summary>
    public abstract void Start(ref TransactionEffects effects);

    /// <summary>A retransmission of the request (RFC 3261 §17.2.3).</summary>
    public abstract void OnRequest(ref TransactionEffects effects);

    /// <summary>A response from the transaction user.</summary>
    /// <returns>True when it is the last response from now on, whether or not it is sent at once; false when it came too late and is
    /// to be discarded.</returns>
    /// <exception cref="ArgumentException">The status can't answer the request.</exception>
    public abstract bool Respond(int status, ref TransactionEffects effects);

    /// <summary>A timer that this transaction set has run out.</summary>
    public abstract void OnTimer(TransactionTimer timer, ref TransactionEffects effects);

    /// <summary>A response could not be sent.</summary>
    public abstract void OnTransportError(ref TransactionEffects effects);
}
