using System.Security.Cryptography;

namespace SipPush.Msrp;

/// <summary>A digest of a whole file. SHA-1 is what RFC 5547 registers; it finds accidents, not attacks.</summary>
/// <param name="Algorithm">The algorithm, <see cref="HashAlgorithmName.SHA1"/> or <see cref="HashAlgorithmName.SHA256"/> for instance.</param>
/// <param name="Digest">Its octets.</param>
public readonly record struct MsrpFileHash(HashAlgorithmName Algorithm, ReadOnlyMemory<byte> Digest)
{
    /// <summary>Whether algorithm and octets are the same.</summary>
    public bool Equals(MsrpFileHash other) => Algorithm == other.Algorithm && Digest.Span.SequenceEqual(other.Digest.Span);

    /// <inheritdoc/>
    public override int GetHashCode()
    {
        var hash = new HashCode();
        hash.Add(Algorithm);
        hash.AddBytes(Digest.Span);
        return hash.ToHashCode();
    }

    /// <summary>The algorithm and the octets in hexadecimal, joined by colons.</summary>
    public override string ToString() => $"{Algorithm.Name}:{Convert.ToHexString(Digest.Span)}";
}
