namespace SipPush.Sip.Transactions;

/// <summary>What a transaction may ask of its driver.</summary>
internal enum TransactionEffectKind : byte
{
    /// <summary>Send the request (client) or the last response (server).</summary>
    Send,

    /// <summary>Make a 100 from the request; it is the last response from now on. A <see cref="Send"/> follows.</summary>
    CreateTrying,

    /// <summary>Start the timer, counted from the instant of the input.</summary>
    SetTimer,

    /// <summary>Stop the timer, if it runs.</summary>
    CancelTimer,

    /// <summary>Pass the request to the transaction user.</summary>
    DeliverRequest,

    /// <summary>Pass the response that was the input to the transaction user.</summary>
    DeliverResponse,

    /// <summary>Tell the transaction user that no final response came in time.</summary>
    DeliverTimeout,

    /// <summary>Tell the transaction user that the transport failed.</summary>
    DeliverTransportError,

    /// <summary>Stop whatever timers still run and forget the transaction.</summary>
    Terminate,
}
