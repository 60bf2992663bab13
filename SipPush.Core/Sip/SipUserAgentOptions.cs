namespace SipPush.Sip;

/// <summary>An identity on a stack.</summary>
public sealed record SipUserAgentOptions
{
    /// <summary>The public identity: <c>sip:bob@example.com</c>.</summary>
    public required SipUri AddressOfRecord { get; init; }

    /// <summary>The name shown beside it in From and To; null for none.</summary>
    public string? DisplayName { get; init; }

    /// <summary>Where requests go first, in the order in which to try them; empty sends them to where their Request-URI points. A
    /// proxy with <c>lr</c> is also written into Route.</summary>
    public IReadOnlyList<SipUri> OutboundProxies { get; init; } = [];

    /// <summary>What challenges are answered with; empty leaves them unanswered.</summary>
    public IReadOnlyList<SipCredential> Credentials { get; init; } = [];

    /// <summary>The user part of Contact, by which requests find this user agent on its stack; null takes the AOR's own.</summary>
    public string? ContactUser { get; init; }

    /// <summary>The instance, the same at each boot: <c>urn:uuid:f81d4fae-…</c> (RFC 5626 §4.1). Null registers without, and so without GRUU.</summary>
    public string? InstanceId { get; init; }

    /// <summary>
    /// Whether the proxies take this user agent's word for identities, as an IMS core takes an application server's: then it asserts
    /// (P-Asserted-*), otherwise it only prefers (P-Preferred-*). Default false.
    /// </summary>
    public bool IsTrusted { get; init; }

    /// <summary>How sessions are kept from outliving a peer that is gone; null for no session timer (RFC 4028).</summary>
    public SessionTimerOptions? SessionTimer { get; init; } = new();

    /// <summary>How long an invitation may stay unanswered; default 3 minutes. Then it is answered 480, or 487 where its own Expires is shorter.</summary>
    public TimeSpan RingTimeout { get; init; } = TimeSpan.FromMinutes(3);

    /// <summary>Whether callers may require reliable provisional responses (RFC 3262); default true. Otherwise such an INVITE is answered 420.</summary>
    public bool ReliableProvisionals { get; init; } = true;
}
