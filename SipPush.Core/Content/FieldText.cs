using System.Buffers;

namespace SipPush;

/// <summary>What text may stand in a header field: checked where the application hands it over, so that it cannot end the field early.</summary>
internal static class FieldText
{
    private static readonly SearchValues<char> TokenCharacters =
        SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789!#$%&'*+-.^_`|~");

    /// <summary>Returns the value when it holds no control character but HTAB and no half of a surrogate pair.</summary>
    /// <exception cref="ArgumentException">It does; the exception names <paramref name="field"/>.</exception>
    public static string Checked(string value, string field)
    {
        ArgumentNullException.ThrowIfNull(value, field);

        for (var i = 0; i < value.Length; i++)
        {
            if (char.IsSurrogate(value[i]))
            {
                if (i + 1 >= value.Length || !char.IsSurrogatePair(value[i], value[i + 1]))
                {
                    throw new ArgumentException($"{field} holds half a surrogate pair, which UTF-8 cannot carry", field);
                }
                i++;
            }
            else if (value[i] is (< ' ' and not '\t') or '\x7F')
            {
                throw new ArgumentException($"{field} holds the control character U+{(int)value[i]:X4} (CR, LF and NUL among others are not allowed)", field);
            }
        }

        return value;
    }

    /// <summary>Returns the value when it is a token (RFC 2045 §5.1, RFC 3261 §25.1).</summary>
    /// <exception cref="ArgumentException">It is not; the exception names <paramref name="field"/>.</exception>
    public static string CheckedToken(string value, string field)
    {
        ArgumentNullException.ThrowIfNull(value, field);
        return IsToken(value) ? value : throw new ArgumentException($"{field} is not a token", field);
    }

    /// <summary>Returns the value when it starts as <c>type "/" subtype</c> and is fit for a field.</summary>
    /// <exception cref="ArgumentException">It is not; the exception names <paramref name="field"/>.</exception>
    public static string CheckedMediaType(string value, string field)
    {
        value = Checked(value, field).Trim(' ', '\t');
        var essence = value.AsSpan();

        if (essence.IndexOf(';') is >= 0 and var semicolon)
        {
            essence = essence[..semicolon].TrimEnd(" \t");
        }

        var slash = essence.IndexOf('/');
        return slash > 0 && IsToken(essence[..slash]) && IsToken(essence[(slash + 1)..])
            ? value
            : throw new ArgumentException($"{field} is not a media type such as text/plain", field);
    }

    public static bool IsToken(ReadOnlySpan<char> value) =>
        !value.IsEmpty && !value.ContainsAnyExcept(TokenCharacters);
}
