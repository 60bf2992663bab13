using System.Diagnostics.CodeAnalysis;

namespace SipPush.Sip;

/// <summary>The Digest credentials of an Authorization or Proxy-Authorization field (RFC 3261 §22.4, RFC 7616 §3.4).</summary>
/// <remarks>All texts are without quotes and escapes. An initialiser throws <see cref="ArgumentException"/>, naming the
/// property, for CR, LF, NUL and other control characters.</remarks>
public sealed record DigestCredentials
{
    private static readonly string[] Names =
        ["username", "realm", "nonce", "uri", "response", "algorithm", "cnonce", "opaque", "qop", "nc", "userhash"];

    /// <summary>The user name, or with <see cref="UserHash"/> its hash.</summary>
    public required string UserName { get; init => field = FieldText.Checked(value, nameof(UserName)); }

    /// <summary>The realm of the challenge.</summary>
    public required string Realm { get; init => field = FieldText.Checked(value, nameof(Realm)); }

    /// <summary>The nonce of the challenge.</summary>
    public required string Nonce { get; init => field = FieldText.Checked(value, nameof(Nonce)); }

    /// <summary>The Request-URI the response was computed for.</summary>
    public required string Uri { get; init => field = FieldText.Checked(value, nameof(Uri)); }

    /// <summary>The response, in hexadecimal digits.</summary>
    public required string Response { get; init => field = FieldText.Checked(value, nameof(Response)); }

    /// <summary>The algorithm as named; null when absent, which means MD5.</summary>
    public string? AlgorithmName { get; init => field = value is null ? null : FieldText.CheckedToken(value, nameof(AlgorithmName)); }

    /// <summary>The algorithm; null when it is not supported.</summary>
    public DigestAlgorithm? Algorithm => DigestAlgorithms.Read(AlgorithmName);

    /// <summary>The client's nonce; null when absent.</summary>
    public string? Cnonce { get; init => field = value is null ? null : FieldText.Checked(value, nameof(Cnonce)); }

    /// <summary>The challenge's opaque; null when absent.</summary>
    public string? Opaque { get; init => field = value is null ? null : FieldText.Checked(value, nameof(Opaque)); }

    /// <summary>The quality of protection as named; null when absent.</summary>
    public string? Qop { get; init => field = value is null ? null : FieldText.CheckedToken(value, nameof(Qop)); }

    /// <summary>How often the nonce has been used, this time included; null when absent.</summary>
    public uint? NonceCount { get; init; }

    /// <summary>True when <see cref="UserName"/> is what <see cref="HashUserName"/> makes of the user's name.</summary>
    public bool UserHash { get; init; }

    /// <summary>Hashes a user name (RFC 7616 §3.4.4): by these a server that asks for hashes finds its users.</summary>
    /// <param name="algorithm">The algorithm of the credentials.</param>
    /// <param name="userName">The name.</param>
    /// <param name="realm">The realm it is known in.</param>
    /// <returns>Lower-case hexadecimal digits.</returns>
    public static string HashUserName(DigestAlgorithm algorithm, string userName, string realm)
    {
        ArgumentNullException.ThrowIfNull(userName);
        ArgumentNullException.ThrowIfNull(realm);
        return DigestCalculator.HashUserName(algorithm, userName, realm);
    }

    /// <summary>Reads the value of one field. False when it is of another scheme, malformed, names a known parameter twice,
    /// lacks one that is needed (with a qop also cnonce and nc), or is longer than 8192 octets or 32 parameters.
    /// Unknown parameters are ignored.</summary>
    public static bool TryParse(ReadOnlySpan<byte> value, [NotNullWhen(true)] out DigestCredentials? credentials)
    {
        credentials = null;
        var texts = new string?[Names.Length];

        if (!AuthParameters.TryRead(value, hasScheme: true, Names, texts)
            || texts is not [{ } userName, { } realm, { } nonce, { } uri, { } response, var algorithm, var cnonce, var opaque, var qop, var nc, var userHash]
            || !AuthParameters.IsTokenOrNull(algorithm)
            || !AuthParameters.IsTokenOrNull(qop)
            || !AuthParameters.TryReadCount(nc, out var nonceCount)
            || (qop is not null && (cnonce is null || nonceCount is null)))
        {
            return false;
        }

        credentials = new DigestCredentials
        {
            UserName = userName,
            Realm = realm,
            Nonce = nonce,
            Uri = uri,
            Response = response,
            AlgorithmName = algorithm,
            Cnonce = cnonce,
            Opaque = opaque,
            Qop = qop,
            NonceCount = nonceCount,
            UserHash = AuthParameters.IsTrue(userHash),
        };
        return true;
    }

    /// <summary>The value of an Authorization or Proxy-Authorization field. It does not belong in a log.</summary>
    public override string ToString() => AuthText.Begin()
        .Quoted("username", UserName)
        .Quoted("realm", Realm)
        .Quoted("nonce", Nonce)
        .Quoted("uri", Uri)
        .Quoted("response", Response)
        .Token("algorithm", AlgorithmName)
        .Quoted("cnonce", Cnonce)
        .Quoted("opaque", Opaque)
        .Token("qop", Qop)
        .Token("nc", NonceCount is { } count ? DigestCalculator.FormatCount(count) : null)
        .Token("userhash", UserHash ? "true" : null)
        .ToString();
}
