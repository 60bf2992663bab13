using System.Security.Cryptography;

namespace SipPush.Sip;

/// <summary>Where tags, branches, Call-IDs and jitter come from. Tests give one that counts; everybody else takes <see cref="Random"/>.</summary>
public abstract class SipIdentifiers
{
    /// <summary>The system's cryptographic generator (RFC 3261 §19.3 asks for one).</summary>
    public static SipIdentifiers Random { get; } = new CryptographicIdentifiers();

    /// <summary>Fills <paramref name="destination"/> with random octets. Called from several threads at once.</summary>
    public abstract void Fill(Span<byte> destination);

    /// <summary>A tag of 64 random bits.</summary>
    public string NewTag() => NewHex(8);

    /// <summary>A Call-ID of 128 random bits; it names no host, which would only tell strangers about this one.</summary>
    public string NewCallId() => NewHex(16);

    /// <summary>A number from 0 to 1, 1 excluded: jitter.</summary>
    public double NextFraction()
    {
        Span<byte> octets = stackalloc byte[4];
        Fill(octets);
        return BitConverter.ToUInt32(octets) / (uint.MaxValue + 1.0);
    }

    internal UInt128 NextBranch()
    {
        Span<byte> octets = stackalloc byte[16];
        Fill(octets);
        return new UInt128(BitConverter.ToUInt64(octets), BitConverter.ToUInt64(octets[8..]));
    }

    private string NewHex(int octetCount)
    {
        Span<byte> octets = stackalloc byte[octetCount];
        Fill(octets);
        return Convert.ToHexStringLower(octets);
    }

    private sealed class CryptographicIdentifiers : SipIdentifiers
    {
        // One call to the system's generator fills many identifiers: it costs the same for 16 octets as for a thousand.
        private const int PoolSize = 1024;

        [ThreadStatic]
        private static byte[]? _pool;

        [ThreadStatic]
        private static int _used;

        public override void Fill(Span<byte> destination)
        {
            if (destination.Length > PoolSize)
            {
                RandomNumberGenerator.Fill(destination);
                return;
            }

            if (_pool is null || _used + destination.Length > PoolSize)
            {
                _pool ??= new byte[PoolSize];
                RandomNumberGenerator.Fill(_pool);
                _used = 0;
            }

            var taken = _pool.AsSpan(_used, destination.Length);
            taken.CopyTo(destination);
            taken.Clear();
            _used += destination.Length;
        }
    }
}
