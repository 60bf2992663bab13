namespace SipPush.Sip;

/// <summary>How a client transaction ended.</summary>
public enum SipTransactionOutcome
{
    /// <summary>A final response came.</summary>
    Answered,

    /// <summary>No final response in 64*T1 (timer F), of an INVITE no response at all (timer B), or no final one to its CANCEL.</summary>
    TimedOut,

    /// <summary>The request could not be sent, or its connection was lost.</summary>
    TransportFailed,
}

/// <summary>What a client transaction ended with.</summary>
/// <param name="Outcome">How it ended.</param>
/// <param name="Response">The final response; null unless answered.</param>
/// <param name="Error">What the transport said; null unless it failed.</param>
public readonly record struct SipTransactionResult(SipTransactionOutcome Outcome, SipResponse? Response = null, Exception? Error = null)
{
    /// <summary>The flow the final response came to; null unless answered.</summary>
    internal SipFlow? Flow { get; init; }

    /// <summary>The status of the final response; what the transaction layer reports in its place otherwise: 408 for none in time, 503 for a failed transport (RFC 3261 §8.1.3.1).</summary>
    public int StatusCode => Response?.StatusCode ?? (Outcome == SipTransactionOutcome.TimedOut ? 408 : 503);

    /// <summary>True when a provisional response came before the time-out: the server is there and has the request.</summary>
    internal bool WasProvisional { get; init; }

    /// <summary>True when the next target is to be tried: 503, no transport, or no response of any kind (RFC 3263 §4.3).</summary>
    internal bool IsFailure => StatusCode == 503 || (Outcome == SipTransactionOutcome.TimedOut && !WasProvisional);
}
