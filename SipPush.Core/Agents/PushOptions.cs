using SipPush.Sip;

namespace SipPush;

/// <summary>What differs from push to push.</summary>
public sealed record PushOptions
{
    /// <summary>The application it is for; null takes <see cref="PushSenderOptions.Application"/>.</summary>
    public PushApplicationId? Application { get; init; }

    /// <summary>The Request-URI, such as a GRUU; null takes the public GRUU learned for the user, or else the address itself.</summary>
    public SipUri? Target { get; init; }

    /// <summary>The identity that is asserted, or preferred when the user agent is not trusted; null takes its address of record.</summary>
    public SipUri? Identity { get; init; }

    /// <summary>
    /// How long it is worth delivering, in whole seconds from the call on: it goes into Expires, with Date (RFC 3428 §7). A push
    /// that is still waiting for its turn when the time is over is not sent. Null for ever.
    /// </summary>
    public TimeSpan? Expires { get; init; }

    /// <summary>Priority: <c>emergency</c>, <c>urgent</c>, <c>normal</c> or <c>non-urgent</c>; null leaves it out.</summary>
    public string? Priority { get; init; }

    /// <summary>
    /// True wraps the content in <c>application/vnd.oma.push</c>, unless it is of that type already; false sends it as it is.
    /// </summary>
    public bool Envelope { get; init; } = true;

    /// <summary>Push-Flag of the envelope. The trust bits go out only from a trusted user agent.</summary>
    public PushFlags Flags { get; init; }

    /// <summary>Further fields of the envelope.</summary>
    public IReadOnlyList<PushHeader> EnvelopeHeaders { get; init; } = [];

    /// <summary>
    /// Further header lines of the request. Those that the library writes itself (routing, identity, dialog and body headers) are
    /// refused with an <see cref="ArgumentException"/>.
    /// </summary>
    public IReadOnlyList<SipHeader> Headers { get; init; } = [];

    /// <summary>Session mode: whether the far end is to report when it has the whole content; no by default. Then the report is waited for.</summary>
    public bool SuccessReport { get; init; }

    /// <summary>Session mode: told how far the content has come, by threads of the library; it must not block. Null for nobody.</summary>
    public IProgress<PushProgress>? Progress { get; init; }

    /// <summary>Session mode: identifies the content; a random one when null. What is sent again after a loss keeps its own (RFC 4975 §5.4).</summary>
    public string? MessageId { get; init; }

    /// <summary>
    /// Files: how often what was lost with its connection is sent on from where it broke off, by a new offer in the same dialog or, without it, in a new one; 0 never. Default 1. The
    /// first attempt follows after half a second, each further one after twice as long as the one before, 30 s at most.
    /// </summary>
    public int ResumeAttempts { get; init; } = 1;
}
