using System.Text;

namespace SipPush.Sip;

/// <summary>Writes what <see cref="AuthParameters"/> reads. The texts have been checked by the properties they come from.</summary>
internal static class AuthText
{
    private const string Scheme = "Digest ";

    public static StringBuilder Begin(bool hasScheme = true) => new(hasScheme ? Scheme : "");

    public static StringBuilder Quoted(this StringBuilder text, string name, string? value)
    {
        if (value is null)
        {
            return text;
        }

        text.Name(name).Append('"');
        foreach (var c in value)
        {
            if (c is '"' or '\\')
            {
                text.Append('\\');
            }
            text.Append(c);
        }
        return text.Append('"');
    }

    public static StringBuilder Token(this StringBuilder text, string name, string? value) =>
        value is null ? text : text.Name(name).Append(value);

    private static StringBuilder Name(this StringBuilder text, string name) =>
        text.Append(text.Length == 0 || text[^1] == ' ' ? "" : ", ").Append(name).Append('=');
}
