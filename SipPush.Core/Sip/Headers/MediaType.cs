using SipPush.Sip.Parsing;

namespace SipPush.Sip;

/// <summary>A media type: <c>application/vnd.oma.push</c>, with parameters where it has some (RFC 3261 §20.15).</summary>
/// <param name="Type">The part before the slash.</param>
/// <param name="Subtype">The part after it.</param>
/// <param name="Parameters">charset, boundary and others.</param>
public readonly record struct MediaType(SipText Type, SipText Subtype, SipParameters Parameters)
{
    /// <summary>Reads one value of Content-Type or Accept.</summary>
    public static bool TryParse(SipText value, out MediaType mediaType)
    {
        mediaType = default;
        var semicolon = SipGrammar.IndexOfOutside(value.Span, (byte)';');
        var head = semicolon < 0 ? value : value.Slice(0, semicolon);
        var slash = head.Span.IndexOf((byte)'/');
        if (slash < 0)
        {
            return false;
        }

        var type = head.Slice(0, slash).Trim();
        var subtype = head.Slice(slash + 1, head.Length - slash - 1).Trim();
        if (!SipGrammar.IsToken(type.Span) || !SipGrammar.IsToken(subtype.Span))
        {
            return false;
        }

        mediaType = new MediaType(type, subtype, new SipParameters(semicolon < 0 ? default : value.Slice(semicolon, value.Length - semicolon)));
        return true;
    }

    /// <summary>True when the type is <paramref name="type"/>, such as <c>message/sip</c>, whatever its parameters.</summary>
    public bool Is(string type)
    {
        ArgumentNullException.ThrowIfNull(type);
        return type.Length == Type.Length + 1 + Subtype.Length
            && type[Type.Length] == '/'
            && System.Text.Ascii.EqualsIgnoreCase(Type.Span, type.AsSpan(0, Type.Length))
            && System.Text.Ascii.EqualsIgnoreCase(Subtype.Span, type.AsSpan(Type.Length + 1));
    }

    /// <summary>As it is written.</summary>
    public override string ToString() => $"{Type}/{Subtype}{Parameters}";
}
