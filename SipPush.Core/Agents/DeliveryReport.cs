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

    /// <summary>From the call to its end.</summary>
    public TimeSpan Elapsed { get; init; }

    /// <summary>Whether nothing went wrong: reported where that was asked for, answered or sent otherwise.</summary>
    public bool IsSuccess => Outcome is MsrpSendOutcome.Sent or MsrpSendOutcome.Acknowledged or MsrpSendOutcome.Reported;
}
