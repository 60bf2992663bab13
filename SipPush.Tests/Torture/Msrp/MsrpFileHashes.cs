using System.Globalization;
using System.Security.Cryptography;
using SipPush.Msrp;

namespace SipPush.Tests.Torture;

/// <summary>The digests that a scenario announces.</summary>
internal static class MsrpFileHashes
{
    /// <summary>A digest as an SDP or a plain hexadecimal has it; <c>good</c> stands for that of the generated body, <c>wrong</c> for another.</summary>
    /// <exception cref="ScenarioSkip">It is no digest.</exception>
    public static MsrpFileHash Read(string text, long size)
    {
        var colon = text.IndexOf(':', StringComparison.Ordinal);
        var name = colon > 0 && text.StartsWith("sha", StringComparison.OrdinalIgnoreCase) ? text[..colon].ToLowerInvariant() : null;
        var digits = (name is null ? text : text[(colon + 1)..]).Replace(":", "", StringComparison.Ordinal).Trim();
        if (text.ToLowerInvariant() is "good" or "right" or "match" or "correct")
        {
            return new MsrpFileHash(HashAlgorithmName.SHA1, Sha1(MsrpGeneratedBody.Octets(0, (int)size)));
        }

        if (text.ToLowerInvariant() is "wrong" or "bad" or "mismatch" or "other")
        {
            return new MsrpFileHash(HashAlgorithmName.SHA1, Sha1("another file"u8));
        }

        if (digits.Length == 0 || digits.Length % 2 != 0 || !digits.All(char.IsAsciiHexDigit))
        {
            throw new ScenarioSkip(string.Create(CultureInfo.InvariantCulture, $"the hash {text}"));
        }

        return new MsrpFileHash(
            name switch { "sha-256" or "sha256" => HashAlgorithmName.SHA256, "sha-512" or "sha512" => HashAlgorithmName.SHA512, _ => digits.Length == 64 ? HashAlgorithmName.SHA256 : HashAlgorithmName.SHA1 },
            Convert.FromHexString(digits));
    }

#pragma warning disable CA5350 // It is the digest that RFC 5547 has.
    private static byte[] Sha1(ReadOnlySpan<byte> octets) => SHA1.HashData(octets);
#pragma warning restore CA5350
}
