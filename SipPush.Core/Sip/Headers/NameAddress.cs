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
    /// <summary>The tag of From or To; empty when there is none.</summary>
    public SipText Tag => Parameters.TryGet("tag"u8, out var value) ? value : default;

    /// <summary>The URI, read; null when it is no URI.</summary>
    public SipUri? Uri => SipUri.TryParse(Address, out var uri) ? uri : null;

    /// <summary>Reads one value.</summary>
    public static bool TryParse(SipText value, out NameAddress address)
    {
        address = default;
        var span = value.Span;
        var open = SipGrammar.IndexOfOutside(span, (byte)'<');

        // SipGrammar skips what is quoted, and with "<" itself a stop the first bracket outside quotes is found. A URI with headers
        // must stand in brackets, or nobody knows whose they are (RFC 4475 §3.1.2.13).
        if (open < 0)
        {
            var semicolon = SipGrammar.IndexOfOutside(span, (byte)';');
            var bare = (semicolon < 0 ? value : value.Slice(0, semicolon)).Trim();
            if (bare.IsEmpty || bare.Span.IndexOfAny("\" \t?"u8) >= 0 || !bare.Span.Contains((byte)':'))
            {
                return false;
            }

            address = new NameAddress(default, bare, new SipParameters(semicolon < 0 ? default : value.Slice(semicolon, value.Length - semicolon)));
            return true;
        }

        var close = span[open..].IndexOf((byte)'>');
        if (close < 0)
        {
            return false;
        }

        close += open;
        var uri = value.Slice(open + 1, close - open - 1);
        var rest = value.Slice(close + 1, value.Length - close - 1).Trim();
        if (uri.IsEmpty || (!rest.IsEmpty && rest.Span[0] != ';'))
        {
            return false;
        }

        address = new NameAddress(value.Slice(0, open).Trim(), uri, new SipParameters(rest));
        return true;
    }

    /// <summary>As it is written, always with brackets.</summary>
    public override string ToString() =>
        DisplayName.IsEmpty ? $"<{Address}>{Parameters}" : $"{DisplayName} <{Address}>{Parameters}";
}
