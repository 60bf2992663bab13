using System.Diagnostics.CodeAnalysis;

namespace SipPush.Sip;

/// <summary>What an Authentication-Info or Proxy-Authentication-Info field says of the credentials that were accepted (RFC 7616 §3.5).</summary>
/// <remarks>All texts are without quotes and escapes. An initialiser throws <see cref="ArgumentException"/>, naming the
/// property, for CR, LF, NUL and other control characters.</remarks>
public sealed record AuthenticationInfo
{
    private static readonly string[] Names = ["nextnonce", "qop", "rspauth", "cnonce", "nc"];

    /// <summary>The nonce for the next request; null to go on with the present one.</summary>
    public string? NextNonce { get; init => field = value is null ? null : FieldText.Checked(value, nameof(NextNonce)); }

    /// <summary>The quality of protection of the response, as named; null when absent.</summary>
    public string? Qop { get; init => field = value is null ? null : FieldText.CheckedToken(value, nameof(Qop)); }

    /// <summary>The proof that the server knows the password, in hexadecimal digits; null when absent.</summary>
    public string? ResponseAuth { get; init => field = value is null ? null : FieldText.Checked(value, nameof(ResponseAuth)); }

    /// <summary>The cnonce of the request; null when absent.</summary>
    public string? Cnonce { get; init => field = value is null ? null : FieldText.Checked(value, nameof(Cnonce)); }

    /// <summary>The nonce count of the request; null when absent.</summary>
    public uint? NonceCount { get; init; }

    /// <summary>Reads the value of the field. False when it is empty, malformed, names a known parameter twice, or is longer than 8192
    /// octets or 32 parameters. Unknown parameters are ignored.</summary>
    public static bool TryParse(ReadOnlySpan<byte> value, [NotNullWhen(true)] out AuthenticationInfo? info)
    {
        info = null;
        var texts = new string?[Names.Length];

        if (!AuthParameters.TryRead(value, hasScheme: false, Names, texts)
            || texts is not [var nextNonce, var qop, var responseAuth, var cnonce, var nc]
            || !AuthParameters.IsTokenOrNull(qop)
            || !AuthParameters.TryReadCount(nc, out var nonceCount))
        {
            return false;
        }

        info = new AuthenticationInfo { NextNonce = nextNonce, Qop = qop, ResponseAuth = responseAuth, Cnonce = cnonce, NonceCount = nonceCount };
        return true;
    }

    /// <summary>The value of the field.</summary>
    public override string ToString() => AuthText.Begin(hasScheme: false)
        .Quoted("nextnonce", NextNonce)
        .Token("qop", Qop)
        .Quoted("rspauth", ResponseAuth)
        .Quoted("cnonce", Cnonce)
        .Token("nc", NonceCount is { } count ? DigestCalculator.FormatCount(count) : null)
        .ToString();
}
