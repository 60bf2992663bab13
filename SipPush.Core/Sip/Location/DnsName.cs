using System.Diagnostics.CodeAnalysis;
using System.Text;

namespace SipPush.Sip.Location;

/// <summary>
/// A domain name, kept as its labels stand on the wire without compression, ASCII letters in lower case: two names are equal
/// when their octets are (RFC 1035 §2.3.3). The default is the root.
/// </summary>
internal readonly struct DnsName : IEquatable<DnsName>
{
    /// <summary>Octets of a name, the length octets and the root's included (RFC 1035 §2.3.4).</summary>
    public const int MaximumLength = 255;

    private const int MaximumLabel = 63;

    // Every pointer goes back, so the chain ends anyway; nobody needs as many as this.
    private const int MaximumPointers = 32;

    private static readonly byte[] RootOctets = [0];

    private readonly byte[]? _octets;

    private DnsName(ReadOnlySpan<byte> octets) => _octets = octets.ToArray();

    /// <summary>The labels, each behind its length, and the empty one of the root.</summary>
    public ReadOnlySpan<byte> Octets => _octets ?? RootOctets;

    /// <summary>True for the name without a label; as the target of an SRV record it means that there is no such service.</summary>
    public bool IsRoot => Octets.Length == 1;

    /// <summary>How many labels it has, the root's not counted.</summary>
    public int LabelCount
    {
        get
        {
            var count = 0;
            for (var rest = Octets; rest[0] != 0; rest = rest[(rest[0] + 1)..])
            {
                count++;
            }

            return count;
        }
    }

    /// <summary>Reads labels with dots between them, the last dot being optional. There are no escapes: a host name needs none.</summary>
    public static bool TryParse(ReadOnlySpan<byte> text, out DnsName name)
    {
        name = default;
        if (text.EndsWith("."u8))
        {
            text = text[..^1];
        }

        // Dots become the lengths, so the octets are as many, and one more at each end.
        if (text.IsEmpty || text.Length + 2 > MaximumLength)
        {
            return false;
        }

        Span<byte> octets = stackalloc byte[text.Length + 2];
        var at = 0;
        foreach (var range in text.Split((byte)'.'))
        {
            var label = text[range];
            if (label.Length is 0 or > MaximumLabel)
            {
                return false;
            }

            octets[at] = (byte)label.Length;
            ToLower(label, octets[(at + 1)..]);
            at += label.Length + 1;
        }

        octets[at] = 0;
        name = new DnsName(octets);
        return true;
    }

    /// <summary>
    /// Reads the name at <paramref name="position"/> of a message and moves behind it, following pointers (RFC 1035 §4.1.4).
    /// A pointer must go to before the labels it continues, so none is followed twice.
    /// </summary>
    public static DnsReadError TryRead(ReadOnlySpan<byte> message, ref int position, out DnsName name)
    {
        const int HeaderLength = 12;
        name = default;
        Span<byte> octets = stackalloc byte[MaximumLength];
        var length = 0;
        var at = position;
        var start = position;
        var pointers = 0;

        while (true)
        {
            if (at >= message.Length)
            {
                return DnsReadError.Cut;
            }

            var head = message[at];
            switch (head & 0xC0)
            {
                case 0xC0:
                    if (at + 1 >= message.Length)
                    {
                        return DnsReadError.Cut;
                    }

                    var target = ((head & 0x3F) << 8) | message[at + 1];
                    if (target >= start || target < HeaderLength || ++pointers > MaximumPointers)
                    {
                        return DnsReadError.Name;
                    }

                    position = pointers == 1 ? at + 2 : position;
                    (at, start) = (target, target);
                    break;

                case 0 when head == 0:
                    octets[length++] = 0;
                    position = pointers == 0 ? at + 1 : position;
                    name = new DnsName(octets[..length]);
                    return DnsReadError.None;

                case 0:
                    // One octet stays for the root.
                    if (length + 1 + head >= MaximumLength)
                    {
                        return DnsReadError.Name;
                    }

                    if (at + 1 + head > message.Length)
                    {
                        return DnsReadError.Cut;
                    }

                    octets[length] = head;
                    ToLower(message.Slice(at + 1, head), octets[(length + 1)..]);
                    length += 1 + head;
                    at += 1 + head;
                    break;

                default:
                    return DnsReadError.Name;
            }
        }
    }

    /// <summary>The name below this one, of a service and protocol such as <c>_sip._udp.</c>; false when that would be too long.</summary>
    public bool TryPrepend(ReadOnlySpan<byte> labels, out DnsName name)
    {
        if (!TryParse(labels, out var prefix) || prefix.Octets.Length - 1 + Octets.Length > MaximumLength)
        {
            name = default;
            return false;
        }

        // Not before: a caller may have the result put where this name stands.
        name = new DnsName([.. prefix.Octets[..^1], .. Octets]);
        return true;
    }

    /// <summary>True for this name and every one below it.</summary>
    public bool IsWithin(DnsName other)
    {
        var rest = Octets;
        while (rest.Length > other.Octets.Length)
        {
            rest = rest[(rest[0] + 1)..];
        }

        return rest.SequenceEqual(other.Octets);
    }

    public bool Equals(DnsName other) => Octets.SequenceEqual(other.Octets);

    public override bool Equals([NotNullWhen(true)] object? obj) => obj is DnsName other && Equals(other);

    public override int GetHashCode()
    {
        var hash = default(HashCode);
        hash.AddBytes(Octets);
        return hash.ToHashCode();
    }

    /// <summary>The labels with dots between them and none at the end; octets that are no printable ASCII, and dots in a label, as <c>\ddd</c> (RFC 1035 §5.1).</summary>
    public override string ToString()
    {
        if (IsRoot)
        {
            return ".";
        }

        var text = new StringBuilder();
        for (var rest = Octets; rest[0] != 0; rest = rest[(rest[0] + 1)..])
        {
            if (text.Length > 0)
            {
                text.Append('.');
            }

            foreach (var octet in rest.Slice(1, rest[0]))
            {
                if (octet is > (byte)' ' and < 0x7F and not ((byte)'.' or (byte)'\\'))
                {
                    text.Append((char)octet);
                }
                else
                {
                    text.Append('\\').Append(octet.ToString("D3", System.Globalization.CultureInfo.InvariantCulture));
                }
            }
        }

        return text.ToString();
    }

    private static void ToLower(ReadOnlySpan<byte> label, Span<byte> destination)
    {
        for (var i = 0; i < label.Length; i++)
        {
            destination[i] = label[i] is >= (byte)'A' and <= (byte)'Z' ? (byte)(label[i] | 0x20) : label[i];
        }
    }
}
