using System.Globalization;
using SipPush.Sip.Parsing;

namespace SipPush.Sip;

/// <summary>Which reliable provisional response a PRACK acknowledges: <c>776656 1 INVITE</c> (RFC 3262 §7.2).</summary>
/// <param name="ResponseNumber">The RSeq of that response, from 1 on.</param>
/// <param name="CSeq">The CSeq of that response, and so of the request that it answers.</param>
public readonly record struct RAck(uint ResponseNumber, CSeq CSeq)
{
    /// <summary>Reads the value; false when it is anything else.</summary>
    public static bool TryParse(SipText value, out RAck rack)
    {
        rack = default;
        var span = value.Span;
        var gap = span.IndexOfAny(" \t\r\n"u8);
        if (gap <= 0
            || !TryParseRSeq(value.Slice(0, gap), out var number)
            || !CSeq.TryParse(value.Slice(gap, value.Length - gap).Trim(), out var cseq))
        {
            return false;
        }

        rack = new RAck(number, cseq);
        return true;
    }

    /// <summary>As it is written.</summary>
    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{ResponseNumber} {CSeq}");

    /// <summary>Reads an RSeq, a number from 1 on (§7.1).</summary>
    internal static bool TryParseRSeq(SipText value, out uint number) =>
        SipGrammar.TryParseNumber(value.Span, out number) && number > 0;
}
