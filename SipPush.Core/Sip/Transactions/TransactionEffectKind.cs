namespace SipPush.Sip.Transactions;

/// <summary>What a transaction may ask of its driver.</summary>
internal enum TransactionEffectKind : byte
{
    /// <summary>Send the request (client) or the last response (server).</summary>
    Send,

    /// <summary>Send the ACK of the 300–699 that was the input. The first makes it (RFC 3261 §17.1.1.3); from then on the same
    /// octets go again, whatever To tag the response bears.</summary>
    SendAck,

    /// <summary>Make a 100 from the request; it is the last response from now on. A <see cref="Send"/> follows.</summary>
    CreateTrying,

    /// <summary>Start the timer, counted from the instant of the input.</summary>
    SetTimer,

    /// <summary>Stop the timer, if it runs.</summary>
    CancelTimer,

    /// <summary>Pass the request to the transaction user.</summary>
    DeliverRequest,

    /// <summary>Pass the ACK that was the input to the transaction user: it answers a 2xx.</summary>
    DeliverAck,

    /// <summary>Pass the response that was the input to the transaction user.</summary>
    DeliverResponse,

    /// <summary>Tell the transaction user that no final response (client) or no ACK (server) came in time.</summary>
    DeliverTimeout,

    /// <summary>Tell the transaction user that the transport failed.</summary>
    DeliverTransportError,

    /// <summary>Stop whatever timers still run and forget the transaction.</summary>
    Terminate,
}
