namespace SipPush.Sip.Transactions;

/// <summary>The states of a server transaction, in the words of RFC 3261 §17.2.</summary>
internal enum ServerTransactionState : byte
{
    /// <summary>The transaction user has the request; nothing has been sent.</summary>
    Trying,

    /// <summary>A 100 has been sent.</summary>
    Proceeding,

    /// <summary>The final response has been sent and answers retransmissions of the request.</summary>
    Completed,

    /// <summary>Over; no input has an effect any more.</summary>
    Terminated,
}
