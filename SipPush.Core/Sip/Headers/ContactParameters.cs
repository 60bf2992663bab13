namespace SipPush.Sip;

/// <summary>What the parameters of a Contact say (RFC 3261 §20.10, RFC 5627 §4.2).</summary>
public static class ContactParameters
{
    /// <summary>The callee's preference from 0 to 1; 1 when it has none or none that can be read.</summary>
    public static double Q(this NameAddress contact) => contact.Parameters.Q;

    /// <summary>How long the binding lasts; null when the contact does not say, and the Expires header does.</summary>
    public static TimeSpan? ExpiresIn(this NameAddress contact) => contact.Parameters.Seconds("expires"u8);

    /// <summary>The public GRUU that a registrar assigned; null when there is none.</summary>
    public static SipUri? PublicGruu(this NameAddress contact) => Gruu(contact, "pub-gruu"u8);

    /// <summary>The temporary GRUU that a registrar assigned; null when there is none.</summary>
    public static SipUri? TemporaryGruu(this NameAddress contact) => Gruu(contact, "temp-gruu"u8);

    private static SipUri? Gruu(NameAddress contact, ReadOnlySpan<byte> name) =>
        contact.Parameters.TryGet(name, out var value) && SipUri.TryParse(value.Unquote(), out var uri) ? uri : null;
}
