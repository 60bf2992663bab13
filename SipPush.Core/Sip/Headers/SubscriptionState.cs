using SipPush.Sip.Parsing;

namespace SipPush.Sip;

/// <summary>How a subscription stands: <c>active;expires=3600</c>, <c>terminated;reason=noresource</c> (RFC 6665 §4.1.3).</summary>
/// <param name="State">active, pending, terminated; another is to be taken for active.</param>
/// <param name="Parameters">expires, reason, retry-after and others.</param>
public readonly record struct SubscriptionState(SipText State, SipParameters Parameters)
{
    /// <summary>True when the notifier waits for leave to notify.</summary>
    public bool IsPending => State.EqualsIgnoreCase("pending"u8);

    /// <summary>True when the subscription has ended.</summary>
    public bool IsTerminated => State.EqualsIgnoreCase("terminated"u8);

    /// <summary>How long it lasts from now; null when it does not say.</summary>
    public TimeSpan? Expires => Parameters.Seconds("expires"u8);

    /// <summary>How long to wait before subscribing anew; null when it does not say.</summary>
    public TimeSpan? RetryAfter => Parameters.Seconds("retry-after"u8);

    /// <summary>Why it has ended, such as <c>deactivated</c> or <c>noresource</c>; empty when it does not say.</summary>
    public SipText Reason => Parameters.TryGet("reason"u8, out var reason) ? reason : default;

    /// <summary>Reads the value.</summary>
    public static bool TryParse(SipText value, out SubscriptionState state)
    {
        var read = SipGrammar.TrySplit(value, out var name, out var parameters);
        state = new SubscriptionState(name, parameters);
        return read;
    }

    /// <summary>As it is written.</summary>
    public override string ToString() => $"{State}{Parameters}";
}
