namespace SipPush.Sip.Transactions;

/// <summary>The timers of the transactions, by their letters (RFC 3261 Table 4, RFC 6026 §8.11).</summary>
internal enum TransactionTimer : byte
{
    /// <summary>Client, INVITE: the next retransmission of the request, unreliable transports only.</summary>
    A,

    /// <summary>Client, INVITE: the end of waiting for any response at all.</summary>
    B,

    /// <summary>A proxy's client, INVITE: the end of waiting for a final response after the last provisional one. No machine sets it, the driver does.</summary>
    C,

    /// <summary>Client, INVITE: the end of answering a repeated 300–699 with the ACK.</summary>
    D,

    /// <summary>Client, not INVITE: the next retransmission of the request, unreliable transports only.</summary>
    E,

    /// <summary>Client, not INVITE: the end of waiting for a final response.</summary>
    F,

    /// <summary>Server, INVITE: the next retransmission of a 300–699, unreliable transports only.</summary>
    G,

    /// <summary>Server, INVITE: the end of waiting for the ACK of a 300–699.</summary>
    H,

    /// <summary>Server, INVITE: the end of absorbing repeated ACKs of a 300–699.</summary>
    I,

    /// <summary>Server, not INVITE: the end of answering retransmissions.</summary>
    J,

    /// <summary>Client, not INVITE: the end of absorbing repeated responses.</summary>
    K,

    /// <summary>Server, INVITE: the end of absorbing retransmissions of an INVITE that was answered with a 2xx.</summary>
    L,

    /// <summary>Client, INVITE: the end of passing up further 2xx, repeated or of another branch.</summary>
    M,

    /// <summary>Server: the moment a 100 is due. No RFC gives it a letter. Not INVITE: if there has been no final response by the time
    /// of RFC 4320 §4.1. INVITE: if there has been no response within 200 ms (RFC 3261 §17.2.1).</summary>
    Trying,
}
