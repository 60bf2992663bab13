using System.Globalization;
using SipPush.Sip.Parsing;

namespace SipPush.Sip;

/// <summary>What went wrong in more words than a status has: <c>307 isi.edu "Session parameter 'foo' not understood"</c> (RFC 3261 §20.43).</summary>
/// <param name="Code">Three digits, from 300 on; 370 is too little bandwidth, 399 anything else.</param>
/// <param name="Agent">The host, with its port, or the pseudonym of who says so.</param>
/// <param name="Text">The words, without their quotes.</param>
public readonly record struct Warning(int Code, SipText Agent, SipText Text)
{
    /// <summary>Reads one value.</summary>
    public static bool TryParse(SipText value, out Warning warning)
    {
        warning = default;
        var text = value.Trim();
        if (!TryTakeWord(ref text, out var code) || !TryTakeWord(ref text, out var agent))
        {
            return false;
        }

        if (code.Length != 3
            || !SipGrammar.TryParseNumber(code.Span, out var number)
            || (!SipGrammar.IsToken(agent.Span) && !SipUri.TryReadHostPort(agent, out _, out _))
            || text.Span is not [(byte)'"', ..]
            || SipGrammar.EndOfQuoted(text.Span) != text.Length - 1)
        {
            return false;
        }

        warning = new Warning((int)number, agent, text.Unquote());
        return true;
    }

    /// <summary>As it is written.</summary>
    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{Code:000} {Agent} {SipGrammar.Quote(Text.ToString())}");

    private static bool TryTakeWord(ref SipText text, out SipText word)
    {
        var gap = text.Span.IndexOfAny(" \t\r\n"u8);
        word = gap < 0 ? default : text.Slice(0, gap);
        text = gap < 0 ? default : text.Slice(gap, text.Length - gap).Trim();
        return gap > 0;
    }
}
