namespace SipPush.Sdp;

/// <summary>
/// The hash of a whole file, also when only a range of it is sent (RFC 5547 §6). It tells files apart and finds what went wrong on the
/// way; SHA-1 keeps nobody from forging one.
/// </summary>
public sealed record FileHash
{
    /// <summary>A hash.</summary>
    /// <param name="algorithm">A token: <c>sha-1</c>.</param>
    /// <param name="octets">The hash.</param>
    /// <exception cref="ArgumentException">The algorithm is no token, or there are no octets.</exception>
    public FileHash(string algorithm, ReadOnlySpan<byte> octets)
        : this(SdpGrammar.CheckToken(algorithm, nameof(algorithm)), octets.IsEmpty ? throw new ArgumentException("A hash has octets.", nameof(octets)) : SdpGrammar.ToHexOctets(octets))
    {
    }

    private FileHash(string algorithm, string value)
    {
        Algorithm = algorithm.ToLowerInvariant();
        Value = value;
    }

    /// <summary>The algorithm in lower case.</summary>
    public string Algorithm { get; }

    /// <summary>The octets in upper-case hex, parted by colons.</summary>
    public string Value { get; }

    /// <summary>The SHA-1 hash, the one that RFC 5547 has.</summary>
    /// <param name="octets">The 20 octets.</param>
    public static FileHash Sha1(ReadOnlySpan<byte> octets) => new("sha-1", octets);

    /// <summary>The octets.</summary>
    public byte[] ToOctets() => SdpGrammar.OctetsOf(Value);

    /// <summary>As it stands behind <c>hash:</c>.</summary>
    public override string ToString() => $"{Algorithm}:{Value}";

    internal static FileHash? Read(ReadOnlySpan<char> value)
    {
        var colon = value.IndexOf(':');
        return colon > 0 && SdpGrammar.IsToken(value[..colon]) && SdpGrammar.IsHexOctets(value[(colon + 1)..])
            ? new FileHash(value[..colon].ToString(), value[(colon + 1)..].ToString().ToUpperInvariant())
            : null;
    }
}
