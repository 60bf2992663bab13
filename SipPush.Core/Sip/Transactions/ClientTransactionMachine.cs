namespace SipPush.Sip.Transactions;

/// <summary>What the driver may give to any client transaction. Each input lists in <c>effects</c> what is to be done.</summary>
internal abstract class ClientTransactionMachine
{
    /// <summary>Sends the request. The first input, given once.</summary>
    public abstract void Start(ref TransactionEffects effects);

    /// <summary>A response that matches this transaction (RFC 3261 §17.1.3).</summary>
    public abstract void OnResponse(int status, ref TransactionEffects effects);

    /// <summary>A timer that this transaction set has run out.</summary>
    public abstract void OnTimer(TransactionTimer timer, ref TransactionEffects effects);

    /// <summary>What was to be sent could not be, or the network reported that it did not arrive (RFC 3261 §17.1.4).</summary>
    public abstract void OnTransportError(ref TransactionEffects effects);
}
