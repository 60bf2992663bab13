namespace SipPush.Sip.Transactions;

/// <summary>The states of a client transaction, in the words of RFC 3261 §17.1.</summary>
internal enum ClientTransactionState : byte
{
    /// <summary>The request has been sent; nothing has come back.</summary>
    Trying,

    /// <summary>A provisional response has come.</summary>
    Proceeding,

    /// <summary>A final response has come; repetitions of it are absorbed.</summary>
    Completed,

    /// <summary>Over; no input has an effect any more.</summary>
    Terminated,
}
