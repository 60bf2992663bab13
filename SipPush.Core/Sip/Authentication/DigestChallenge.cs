using System.Diagnostics.CodeAnalysis;

namespace SipPush.Sip;

/// <summary>The Digest challenge of a WWW-Authenticate or Proxy-Authenticate field (RFC 3261 §22.4, RFC 8760 §2).</summary>
/// <remarks>All texts are without quotes and escapes. An initialiser throws <see cref="ArgumentException"/>, naming the
/// property, for CR, LF, NUL and other control characters.</remarks>
public sealed record DigestChallenge
{
    private static readonly string[] Names = ["realm", "nonce", "opaque", "domain", "algorithm", "qop", "stale", "userhash"];

    /// <summary>The realm: which user name and password are asked for.</summary>
    public required string Realm { get; init => field = FieldText.Checked(value, nameof(Realm)); }

    /// <summary>The server's nonce, opaque to the client.</summary>
    public required string Nonce { get; init => field = FieldText.Checked(value, nameof(Nonce)); }

    /// <summary>What the client returns as it is; null when absent.</summary>
    public string? Opaque { get; init => field = value is null ? null : FieldText.Checked(value, nameof(Opaque)); }

    /// <summary>The URIs the credentials are good for, in one text; null when absent.</summary>
    public string? Domain { get; init => field = value is null ? null : FieldText.Checked(value, nameof(Domain)); }

    /// <summary>The algorithm as named; null when absent, which means MD5.</summary>
    public string? AlgorithmName { get; init => field = value is null ? null : FieldText.CheckedToken(value, nameof(AlgorithmName)); }

    /// <summary>The algorithm; null when it is not supported.</summary>
    public DigestAlgorithm? Algorithm => DigestAlgorithms.Read(AlgorithmName);

    /// <summary>The qualities of protection offered, as named; empty when the parameter is absent.</summary>
    public IReadOnlyList<string> Qop
    {
        get;
        init => field = [.. value.Select(option => FieldText.CheckedToken(option, nameof(Qop)))];
    } = [];

    /// <summary>True when only the nonce was too old: the same user name and password may be used again (RFC 7616 §3.3).</summary>
    public bool Stale { get; init; }

    /// <summary>True when the server asks for a hash in place of the user name (RFC 7616 §3.4.4).</summary>
    public bool UserHash { get; init; }

    /// <summary>True when this library can answer: the algorithm is known, and <c>auth</c> or <c>auth-int</c> is offered, or no qop
    /// at all and the algorithm does without (RFC 3261 §22.4).</summary>
    public bool IsSupported => Algorithm is { } algorithm
        && (Qop.Count == 0 ? !algorithm.HasSessionKey() : Offers("auth") || Offers("auth-int"));

    internal bool Offers(string qop) => Qop.Contains(qop, StringComparer.OrdinalIgnoreCase);

    /// <summary>Reads the value of one field. False when it is of another scheme, malformed, names a known parameter twice,
    /// lacks realm or nonce, or is longer than 8192 octets or 32 parameters. Unknown parameters are ignored.</summary>
    public static bool TryParse(ReadOnlySpan<byte> value, [NotNullWhen(true)] out DigestChallenge? challenge)
    {
        challenge = null;
        var texts = new string?[Names.Length];

        if (!AuthParameters.TryRead(value, hasScheme: true, Names, texts)
            || texts is not [{ } realm, { } nonce, var opaque, var domain, var algorithm, var qop, var stale, var userHash]
            || !AuthParameters.IsTokenOrNull(algorithm))
        {
            return false;
        }

        var options = qop?.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries) ?? [];
        if (!Array.TrueForAll(options, option => FieldText.IsToken(option)))
        {
            return false;
        }

        challenge = new DigestChallenge
        {
            Realm = realm,
            Nonce = nonce,
            Opaque = opaque,
            Domain = domain,
            AlgorithmName = algorithm,
            Qop = options,
            Stale = AuthParameters.IsTrue(stale),
            UserHash = AuthParameters.IsTrue(userHash),
        };
        return true;
    }

    /// <summary>The value of a WWW-Authenticate or Proxy-Authenticate field.</summary>
    public override string ToString() => AuthText.Begin()
        .Quoted("realm", Realm)
        .Quoted("domain", Domain)
        .Quoted("nonce", Nonce)
        .Quoted("opaque", Opaque)
        .Token("stale", Stale ? "true" : null)
        .Token("algorithm", AlgorithmName)
        .Quoted("qop", Qop.Count == 0 ? null : string.Join(',', Qop))
        .Token("userhash", UserHash ? "true" : null)
        .ToString();
}
