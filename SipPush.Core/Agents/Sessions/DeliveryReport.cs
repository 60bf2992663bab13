using SipPush.Msrp;

namespace SipPush;

/// <summary>What became of one content in a session.</summary>
public sealed record DeliveryReport
{
    /// <summary>Its Message-ID.</summary>
    public required string MessageId { get; init; }

    /// <summary>What became of it.</summary>
    public required MsrpSendOutcome Outcome { get; init; }

    /// <summary>The status of MSRP that it came to: 200 when it was answered or reported, that of a refusal, 408 when an answer is missing; 0 for none.</summary>
    public int StatusCode { get; init; }

    /// <summary>Octets of the MSRP message that were written, an envelope among them.</summary>
    public long Bytes { get; init; }

    /// <summary>Of a file: in words why it was not taken, or what failed; null otherwise.</summary>
    public string? Reason { get; init; }

    /// <summary>Of a file: an <see cref="OperationCanceledException"/> when it was given up, or what failed at this end; null otherwise.</summary>
    public Exception? Error { get; init; }

    /// <summary>The file; null for another content.</summary>
    public PushFile? File { get; init; }

    /// <summary>Octets at the beginning of the file that the far end has acknowledged, when it broke off behind them; null when nothing can be resumed. Goes into <see cref="PushFile.ResumeFrom"/>.</summary>
    public long? ResumeAt { get; init; }

    /// <summary>From the call to its end.</summary>
    public TimeSpan Elapsed { get; init; }

    /// <summary>Whether nothing went wrong: reported where that was asked for, answered or sent otherwise.</summary>
    public bool IsSuccess => Outcome is MsrpSendOutcome.Sent or MsrpSendOutcome.Acknowledged or MsrpSendOutcome.Reported;
}
