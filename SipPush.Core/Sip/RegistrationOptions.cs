namespace SipPush.Sip;

/// <summary>How a user agent registers.</summary>
public sealed record RegistrationOptions
{
    /// <summary>The lifetime to ask for; the registrar may grant less. Default two hours.</summary>
    public TimeSpan Expires { get; init; } = TimeSpan.FromHours(2);

    /// <summary>Parameters of the Contact, as they are written: feature tags such as <c>+g.oma.pusheventapp="mms.ua"</c>.</summary>
    public IReadOnlyList<string> ContactParameters { get; init; } = [];

    /// <summary>The registrar; null takes the AOR's domain.</summary>
    public SipUri? Registrar { get; init; }

    /// <summary>The first wait after a failure, doubled with each further one; default 30 s (RFC 5626 §4.5).</summary>
    public TimeSpan RetryBase { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>The longest wait after a failure; default 30 min.</summary>
    public TimeSpan RetryMaximum { get; init; } = TimeSpan.FromSeconds(1800);

    /// <summary>How long the de-registration at the end may take; default 5 s.</summary>
    public TimeSpan UnregisterTimeout { get; init; } = TimeSpan.FromSeconds(5);
}
