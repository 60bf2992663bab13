using System.Diagnostics.CodeAnalysis;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace SipPush.Msrp;

/// <summary>The fingerprint of a certificate, as SDP carries it in <c>a=fingerprint</c> (RFC 8122 §5): a hash over its DER form.</summary>
public sealed class MsrpFingerprint : IEquatable<MsrpFingerprint>
{
    // Strongest last. SHA-1 is read, since older peers have nothing else; MD5 and MD2 must not be used at all.
    private static readonly (string Name, HashAlgorithmName Algorithm, int Length)[] Functions =
    [
        ("sha-1", HashAlgorithmName.SHA1, SHA1.HashSizeInBytes),
        ("sha-256", HashAlgorithmName.SHA256, SHA256.HashSizeInBytes),
        ("sha-384", HashAlgorithmName.SHA384, SHA384.HashSizeInBytes),
        ("sha-512", HashAlgorithmName.SHA512, SHA512.HashSizeInBytes),
    ];

    private readonly byte[] _octets;

    private MsrpFingerprint(int strength, byte[] octets)
    {
        Strength = strength;
        _octets = octets;
    }

    /// <summary>The hash function by its name in SDP, in lower case: <c>sha-1</c>, <c>sha-256</c>, <c>sha-384</c> or <c>sha-512</c>.</summary>
    public string HashFunction => Functions[Strength].Name;

    /// <summary>The hash.</summary>
    public ReadOnlySpan<byte> Octets => _octets;

    /// <summary>The place of the hash function among those known: more is stronger.</summary>
    internal int Strength { get; }

    /// <summary>The fingerprint of a certificate, by SHA-256, SHA-384 or SHA-512.</summary>
    /// <exception cref="ArgumentException">Another hash function, SHA-1 among them: nobody should announce it any more.</exception>
    public static MsrpFingerprint Of(X509Certificate2 certificate, HashAlgorithmName algorithm)
    {
        ArgumentNullException.ThrowIfNull(certificate);
        var strength = Array.FindIndex(Functions, function => function.Algorithm == algorithm);
        return strength > 0
            ? new MsrpFingerprint(strength, certificate.GetCertHash(algorithm))
            : throw new ArgumentException($"No fingerprints are made by {algorithm.Name}", nameof(algorithm));
    }

    /// <summary>Reads <c>hash-func SP fingerprint</c>, the value of the attribute; hexadecimal digits in lower case are let pass. False for
    /// anything else, and for a hash function that is not among the four, such as MD5.</summary>
    public static bool TryParse(string? value, [NotNullWhen(true)] out MsrpFingerprint? fingerprint)
    {
        fingerprint = null;
        var text = value.AsSpan();
        var space = text.IndexOf(' ');

        if (space < 0 || FindFunction(text[..space]) is not (>= 0 and var strength))
        {
            return false;
        }

        var octets = new byte[Functions[strength].Length];
        text = text[(space + 1)..];

        // Each octet takes two digits and, but for the last, a colon.
        if (text.Length != (octets.Length * 3) - 1)
        {
            return false;
        }

        for (var index = 0; index < octets.Length; index++)
        {
            var (high, low) = (text[index * 3], text[(index * 3) + 1]);

            if (!char.IsAsciiHexDigit(high) || !char.IsAsciiHexDigit(low) || (index > 0 && text[(index * 3) - 1] != ':'))
            {
                return false;
            }
            octets[index] = Convert.FromHexString([high, low])[0];
        }

        fingerprint = new MsrpFingerprint(strength, octets);
        return true;
    }

    /// <summary>As <see cref="TryParse"/>.</summary>
    /// <exception cref="FormatException">It is not one, or its hash function can't be used.</exception>
    public static MsrpFingerprint Parse(string value)
    {
        ArgumentNullException.ThrowIfNull(value);
        return TryParse(value, out var fingerprint) ? fingerprint : throw new FormatException($"'{value}' is no fingerprint that can be used");
    }

    /// <summary>Whether the certificate has this fingerprint.</summary>
    public bool Matches(X509Certificate2 certificate)
    {
        ArgumentNullException.ThrowIfNull(certificate);
        return CryptographicOperations.FixedTimeEquals(_octets, certificate.GetCertHash(Functions[Strength].Algorithm));
    }

    /// <inheritdoc/>
    public bool Equals(MsrpFingerprint? other) => other is not null && other.Strength == Strength && other.Octets.SequenceEqual(_octets);

    /// <inheritdoc/>
    public override bool Equals(object? obj) => Equals(obj as MsrpFingerprint);

    /// <inheritdoc/>
    public override int GetHashCode() => BitConverter.ToInt32(_octets);

    /// <summary>The value of the attribute: <c>sha-256 AB:CD…</c>.</summary>
    public override string ToString() => $"{HashFunction} {BitConverter.ToString(_octets).Replace('-', ':')}";

    private static int FindFunction(ReadOnlySpan<char> name)
    {
        for (var index = 0; index < Functions.Length; index++)
        {
            if (name.Equals(Functions[index].Name, StringComparison.OrdinalIgnoreCase))
            {
                return index;
            }
        }
        return -1;
    }
}
