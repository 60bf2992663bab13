using SipPush.Sip.Parsing;

namespace SipPush.Sip;

/// <summary>
/// An address with an optional name and parameters, as in From, To, Contact, Route and the identity headers:
/// <c>"Bob" &lt;sip:bob@example.com&gt;;tag=1</c> or <c>sip:bob@example.com;tag=1</c>. In the second form the parameters are the
/// header's and not the URI's (RFC 3261 §20.10).
/// </summary>
/// <param name="DisplayName">The name as it stands, quotes included; empty when there is none.</param>
/// <param name="Address">The URI as it stands.</param>
/// <param name="Parameters">The header's parameters.</param>
public readonly record struct NameAddress(SipText DisplayName, SipText Address, SipParameters Parameters)
{
    private static readonly System.Buffers.SearchValues<byte> NotInBare = System.Buffers.SearchValues.Create("\" \t\r\n>?,"u8);

    /// <summary>The tag of From or To; empty when there is none.</summary>
    public SipText Tag => Parameters.TryGet("tag"u8, out var value) ? value : default;

    /// <summary>The URI, read; null when it is no URI.</summary>
    public SipUri? Uri => SipUri.TryParse(Address, out var uri) ? uri : null;

    /// <summary>Reads one value: its name is words or one quoted string, and what is quoted or bracketed is closed.</summary>
    public static bool TryParse(SipText value, out NameAddress address)
    {
        if (!TryRead(value.Span, out var name, out var uri, out var parameters))
        {
            address = default;
            return false;
        }

        address = new NameAddress(
            new SipText(value.Octets[name]).Trim(),
            new SipText(value.Octets[uri]),
            new SipParameters(new SipText(value.Octets[parameters]).Trim()));
        return true;
    }

    /// <summary>As it is written, always with brackets.</summary>
    public override string ToString() =>
        DisplayName.IsEmpty ? $"<{Address}>{Parameters}" : $"{DisplayName} <{Address}>{Parameters}";

    /// <summary>Where the parts stand; the name and the parameters with the white space around them.</summary>
    internal static bool TryRead(ReadOnlySpan<byte> value, out Range name, out Range uri, out Range parameters)
    {
        name = parameters = 0..0;
        uri = default;
        var open = SipGrammar.IndexOfOutside(value, (byte)'<');

        // SipGrammar skips what is quoted, and with "<" itself a stop the first bracket outside quotes is found.
        if (open < 0)
        {
            var semicolon = value.IndexOf((byte)';');
            var end = semicolon < 0 ? value.Length : semicolon;
            var bare = SipGrammar.Trim(value[..end]);
            var start = value.IndexOf(bare);
            uri = start..(start + bare.Length);
            parameters = end..value.Length;
            return bare.Contains((byte)':') && !bare.ContainsAny(NotInBare) && SipGrammar.IsParameters(SipGrammar.Trim(value[end..]));
        }

        var close = value[open..].IndexOf((byte)'>');
        if (close <= 1)
        {
            return false;
        }

        close += open;
        name = 0..open;
        uri = (open + 1)..close;
        parameters = (close + 1)..value.Length;
        return SipGrammar.IsDisplayName(value[..open]) && SipGrammar.IsParameters(SipGrammar.Trim(value[parameters]));
    }
}
