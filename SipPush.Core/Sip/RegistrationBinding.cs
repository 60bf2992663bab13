namespace SipPush.Sip;

/// <summary>What a registrar granted.</summary>
public sealed record RegistrationBinding
{
    // Where a registrar says nothing of the lifetime it is the one asked for; a lifetime of zero would have it refreshed without end.
    private static readonly TimeSpan Shortest = TimeSpan.FromSeconds(1);

    /// <summary>The contact bound; null when the registrar did not name it.</summary>
    public SipUri? Contact { get; init; }

    /// <summary>How long it lasts from the answer on.</summary>
    public required TimeSpan Lifetime { get; init; }

    /// <summary>When it ends by the stack's clock.</summary>
    public DateTimeOffset Ends { get; init; }

    /// <summary>The public GRUU, opaque; null when none was given (RFC 5627).</summary>
    public SipUri? PublicGruu { get; init; }

    /// <summary>The temporary GRUU of this answer; null when none was given. Those of earlier answers to the same Call-ID stay valid.</summary>
    public SipUri? TemporaryGruu { get; init; }

    /// <summary>The route for requests outside dialogs, in order (RFC 3608).</summary>
    public IReadOnlyList<SipUri> ServiceRoute { get; init; } = [];

    /// <summary>The identities that are registered together with this one (RFC 7315 §4.1).</summary>
    public IReadOnlyList<SipUri> AssociatedUris { get; init; } = [];

    internal static RegistrationBinding Read(SipResponse granted, string? instance, NameAddress contact, TimeSpan asked)
    {
        // The Contact's own parameter wins over the header (RFC 3261 §10.2.4).
        var lifetime = contact.ExpiresIn() ?? granted.Expires ?? asked;

        return new RegistrationBinding
        {
            Contact = contact.Uri,
            Lifetime = lifetime < Shortest ? Shortest : lifetime,
            PublicGruu = instance is null ? null : contact.PublicGruu(),
            TemporaryGruu = instance is null ? null : contact.TemporaryGruu(),
            ServiceRoute = ReadUris(granted, SipHeaderNames.ServiceRoute),
            AssociatedUris = ReadUris(granted, SipHeaderNames.PAssociatedUri),
        };
    }

    private static List<SipUri> ReadUris(SipMessage message, SipHeaderName name) =>
        [.. message.Addresses(name).Select(address => address.Uri).OfType<SipUri>()];
}
