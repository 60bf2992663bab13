using SipPush.Sip;

namespace SipPush;

/// <summary>What a sender knows of a user who is registered, from the core's third-party REGISTER (TS 24.229 §5.4.1.7).</summary>
public sealed record PushRegistration
{
    /// <summary>The public user identity, without parameters.</summary>
    public required SipUri Aor { get; init; }

    /// <summary>
    /// When the last REGISTER came, by the clock of this server; the default value when that is not known. A clock that is set back behind
    /// it is found out by it: the registration then counts as made anew, for the time that was granted.
    /// </summary>
    public DateTimeOffset RegisteredAt { get; init; }

    /// <summary>When it lapses unless it is refreshed.</summary>
    public required DateTimeOffset Expires { get; init; }

    /// <summary>
    /// The public GRUU of the user's one device; null when the core did not tell, or when there are several devices, of which the core
    /// is to choose.
    /// </summary>
    public SipUri? PublicGruu { get; init; }

    /// <summary>The temporary GRUU of the same device; null likewise.</summary>
    public SipUri? TemporaryGruu { get; init; }

    /// <summary>The push applications of all devices; empty also when the core did not tell.</summary>
    public IReadOnlyList<PushApplicationId> Applications { get; init; } = [];

    /// <summary>The ICSIs of all devices; empty also when the core did not tell.</summary>
    public IReadOnlyList<string> Icsis { get; init; } = [];

    /// <summary>What the core keeps for this server about the user; null when there is nothing.</summary>
    public string? ServiceInfo { get; init; }

    /// <summary>The Call-ID of the last REGISTER.</summary>
    public string CallId { get; init; } = "";

    /// <summary>The CSeq number of the last REGISTER.</summary>
    public uint CSeq { get; init; }

    /// <summary>False when the applications are known and this one is not among them.</summary>
    public bool MayHave(PushApplicationId application) =>
        Applications.Count == 0 || Applications.Contains(application) || Applications.Contains(PushApplicationId.Any);
}
