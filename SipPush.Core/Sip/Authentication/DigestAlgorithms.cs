using System.Security.Cryptography;

namespace SipPush.Sip;

/// <summary>What follows from a Digest algorithm.</summary>
internal static class DigestAlgorithms
{
    /// <summary>The hexadecimal digits of the longest hash.</summary>
    public const int MaxHashLength = 64;

    private static readonly string[] Names = ["MD5", "SHA-256", "SHA-512-256", "MD5-sess", "SHA-256-sess", "SHA-512-256-sess"];

    /// <summary>The value of the <c>algorithm</c> parameter.</summary>
    public static string Name(this DigestAlgorithm algorithm) => Names[(int)algorithm];

    /// <summary>True when the hash of the credentials is hashed once more, with both nonces.</summary>
    public static bool HasSessionKey(this DigestAlgorithm algorithm) => algorithm >= DigestAlgorithm.Md5Session;

    /// <summary>Reads a value of the <c>algorithm</c> parameter without regard to case; absent it means MD5, and null comes out
    /// when it is not supported.</summary>
    public static DigestAlgorithm? Read(string? name)
    {
        var index = name is null ? 0 : Array.FindIndex(Names, known => known.Equals(name, StringComparison.OrdinalIgnoreCase));
        return index < 0 ? null : (DigestAlgorithm)index;
    }

    /// <summary>Writes the hash of the data in lower-case hexadecimal digits.</summary>
    /// <returns>The part of <paramref name="hex"/> that was written.</returns>
    public static Span<byte> Hash(this DigestAlgorithm algorithm, ReadOnlySpan<byte> data, Span<byte> hex)
    {
        Span<byte> hash = stackalloc byte[MaxHashLength / 2];

        switch (algorithm)
        {
            case DigestAlgorithm.Sha256 or DigestAlgorithm.Sha256Session:
                SHA256.HashData(data, hash);
                break;

            case DigestAlgorithm.Sha512Truncated256 or DigestAlgorithm.Sha512Truncated256Session:
                Sha512Truncated256.HashData(data, hash);
                break;

            default:
                // Weak, but what RFC 3261 §22.4 asks of everyone; a server that wants better does not offer it.
#pragma warning disable CA5351
                hash = hash[..MD5.HashData(data, hash)];
#pragma warning restore CA5351
                break;
        }

        Convert.TryToHexStringLower(hash, hex, out var written);
        return hex[..written];
    }
}
