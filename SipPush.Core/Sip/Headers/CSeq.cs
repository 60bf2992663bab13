using System.Globalization;
using SipPush.Sip.Parsing;

namespace SipPush.Sip;

/// <summary>The place of a request in its sequence: <c>1826 REGISTER</c> (RFC 3261 §20.16).</summary>
/// <param name="Number">Below 2^31.</param>
/// <param name="Method">The method of the request, also in its responses.</param>
public readonly record struct CSeq(uint Number, SipMethod Method)
{
    /// <summary>Reads the value; false when it is anything else.</summary>
    public static bool TryParse(SipText value, out CSeq cseq)
    {
        cseq = default;
        if (!TrySplit(value.Span, out var number, out var method))
        {
            return false;
        }

        cseq = new CSeq(number, SipMethod.From(method));
        return true;
    }

    /// <summary>As it is written.</summary>
    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{Number} {Method}");

    internal static bool TrySplit(ReadOnlySpan<byte> value, out uint number, out ReadOnlySpan<byte> method)
    {
        method = default;
        number = 0;
        var gap = value.IndexOfAny(" \t\r\n"u8);
        if (gap <= 0 || !SipGrammar.TryParseNumber(value[..gap], out number) || number > int.MaxValue)
        {
            return false;
        }

        method = SipGrammar.Trim(value[gap..]);
        return SipGrammar.IsToken(method);
    }
}
