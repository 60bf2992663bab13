using System.Text;

namespace SipPush.Msrp.Sessions;

/// <summary>Media types against the patterns of accept-types (RFC 4975 §8.6): parameters don't count, nor does case.</summary>
internal static class AcceptedTypes
{
    /// <summary>Whether one of the patterns, such as <c>text/plain</c>, <c>text/*</c> or <c>*</c>, takes the type.</summary>
    public static bool Match(IReadOnlyList<string> patterns, ReadOnlySpan<byte> contentType)
    {
        var type = contentType.IndexOf((byte)';') is >= 0 and var end ? contentType[..end] : contentType;
        type = type.Trim(" \t"u8);

        // A receiver of MSRP takes these always (§7.3.1).
        if (Ascii.EqualsIgnoreCase(type, "multipart/mixed"u8) || Ascii.EqualsIgnoreCase(type, "multipart/alternative"u8))
        {
            return true;
        }

        foreach (var pattern in patterns)
        {
            if (pattern == "*" || (pattern.EndsWith("/*", StringComparison.Ordinal)
                ? type.Length > pattern.Length - 1 && Ascii.EqualsIgnoreCase(type[..(pattern.Length - 1)], pattern.AsSpan(0, pattern.Length - 1))
                : Ascii.EqualsIgnoreCase(type, pattern)))
            {
                return true;
            }
        }

        return false;
    }
}
