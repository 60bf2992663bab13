using System.Security.Cryptography;

namespace SipPush.Sip;

/// <summary>What follows from a Digest algorithm.</summary>
public static class DigestAlgorithms
{
    internal const int MaxHashLength = 64;

    /// <summary>The value of the <c>algorithm</c> parameter.</summary>
    public static string Name(this DigestAlgorithm algorithm) => algorithm == DigestAlgorithm.Sha256 ? "SHA-256" : "MD5";

    /// <summary>The length of a hash in hexadecimal digits.</summary>
    public static int HashLength(this DigestAlgorithm algorithm) => algorithm == DigestAlgorithm.Sha256 ? 64 : 32;

    /// <summary>Reads a value of the <c>algorithm</c> parameter without regard to case; false when it is not supported.</summary>
    public static bool TryParse(ReadOnlySpan<char> name, out DigestAlgorithm algorithm)
    {
        algorithm = name.Equals("SHA-256", StringComparison.OrdinalIgnoreCase) ? DigestAlgorithm.Sha256 : DigestAlgorithm.Md5;
        return algorithm == DigestAlgorithm.Sha256 || name.Equals("MD5", StringComparison.OrdinalIgnoreCase);
    }

    /// <summary>Writes the hash of the data as <see cref="HashLength"/> lower-case hexadecimal digits.</summary>
    /// <returns>The part of <paramref name="hex"/> that was written.</returns>
    internal static Span<byte> Hash(this DigestAlgorithm algorithm, ReadOnlySpan<byte> data, Span<byte> hex)
    {
        Span<byte> hash = stackalloc byte[MaxHashLength / 2];

        if (algorithm == DigestAlgorithm.Sha256)
        {
            hash = hash[..SHA256.HashData(data, hash)];
        }
        else
        {
            // Weak, but what RFC 3261 §22.4 asks of everyone; a server that wants better does not offer it.
#pragma warning disable CA5351
            hash = hash[..MD5.HashData(data, hash)];
#pragma warning restore CA5351
        }

        Convert.TryToHexStringLower(hash, hex, out var written);
        return hex[..written];
    }
}
