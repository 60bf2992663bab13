using System.Buffers;

namespace SipPush.Msrp.Framing;

/// <summary>Character classes and small values of RFC 4975 §9.</summary>
internal static class MsrpGrammar
{
    public const int MinIdentLength = 4;
    public const int MaxIdentLength = 32;

    // The grammar has an ident of 4 to 32 characters here too; peers and examples use others, and to this end it is only a name.
    private const int MaxMessageIdLength = 64;

    public static readonly SearchValues<byte> AlphanumericOctets =
        SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"u8);

    public static readonly SearchValues<byte> IdentOctets =
        SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789.-+%="u8);

    private static readonly SearchValues<byte> TokenOctets =
        SearchValues.Create("!#$%&'*+-.0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ^_`abcdefghijklmnopqrstuvwxyz{|}~"u8);

    public static bool IsFlag(byte octet) => octet is (byte)'$' or (byte)'+' or (byte)'#';

    public static bool IsToken(ReadOnlySpan<byte> value) => !value.IsEmpty && !value.ContainsAnyExcept(TokenOctets);

    public static bool IsMethod(ReadOnlySpan<byte> value) => !value.IsEmpty && !value.ContainsAnyExceptInRange((byte)'A', (byte)'Z');

    public static bool IsMessageId(ReadOnlySpan<byte> value) =>
        value.Length is > 0 and <= MaxMessageIdLength && !value.ContainsAnyExceptInRange((byte)0x21, (byte)0x7E);

    /// <summary>Reads <c>3DIGIT [SP comment]</c>.</summary>
    public static bool TryReadStatus(ReadOnlySpan<byte> value, out int code)
    {
        code = 0;
        if (value.Length < 3 || value[..3].ContainsAnyExceptInRange((byte)'0', (byte)'9') || (value.Length > 3 && value[3] != ' '))
        {
            return false;
        }

        code = ((value[0] - '0') * 100) + ((value[1] - '0') * 10) + (value[2] - '0');
        return true;
    }

    /// <summary>Reads a yes or a no, without regard to case as the literals of an ABNF are.</summary>
    public static bool TryReadYesOrNo(ReadOnlySpan<byte> value, out bool yes)
    {
        yes = System.Text.Ascii.EqualsIgnoreCase(value, "yes"u8);
        return yes || System.Text.Ascii.EqualsIgnoreCase(value, "no"u8);
    }
}
