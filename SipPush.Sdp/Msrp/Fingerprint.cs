using System.Diagnostics.CodeAnalysis;
using System.Security.Cryptography;

namespace SipPush.Sdp;

/// <summary>
/// The hash of a certificate by which a TLS peer is known: <c>a=fingerprint</c> (RFC 8122 §5). Only SHA-256, SHA-384 and SHA-512 are ever
/// checked: MD2 and MD5 may not be, and SHA-1 is not worth it.
/// </summary>
public sealed record Fingerprint
{
    private Fingerprint(string hashFunction, string value)
    {
        HashFunction = hashFunction;
        Value = value;
    }

    /// <summary>The hash function in lower case: <c>sha-256</c>.</summary>
    public string HashFunction { get; }

    /// <summary>The octets in upper-case hex, parted by colons.</summary>
    public string Value { get; }

    /// <summary>True when the hash function is one that is checked here, and the value has its length.</summary>
    public bool IsUsable => Strength > 0 && Value.Length == (Strength * 3 / 8) - 1;

    private int Strength => HashFunction switch { "sha-256" => 256, "sha-384" => 384, "sha-512" => 512, _ => 0 };

    /// <summary>The SHA-256 fingerprint of a certificate, which is what is offered.</summary>
    /// <param name="certificate">The certificate in DER, <c>X509Certificate2.RawData</c>.</param>
    public static Fingerprint Of(ReadOnlySpan<byte> certificate) => new("sha-256", SdpGrammar.ToHexOctets(SHA256.HashData(certificate)));

    /// <summary>Reads <c>hash-func SP 2UHEX *(":" 2UHEX)</c>, the hex in either case; false when it is anything else.</summary>
    public static bool TryParse(string value, [NotNullWhen(true)] out Fingerprint? fingerprint)
    {
        ArgumentNullException.ThrowIfNull(value);
        fingerprint = null;
        var space = value.IndexOf(' ', StringComparison.Ordinal);
        if (space < 0 || !SdpGrammar.IsToken(value.AsSpan(0, space)) || !SdpGrammar.IsHexOctets(value.AsSpan(space + 1).TrimStart(' ')))
        {
            return false;
        }

        fingerprint = new Fingerprint(value[..space].ToLowerInvariant(), value[(space + 1)..].TrimStart(' ').ToUpperInvariant());
        return true;
    }

    /// <summary>
    /// True when the certificate of a TLS peer is one of those that were announced: of all announced fingerprints those with the strongest
    /// hash function count (RFC 8122 §5.1). When it is false the connection is not used.
    /// </summary>
    /// <param name="announced">What the peer's description has.</param>
    /// <param name="certificate">What it shows, in DER.</param>
    public static bool Matches(IReadOnlyList<Fingerprint> announced, ReadOnlySpan<byte> certificate)
    {
        ArgumentNullException.ThrowIfNull(announced);
        var strongest = 0;
        for (var i = 0; i < announced.Count; i++)
        {
            strongest = announced[i].IsUsable ? Math.Max(strongest, announced[i].Strength) : strongest;
        }

        if (strongest == 0)
        {
            return false;
        }

        var actual = SdpGrammar.ToHexOctets(strongest switch
        {
            512 => SHA512.HashData(certificate),
            384 => SHA384.HashData(certificate),
            _ => SHA256.HashData(certificate),
        });
        for (var i = 0; i < announced.Count; i++)
        {
            if (announced[i].Strength == strongest && announced[i].Value == actual)
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>As it stands behind <c>fingerprint:</c>.</summary>
    public override string ToString() => $"{HashFunction} {Value}";
}
