namespace SipPush.Sip.Transactions;

/// <summary>The states of an INVITE client transaction, in the words of RFC 3261 §17.1.1 and RFC 6026 §8.4.</summary>
internal enum InviteClientTransactionState : byte
{
    /// <summary>The INVITE has been sent; nothing has come back.</summary>
    Calling,

    /// <summary>A provisional response has come, and the INVITE is no longer repeated.</summary>
    Proceeding,

    /// <summary>A 2xx has come; every further one is passed up, for each wants its ACK from the transaction user.</summary>
    Accepted,

    /// <summary>A 300–699 has come; repetitions of it are answered with the ACK.</summary>
    Completed,

    /// <summary>Over; no input has an effect any more.</summary>
    Terminated,
}
