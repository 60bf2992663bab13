using System.Buffers;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace SipPush.Sip;

/// <summary>The arithmetic of Digest (RFC 7616 §3.4, RFC 3261 §22.4). Text is hashed as UTF-8; hashes are lower-case hexadecimal digits.</summary>
internal static class DigestCalculator
{
    /// <summary>H(user:realm:password), which is all that anybody needs to know of a password.</summary>
    public static string HashSecret(DigestAlgorithm algorithm, string userName, string realm, string password) =>
        HashOf(algorithm, userName, realm, password);

    /// <summary>The user name as a client sends it where the server asked for a hash of it (RFC 7616 §3.4.4).</summary>
    public static string HashUserName(DigestAlgorithm algorithm, string userName, string realm) => HashOf(algorithm, userName, realm);

    /// <summary>The value of the <c>response</c> parameter, or of <c>rspauth</c>.</summary>
    /// <param name="algorithm">The hash.</param>
    /// <param name="secret">What <see cref="HashSecret"/> made.</param>
    /// <param name="method">The method of the request; empty for <c>rspauth</c> (RFC 7616 §3.5).</param>
    /// <param name="credentials">The <c>uri</c>, nonces, count and <c>qop</c>; the others are not looked at.</param>
    /// <param name="body">The body, for <c>auth-int</c>.</param>
    public static string ComputeResponse(
        DigestAlgorithm algorithm, string secret, string method, DigestCredentials credentials, ReadOnlySpan<byte> body)
    {
        var cnonce = credentials.Cnonce ?? "";
        var key = algorithm.HasSessionKey() ? HashOf(algorithm, secret, credentials.Nonce, cnonce) : secret;
        var request = IsAuthInt(credentials.Qop)
            ? HashOf(algorithm, method, credentials.Uri, HashBody(algorithm, body))
            : HashOf(algorithm, method, credentials.Uri);

        return credentials.Qop is null
            ? HashOf(algorithm, key, credentials.Nonce, request)
            : HashOf(algorithm, key, credentials.Nonce, FormatCount(credentials.NonceCount ?? 0), cnonce, credentials.Qop, request);
    }

    public static bool IsAuthInt(string? qop) => string.Equals(qop, "auth-int", StringComparison.OrdinalIgnoreCase);

    /// <summary>A nonce count as its eight digits.</summary>
    public static string FormatCount(uint nonceCount) => nonceCount.ToString("x8", CultureInfo.InvariantCulture);

    /// <summary>Compares a hash with what somebody sent, upper case included, in a time that does not tell where they differ.</summary>
    public static bool AreSame(string expected, string given)
    {
        Span<byte> expectedDigits = stackalloc byte[DigestAlgorithms.MaxHashLength];
        Span<byte> givenDigits = stackalloc byte[DigestAlgorithms.MaxHashLength];
        var length = Encoding.ASCII.GetBytes(expected, expectedDigits);

        return given.Length == length
            && Ascii.ToLower(given, givenDigits, out _) == OperationStatus.Done
            && CryptographicOperations.FixedTimeEquals(expectedDigits[..length], givenDigits[..length]);
    }

    private static string HashBody(DigestAlgorithm algorithm, ReadOnlySpan<byte> body)
    {
        Span<byte> hex = stackalloc byte[DigestAlgorithms.MaxHashLength];
        return Encoding.ASCII.GetString(algorithm.Hash(body, hex));
    }

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
