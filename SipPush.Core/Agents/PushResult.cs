using SipPush.Sip;

namespace SipPush;

/// <summary>What became of a push.</summary>
public sealed record PushResult
{
    /// <summary>What became of it.</summary>
    public required PushOutcome Outcome { get; init; }

    /// <summary>The status of the final response; null when there was none.</summary>
    public int? StatusCode { get; init; }

    /// <summary>The response's reason phrase, or in words why there was none.</summary>
    public required string Reason { get; init; }

    /// <summary>How it travelled, or would have.</summary>
    public PushMode Mode { get; init; }

    /// <summary>From the call to its end, the wait for its turn included.</summary>
    public TimeSpan Elapsed { get; init; }

    /// <summary>The final response; null when there was none.</summary>
    public SipResponse? Response { get; init; }

    /// <summary>Session mode: what became of the content on MSRP; null otherwise, or when it did not come to that.</summary>
    public DeliveryReport? Delivery { get; init; }

    /// <summary>What the transport said; null unless it failed.</summary>
    public Exception? Error { get; init; }

    /// <summary>True when it was delivered, or <see cref="Stored"/>.</summary>
    public bool IsDelivered => Outcome is PushOutcome.Delivered or PushOutcome.Stored;

    /// <summary>True when somebody on the way keeps it (202).</summary>
    public bool Stored => Outcome == PushOutcome.Stored;

    /// <summary>How long to wait before trying again, when the response says so.</summary>
    public TimeSpan? RetryAfter => Response?.RetryAfter;

    /// <summary>One line for a person: <c>Refused: 480 Temporarily Unavailable</c>.</summary>
    public override string ToString() => StatusCode is { } status ? $"{Outcome}: {status} {Reason}" : $"{Outcome}: {Reason}";
}
