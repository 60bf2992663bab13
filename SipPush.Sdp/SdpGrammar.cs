using System.Buffers;

namespace SipPush.Sdp;

/// <summary>The character classes of RFC 8866 §9, and what is cut and counted by them.</summary>
internal static class SdpGrammar
{
    private const string TokenCharacters =
        "!#$%&'*+-.0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ^_`abcdefghijklmnopqrstuvwxyz{|}~";

    private static readonly SearchValues<char> Token = SearchValues.Create(TokenCharacters);
    private static readonly SearchValues<char> NoText = SearchValues.Create("\0\r\n");
    private static readonly SearchValues<char> Digits = SearchValues.Create("0123456789");

    // Up to and with space, and DEL: what a non-ws-string has not. A lone surrogate is an octet above 0x7F.
    private static readonly SearchValues<char> NotVisible = SearchValues.Create([.. Enumerable.Range(0, 0x21).Select(code => (char)code), '\x7F']);

    public static bool IsToken(ReadOnlySpan<char> value) => !value.IsEmpty && !value.ContainsAnyExcept(Token);

    /// <summary>True for tokens parted by slashes: <c>TCP/TLS/MSRP</c>.</summary>
    public static bool IsProtocol(ReadOnlySpan<char> value)
    {
        foreach (var part in value.Split('/'))
        {
            if (!IsToken(value[part]))
            {
                return false;
            }
        }

        return true;
    }

    /// <summary>True where there is no NUL, CR or LF; it may be empty.</summary>
    public static bool IsText(ReadOnlySpan<char> value) => !value.ContainsAny(NoText);

    public static bool IsDigits(ReadOnlySpan<char> value) => !value.IsEmpty && !value.ContainsAnyExcept(Digits);

    /// <summary>True for <c>non-ws-string</c>.</summary>
    public static bool IsVisible(ReadOnlySpan<char> value) => !value.IsEmpty && !value.ContainsAny(NotVisible);

    /// <summary>True for <c>bwtype ":" bandwidth</c>.</summary>
    public static bool IsBandwidth(ReadOnlySpan<char> value)
    {
        var colon = value.IndexOf(':');
        return colon > 0 && IsToken(value[..colon]) && IsDigits(value[(colon + 1)..]);
    }

    /// <summary>True for <c>1*DIGIT [d/h/m/s]</c>.</summary>
    public static bool IsTypedTime(ReadOnlySpan<char> value) =>
        !value.IsEmpty && IsDigits(value[^1] is 'd' or 'h' or 'm' or 's' ? value[..^1] : value);

    /// <summary>A number of digits only; false also when it is more than a <see cref="long"/> holds.</summary>
    public static bool TryReadNumber(ReadOnlySpan<char> value, out long number)
    {
        number = 0;
        if (!IsDigits(value))
        {
            return false;
        }

        foreach (var digit in value)
        {
            if (number > (long.MaxValue - (digit - '0')) / 10)
            {
                return false;
            }

            number = (number * 10) + (digit - '0');
        }

        return true;
    }

    /// <summary>Takes what comes before the next space off <paramref name="rest"/>; everything where there is none.</summary>
    public static ReadOnlySpan<char> TakeField(ref ReadOnlySpan<char> rest)
    {
        var space = rest.IndexOf(' ');
        var field = space < 0 ? rest : rest[..space];
        rest = space < 0 ? default : rest[(space + 1)..];
        return field;
    }

    public static int HexValue(char digit) => digit switch
    {
        >= '0' and <= '9' => digit - '0',
        >= 'A' and <= 'F' => digit - 'A' + 10,
        >= 'a' and <= 'f' => digit - 'a' + 10,
        _ => -1,
    };

    /// <summary>True for <c>2HEXDIG *(":" 2HEXDIG)</c>, in either case.</summary>
    public static bool IsHexOctets(ReadOnlySpan<char> value)
    {
        if (value.Length % 3 != 2)
        {
            return false;
        }

        for (var i = 0; i < value.Length; i++)
        {
            if (i % 3 == 2 ? value[i] != ':' : HexValue(value[i]) < 0)
            {
                return false;
            }
        }

        return true;
    }

    /// <summary>Octets as upper-case hex, parted by colons (RFC 8122 §5, RFC 5547 §6).</summary>
    public static string ToHexOctets(ReadOnlySpan<byte> octets)
    {
        Span<char> text = octets.Length <= 64 ? stackalloc char[(octets.Length * 3)] : new char[octets.Length * 3];
        for (var i = 0; i < octets.Length; i++)
        {
            text[3 * i] = "0123456789ABCDEF"[octets[i] >> 4];
            text[(3 * i) + 1] = "0123456789ABCDEF"[octets[i] & 15];
            text[(3 * i) + 2] = ':';
        }

        return octets.IsEmpty ? "" : new string(text[..^1]);
    }

    /// <summary>The octets of what <see cref="IsHexOctets"/> is true for.</summary>
    public static byte[] OctetsOf(ReadOnlySpan<char> hex)
    {
        var octets = new byte[(hex.Length + 1) / 3];
        for (var i = 0; i < octets.Length; i++)
        {
            octets[i] = (byte)((HexValue(hex[3 * i]) << 4) | HexValue(hex[(3 * i) + 1]));
        }

        return octets;
    }

    public static string CheckText(string value, string what) =>
        IsText(value ?? throw new ArgumentNullException(what)) ? value : throw new ArgumentException($"{what} has no NUL and no line end in it.", what);

    public static string CheckToken(string value, string what) =>
        IsToken(value ?? throw new ArgumentNullException(what)) ? value : throw new ArgumentException($"{what} is a token.", what);

    public static string CheckDigits(string value, string what) =>
        IsDigits(value ?? throw new ArgumentNullException(what)) ? value : throw new ArgumentException($"{what} is digits.", what);

    public static string CheckVisible(string value, string what) =>
        IsVisible(value ?? throw new ArgumentNullException(what)) ? value : throw new ArgumentException($"{what} is visible characters without a space.", what);
}
