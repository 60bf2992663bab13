namespace SipPush.Msrp;

/// <summary>Text from the application on its way into a header: what would break the line is refused here, not hoped for.</summary>
internal static class HeaderText
{
    private static readonly string[] Own = ["To-Path", "From-Path", "Message-ID", "Byte-Range", "Success-Report", "Failure-Report", "Status", "Content-Type", "Content-Transfer-Encoding"];

    /// <summary>Whether the library writes and reads that header itself.</summary>
    public static bool IsOwn(string name) => Own.Contains(name, StringComparer.OrdinalIgnoreCase);

    public static string Checked(string value)
    {
        foreach (var character in value)
        {
            if (character < ' ' || character == '\x7F')
            {
                throw new ArgumentException("A header value has no control characters", nameof(value));
            }
        }

        return value;
    }

    /// <summary><c>ident</c>: 4 to 32 characters, the first a letter or digit (RFC 4975 §9).</summary>
    public static string CheckedIdent(string value)
    {
        var isIdent = value.Length is >= 4 and <= 32 && char.IsAsciiLetterOrDigit(value[0]);
        foreach (var character in value)
        {
            isIdent &= char.IsAsciiLetterOrDigit(character) || character is '.' or '-' or '+' or '%' or '=';
        }

        return isIdent ? value : throw new ArgumentException("A Message-ID has 4 to 32 letters, digits and . - + % =, a letter or digit first", nameof(value));
    }

    public static IReadOnlyList<KeyValuePair<string, string>> Checked(IReadOnlyList<KeyValuePair<string, string>> headers)
    {
        ArgumentNullException.ThrowIfNull(headers);
        foreach (var (name, value) in headers)
        {
            if (name.Length == 0 || !char.IsAsciiLetter(name[0]) || !name.All(character => char.IsAsciiLetterOrDigit(character) || character == '-'))
            {
                throw new ArgumentException($"'{name}' is no header name", nameof(headers));
            }

            if (IsOwn(name))
            {
                throw new ArgumentException($"{name} is written by the library, or not allowed at all", nameof(headers));
            }

            Checked(value);
        }

        return headers;
    }
}
