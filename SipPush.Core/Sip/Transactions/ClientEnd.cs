namespace SipPush.Sip.Transactions;

/// <summary>What a step of a client transaction has to tell its user.</summary>
internal enum ClientEnd
{
    None,
    Response,
    Timeout,
    TransportError,

    /// <summary>The time in which further 2xx may come has passed.</summary>
    Over,
}
