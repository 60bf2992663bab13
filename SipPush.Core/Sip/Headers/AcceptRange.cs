namespace SipPush.Sip;

/// <summary>One value of Accept: <c>text/html;level=1;q=0.4</c>, <c>text/*</c>, <c>*/*</c> (RFC 3261 §20.1).</summary>
/// <param name="Range">The media types that are taken; either name may be an asterisk.</param>
public readonly record struct AcceptRange(MediaType Range)
{
    /// <summary>The preference from 0 (not at all) to 1; 1 when it has none or none that can be read.</summary>
    public double Q => Range.Parameters.Q;

    /// <summary>Reads one value; an asterisk before the slash needs one behind it.</summary>
    public static bool TryParse(SipText value, out AcceptRange range)
    {
        var read = MediaType.TryParse(value, out var type) && (!IsAny(type.Type) || IsAny(type.Subtype));
        range = read ? new AcceptRange(type) : default;
        return read;
    }

    /// <summary>True when the type is in the range, whatever the parameters of both.</summary>
    public bool Includes(MediaType type) =>
        IsAny(Range.Type)
        || (Range.Type.EqualsIgnoreCase(type.Type.Span) && (IsAny(Range.Subtype) || Range.Subtype.EqualsIgnoreCase(type.Subtype.Span)));

    /// <summary>As it is written.</summary>
    public override string ToString() => Range.ToString();

    private static bool IsAny(SipText name) => name.Span is [(byte)'*'];
}
