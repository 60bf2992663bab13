namespace SipPush;

/// <summary>How a <see cref="PushSenderAgent"/> sends, and what it keeps of registrations.</summary>
public sealed record PushSenderOptions
{
    /// <summary>The application that pushes are for unless they say otherwise; default <c>wml.ua</c>.</summary>
    public PushApplicationId Application { get; init; } = PushApplicationId.Default;

    /// <summary>The IMS communication service identifier (RFC 6050 §4.4).</summary>
    public string Icsi { get; init; } = DefaultIcsi;

    /// <summary>Whether contacts without the application are left out (RFC 3841 §7.2.4); default true.</summary>
    public bool Require { get; init; } = true;

    /// <summary>Whether contacts that don't say are taken not to have it (RFC 3841 §7.2.4); default true.</summary>
    public bool Explicit { get; init; } = true;

    /// <summary>The pushes that may wait for one target while another is under way; over it the outcome is <see cref="PushOutcome.Busy"/>. Default 64.</summary>
    public int MaximumWaitingPerTarget { get; init; } = 64;

    /// <summary>
    /// True when every hop is known to control congestion, which lifts the limit on a MESSAGE's size (RFC 3428 §8): a core of one
    /// domain that speaks TCP or TLS only. Default false.
    /// </summary>
    public bool CongestionSafe { get; init; }

    /// <summary>
    /// Where registrations are kept, such as a <see cref="FileRegistrationStore"/>; null keeps them in memory. The agent does not dispose
    /// it: who made it does, after the agent.
    /// </summary>
    public RegistrationStore? Store { get; init; }

    /// <summary>The registrations kept in memory; over it a new one is answered 503. Default 1,000,000. Without effect on another <see cref="Store"/>.</summary>
    public int MaximumRegistrations { get; init; } = 1_000_000;

    /// <summary>The changes that wait for each reader of <see cref="Registrations.WatchAsync"/>; over it the oldest are lost. Default 1,024.</summary>
    public int WatchQueueLength { get; init; } = 1_024;

    /// <summary>Session mode.</summary>
    public PushMediaOptions Media { get; init; } = new();

    /// <summary>The media types that are offered in session mode. The far end has to take one of them.</summary>
    public IReadOnlyList<string> OfferTypes { get; init; } = [PushMessage.MediaType, "*"];

    internal const string DefaultIcsi = "urn:urn-7:3gpp-service.ims.icsi.omapush";
}
