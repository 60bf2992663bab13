namespace SipPush.Sip.Transactions;

/// <summary>The timers of the transactions, by their letters (RFC 3261 Table 4).</summary>
internal enum TransactionTimer : byte
{
    /// <summary>Client, not INVITE: the next retransmission of the request, unreliable transports only.</summary>
    E,

    /// <summary>Client, not INVITE: the end of waiting for a final response.</summary>
    F,

    /// <summary>Server, not INVITE: the end of answering retransmissions.</summary>
    J,

    /// <summary>Client, not INVITE: the end of absorbing repeated responses.</summary>
    K,

    /// <summary>Server, not INVITE: the moment a 100 is due if there has been no final response. RFC 4320 §4.1 gives it no letter.</summary>
    Trying,
}
