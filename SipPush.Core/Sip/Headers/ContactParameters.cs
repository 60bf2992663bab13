using System.Globalization;
using System.Text;
using SipPush.Sip.Parsing;

namespace SipPush.Sip;

/// <summary>What the parameters of a Contact say (RFC 3261 §20.10, RFC 5627 §4.2).</summary>
public static class ContactParameters
{
    /// <summary>The callee's preference from 0 to 1; 1 when it has none or none that can be read.</summary>
    public static double Q(this NameAddress contact) =>
        contact.Parameters.TryGet("q"u8, out var value)
        && double.TryParse(value.Span, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var q)
        && q is >= 0 and <= 1
            ? q
            : 1;

    /// <summary>How long the binding lasts; null when the contact does not say, and the Expires header does.</summary>
    public static TimeSpan? ExpiresIn(this NameAddress contact) =>
        contact.Parameters.TryGet("expires"u8, out var value) && SipGrammar.TryParseNumber(value.Span, out var seconds)
            ? TimeSpan.FromSeconds(seconds)
            : null;

    /// <summary>The public GRUU that a registrar assigned; null when there is none.</summary>
    public static SipUri? PublicGruu(this NameAddress contact) => Gruu(contact, "pub-gruu"u8);

    /// <summary>The temporary GRUU that a registrar assigned; null when there is none.</summary>
    public static SipUri? TemporaryGruu(this NameAddress contact) => Gruu(contact, "temp-gruu"u8);

    private static SipUri? Gruu(NameAddress contact, ReadOnlySpan<byte> name)
    {
        if (!contact.Parameters.TryGet(name, out var value))
        {
            return null;
        }

        var text = value.Unquote();
        return SipUri.TryParse(text, out var uri) || SipUri.TryParse(WithoutGaps(text), out uri) ? uri : null;
    }

    // A GRUU is opaque, but one with white space or empty parameters in it is no URI at all until they are gone.
    private static SipText WithoutGaps(SipText text)
    {
        var kept = new StringBuilder(text.Length);
        foreach (var character in text.ToString())
        {
            if (!char.IsWhiteSpace(character) && !(character == ';' && kept.Length > 0 && kept[^1] == ';'))
            {
                kept.Append(character);
            }
        }

        return kept.ToString();
    }
}
