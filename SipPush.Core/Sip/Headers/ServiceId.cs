using System.Text;
using SipPush.Sip.Parsing;

namespace SipPush.Sip;

/// <summary>One value of P-Asserted-Service or P-Preferred-Service: <c>urn:urn-7:3gpp-service.ims.icsi.omapush</c> (RFC 6050 §4.4).</summary>
/// <param name="Urn">The URN as it stands.</param>
public readonly record struct ServiceId(SipText Urn)
{
    private static ReadOnlySpan<byte> Namespace => "urn:urn-7:"u8;

    /// <summary>Reads one value. In the lenient profile any URN namespace will do; what it means is then for a configured name to say.</summary>
    public static bool TryParse(SipText value, out ServiceId service, SipProfile profile = SipProfile.Strict)
    {
        service = default;
        var urn = value.Trim();
        var start = FindService(urn.Span, profile);
        if (start < 0 || !IsService(urn.Span[start..]))
        {
            return false;
        }

        service = new ServiceId(urn);
        return true;
    }

    /// <summary>True when it is that URN; case does not matter.</summary>
    public bool Is(string urn)
    {
        ArgumentNullException.ThrowIfNull(urn);
        return Ascii.EqualsIgnoreCase(Urn.Span, urn);
    }

    /// <summary>As it is written.</summary>
    public override string ToString() => Urn.ToString();

    private static int FindService(ReadOnlySpan<byte> urn, SipProfile profile)
    {
        if (urn.Length > Namespace.Length && Ascii.EqualsIgnoreCase(urn[..Namespace.Length], Namespace))
        {
            return Namespace.Length;
        }

        if (profile == SipProfile.Strict || urn.Length < 4 || !Ascii.EqualsIgnoreCase(urn[..4], "urn:"u8))
        {
            return -1;
        }

        var colon = urn[4..].IndexOf((byte)':');
        return colon > 0 && SipGrammar.IsToken(urn.Slice(4, colon)) ? 4 + colon + 1 : -1;
    }

    // urn-service-id = top-level *( "." sub-service-id ), each of letters, digits and hyphens
    private static bool IsService(ReadOnlySpan<byte> text)
    {
        var previous = (byte)'.';
        foreach (var octet in text)
        {
            if (octet == '.' ? previous == '.' : !char.IsAsciiLetterOrDigit((char)octet) && octet != '-')
            {
                return false;
            }
            previous = octet;
        }

        return previous != '.';
    }
}
