using System.Runtime.InteropServices;

namespace SipPush.Sip.Transactions;

/// <summary>Compares octet strings in a dictionary that can be asked with a span. The hash is seeded anew in each process: peers choose these keys.</summary>
internal sealed class OctetComparer : IEqualityComparer<byte[]>, IAlternateEqualityComparer<ReadOnlySpan<byte>, byte[]>
{
    public static readonly OctetComparer Instance = new();

    /// <summary>The runtime's keyed string hash over the octets taken two by two; an odd one at the end is mixed in behind.</summary>
    public static int Hash(ReadOnlySpan<byte> octets)
    {
        var hash = string.GetHashCode(MemoryMarshal.Cast<byte, char>(octets));
        return (octets.Length & 1) == 0 ? hash : HashCode.Combine(hash, octets[^1]);
    }

    public bool Equals(byte[]? x, byte[]? y) => x.AsSpan().SequenceEqual(y);

    public int GetHashCode(byte[] obj) => Hash(obj);

    public byte[] Create(ReadOnlySpan<byte> alternate) => alternate.ToArray();

    public bool Equals(ReadOnlySpan<byte> alternate, byte[] other) => alternate.SequenceEqual(other);

    public int GetHashCode(ReadOnlySpan<byte> alternate) => Hash(alternate);
}
