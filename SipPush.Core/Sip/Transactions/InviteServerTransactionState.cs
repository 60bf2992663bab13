namespace SipPush.Sip.Transactions;

/// <summary>The states of an INVITE server transaction, in the words of RFC 3261 §17.2.1 and RFC 6026 §7.1.</summary>
internal enum InviteServerTransactionState : byte
{
    /// <summary>The transaction user has the INVITE and has given no final response.</summary>
    Proceeding,

    /// <summary>A 2xx has been sent; retransmissions of the INVITE are absorbed, and each ACK is passed up.</summary>
    Accepted,

    /// <summary>A 300–699 has been sent and waits for its ACK.</summary>
    Completed,

    /// <summary>The ACK of the 300–699 has come; repetitions of it are absorbed.</summary>
    Confirmed,

    /// <summary>Over; no input has an effect any more.</summary>
    Terminated,
}
