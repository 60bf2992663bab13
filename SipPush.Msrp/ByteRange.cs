namespace SipPush.Msrp;

/// <summary>The <c>Byte-Range</c> of a chunk or of a report (RFC 4975 §7.1, §9). Positions are counted in octets from 1.</summary>
/// <param name="Start">Position of the first octet.</param>
/// <param name="End">Position of the last octet, or null for <c>*</c>: the chunk may be interrupted. An empty body has 0.</param>
/// <param name="Total">Length of the whole message, or null for <c>*</c>: not known yet.</param>
public readonly record struct ByteRange(long Start, long? End, long? Total)
{
    /// <summary>Octets that <see cref="Format"/> writes at most.</summary>
    internal const int MaxLength = (3 * MaxNumberLength) + 2;

    // The longest number a peer may send, which no sum of two makes overflow; what this end writes may have one digit more.
    private const int MaxDigits = 18;
    private const int MaxNumberLength = 19;

    /// <summary>Reads <c>start "-" (end / "*") "/" (total / "*")</c>; false when the value is anything else or says what can't be.</summary>
    public static bool TryParse(ReadOnlySpan<byte> value, out ByteRange range)
    {
        range = default;

        if (!TryTakeNumber(ref value, out var start) || start < 1 || !TryTake(ref value, (byte)'-') ||
            !TryTakeNumberOrStar(ref value, out var end) || !TryTake(ref value, (byte)'/') ||
            !TryTakeNumberOrStar(ref value, out var total) || !value.IsEmpty)
        {
            return false;
        }

        // An end one below the start is a chunk without octets: 1-0/0 is the whole of an empty message.
        if (end < start - 1 || end > total || start - 1 > total)
        {
            return false;
        }

        range = new ByteRange(start, end, total);
        return true;
    }

    /// <summary>Writes the value; <paramref name="destination"/> has at least <see cref="MaxLength"/> octets.</summary>
    internal int Format(Span<byte> destination)
    {
        Start.TryFormat(destination, out var length);
        destination[length++] = (byte)'-';
        length += FormatNumberOrStar(End, destination[length..]);
        destination[length++] = (byte)'/';
        return length + FormatNumberOrStar(Total, destination[length..]);
    }

    private static int FormatNumberOrStar(long? number, Span<byte> destination)
    {
        if (number is { } known)
        {
            known.TryFormat(destination, out var length);
            return length;
        }

        destination[0] = (byte)'*';
        return 1;
    }

    private static bool TryTake(ref ReadOnlySpan<byte> value, byte octet)
    {
        if (value.IsEmpty || value[0] != octet)
        {
            return false;
        }

        value = value[1..];
        return true;
    }

    private static bool TryTakeNumberOrStar(ref ReadOnlySpan<byte> value, out long? number)
    {
        number = null;
        if (TryTake(ref value, (byte)'*'))
        {
            return true;
        }

        if (!TryTakeNumber(ref value, out var digits))
        {
            return false;
        }

        number = digits;
        return true;
    }

    private static bool TryTakeNumber(ref ReadOnlySpan<byte> value, out long number)
    {
        number = 0;
        var length = 0;
        for (; length < value.Length && value[length] is >= (byte)'0' and <= (byte)'9'; length++)
        {
            if (length == MaxDigits)
            {
                return false;
            }

            number = (number * 10) + (value[length] - '0');
        }

        value = value[length..];
        return length > 0;
    }
}
