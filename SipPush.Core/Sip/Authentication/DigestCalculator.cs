using System.Buffers;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace SipPush.Sip;

/// <summary>The arithmetic of Digest (RFC 7616 §3.4.1, RFC 3261 §22.4).</summary>
public static class DigestCalculator
{
    /// <summary>The value of the <c>response</c> parameter, in lower-case hexadecimal digits.</summary>
    /// <param name="algorithm">The hash.</param>
    /// <param name="userName">The user name; like all text here it is hashed as UTF-8.</param>
    /// <param name="realm">The realm of the challenge, unquoted.</param>
    /// <param name="password">The password.</param>
    /// <param name="method">The method of the request.</param>
    /// <param name="uri">The <c>uri</c> parameter, which is the Request-URI.</param>
    /// <param name="nonce">The nonce of the challenge, unquoted.</param>
    /// <param name="cnonce">The client's nonce; not used without a qop.</param>
    /// <param name="nonceCount">The nonce count, from 1; not used without a qop.</param>
    /// <param name="qop">The quality of protection.</param>
    /// <exception cref="ArgumentNullException">A text that is needed is null.</exception>
    public static string ComputeResponse(
        DigestAlgorithm algorithm,
        string userName,
        string realm,
        string password,
        string method,
        string uri,
        string nonce,
        string? cnonce = null,
        uint nonceCount = 0,
        DigestQop qop = DigestQop.None)
    {
        ArgumentNullException.ThrowIfNull(userName);
        ArgumentNullException.ThrowIfNull(realm);
        ArgumentNullException.ThrowIfNull(password);
        ArgumentNullException.ThrowIfNull(method);
        ArgumentNullException.ThrowIfNull(uri);
        ArgumentNullException.ThrowIfNull(nonce);

        var secret = HashOf(algorithm, userName, realm, password);
        var request = HashOf(algorithm, method, uri);

        if (qop == DigestQop.None)
        {
            return HashOf(algorithm, secret, nonce, request);
        }

        ArgumentNullException.ThrowIfNull(cnonce);
        return HashOf(algorithm, secret, nonce, FormatCount(nonceCount), cnonce, "auth", request);
    }

    /// <summary>A nonce count as its eight digits.</summary>
    internal static string FormatCount(uint nonceCount) => nonceCount.ToString("x8", CultureInfo.InvariantCulture);

    // The parts with a colon between each two.
    private static string HashOf(DigestAlgorithm algorithm, params ReadOnlySpan<string> parts)
    {
        var length = parts.Length - 1;
        foreach (var part in parts)
        {
            length += Encoding.UTF8.GetByteCount(part);
        }

        byte[]? rented = null;
        var joined = length <= 512 ? stackalloc byte[512] : rented = ArrayPool<byte>.Shared.Rent(length);
        Span<byte> hex = stackalloc byte[DigestAlgorithms.MaxHashLength];

        try
        {
            var at = 0;
            for (var i = 0; i < parts.Length; i++)
            {
                if (i > 0)
                {
                    joined[at++] = (byte)':';
                }
                at += Encoding.UTF8.GetBytes(parts[i], joined[at..]);
            }

            return Encoding.ASCII.GetString(algorithm.Hash(joined[..length], hex));
        }
        finally
        {
            // It may have held the password.
            CryptographicOperations.ZeroMemory(joined);
            if (rented is not null)
            {
                ArrayPool<byte>.Shared.Return(rented);
            }
        }
    }
}
