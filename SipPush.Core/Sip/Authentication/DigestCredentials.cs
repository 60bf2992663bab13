using System.Diagnostics.CodeAnalysis;
using System.Globalization;

namespace SipPush.Sip;

/// <summary>The Digest credentials of an Authorization or Proxy-Authorization field (RFC 3261 §22.4, RFC 7616 §3.4).</summary>
/// <remarks>All texts are without quotes and escapes. An initialiser throws <see cref="ArgumentException"/>, naming the
/// property, for CR, LF, NUL and other control characters.</remarks>
public sealed class DigestCredentials
{
    /// <summary>The user name.</summary>
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
    public DigestAlgorithm? Algorithm =>
        AlgorithmName is null ? DigestAlgorithm.Md5 : DigestAlgorithms.TryParse(AlgorithmName, out var algorithm) ? algorithm : null;

    /// <summary>The client's nonce; null when absent.</summary>
    public string? Cnonce { get; init => field = value is null ? null : FieldText.Checked(value, nameof(Cnonce)); }

    /// <summary>The challenge's opaque; null when absent.</summary>
    public string? Opaque { get; init => field = value is null ? null : FieldText.Checked(value, nameof(Opaque)); }

    /// <summary>The quality of protection as named; null when absent.</summary>
    public string? Qop { get; init => field = value is null ? null : FieldText.CheckedToken(value, nameof(Qop)); }

    /// <summary>How often the nonce has been used, this time included; null when absent.</summary>
    public uint? NonceCount { get; init; }

    /// <summary>Reads the value of one field. False when it is of another scheme, malformed, names a known parameter twice,
    /// lacks one that is needed (with a qop also cnonce and nc), or is longer than 8192 octets or 32 parameters.
    /// Unknown parameters are ignored.</summary>
    public static bool TryParse(ReadOnlySpan<byte> value, [NotNullWhen(true)] out DigestCredentials? credentials)
    {
        credentials = null;
        string? userName = null, realm = null, nonce = null, uri = null, response = null;
        string? algorithm = null, cnonce = null, opaque = null, qop = null, count = null;

        if (!AuthParameters.TryOpen(value, out var parameters))
        {
            return false;
        }

        while (parameters.Next())
        {
            var taken = true;

            if (parameters.Is("username"u8))
            {
                taken = parameters.TryTake(ref userName);
            }
            else if (parameters.Is("realm"u8))
            {
                taken = parameters.TryTake(ref realm);
            }
            else if (parameters.Is("nonce"u8))
            {
                taken = parameters.TryTake(ref nonce);
            }
            else if (parameters.Is("uri"u8))
            {
                taken = parameters.TryTake(ref uri);
            }
            else if (parameters.Is("response"u8))
            {
                taken = parameters.TryTake(ref response);
            }
            else if (parameters.Is("algorithm"u8))
            {
                taken = parameters.TryTake(ref algorithm) && FieldText.IsToken(algorithm);
            }
            else if (parameters.Is("cnonce"u8))
            {
                taken = parameters.TryTake(ref cnonce);
            }
            else if (parameters.Is("opaque"u8))
            {
                taken = parameters.TryTake(ref opaque);
            }
            else if (parameters.Is("qop"u8))
            {
                taken = parameters.TryTake(ref qop) && FieldText.IsToken(qop);
            }
            else if (parameters.Is("nc"u8))
            {
                taken = parameters.TryTake(ref count);
            }

            if (!taken)
            {
                return false;
            }
        }

        if (parameters.IsMalformed || userName is null || realm is null || nonce is null || uri is null || response is null)
        {
            return false;
        }

        // The digits are hashed as they stand, so eight of them are asked for.
        var nonceCount = 0u;
        if (count is not null
            && (count.Length != 8 || !uint.TryParse(count, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out nonceCount)))
        {
            return false;
        }

        if (qop is not null && (cnonce is null || count is null))
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
            NonceCount = count is null ? null : nonceCount,
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
        .ToString();
}
