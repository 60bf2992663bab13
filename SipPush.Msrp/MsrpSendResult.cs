namespace SipPush.Msrp;

/// <summary>What became of a message, and how far it came.</summary>
/// <param name="Outcome">What became of it.</param>
/// <param name="MessageId">Its Message-ID.</param>
/// <param name="StatusCode">The status that refused it, 408 when an answer is missing, 200 when it was answered or reported, 0 otherwise.</param>
/// <param name="Progress">How far it came.</param>
public sealed record MsrpSendResult(MsrpSendOutcome Outcome, string MessageId, int StatusCode, MsrpProgress Progress)
{
    /// <summary>Whether nothing went wrong: sent, acknowledged or reported, as much as was asked for.</summary>
    public bool IsSuccess => Outcome is MsrpSendOutcome.Sent or MsrpSendOutcome.Acknowledged or MsrpSendOutcome.Reported;
}
