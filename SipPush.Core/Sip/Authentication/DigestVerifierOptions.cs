namespace SipPush.Sip;

/// <summary>How a <see cref="DigestVerifier"/> challenges.</summary>
public sealed record DigestVerifierOptions
{
    /// <summary>The realm, shown to users.</summary>
    public required string Realm { get; init; }

    /// <summary>The algorithms offered and accepted, the preferred one first (RFC 8760 §2.3).</summary>
    public IReadOnlyList<DigestAlgorithm> Algorithms { get; init; } = [DigestAlgorithm.Sha256, DigestAlgorithm.Md5];

    /// <summary>The qualities of protection offered and accepted. A request without any is taken where <c>auth</c> is.</summary>
    public IReadOnlyList<DigestQop> Qop { get; init; } = [DigestQop.Auth];

    /// <summary>True for a proxy, which reads Proxy-Authorization and answers 407; false for a registrar or user agent.</summary>
    public bool IsProxy { get; init; }

    /// <summary>Finds the user whose name has that hash (<see cref="DigestCredentials.HashUserName"/>); null when there is none.
    /// Left out, no client is asked for hashes and none is accepted (RFC 7616 §3.4.4).</summary>
    public Func<string, DigestAlgorithm, string?>? UserNameOfHash { get; init; }

    /// <summary>How long a nonce is good. Five minutes unless set.</summary>
    public TimeSpan NonceLifetime { get; init; } = TimeSpan.FromMinutes(5);

    /// <summary>How many nonces in use have their counts remembered. Past that the oldest become stale.</summary>
    public int MaxNonces { get; init; } = 10_000;

    /// <summary>The clock nonces age by.</summary>
    public TimeProvider TimeProvider { get; init; } = TimeProvider.System;
}
