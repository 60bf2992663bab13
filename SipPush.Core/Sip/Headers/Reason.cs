using System.Globalization;
using SipPush.Sip.Parsing;

namespace SipPush.Sip;

/// <summary>Why a request was sent: <c>SIP;cause=200;text="Call completed elsewhere"</c> (RFC 3326). A message may have several, each of another protocol.</summary>
/// <param name="Protocol">SIP, Q.850 or another.</param>
/// <param name="Parameters">cause, text and others.</param>
public readonly record struct Reason(SipText Protocol, SipParameters Parameters)
{
    /// <summary>The cause, of SIP a status code; null when there is none or none that can be read.</summary>
    public int? Cause =>
        Parameters.TryGet("cause"u8, out var value) && SipGrammar.TryParseNumber(value.Span, out var cause) && cause <= int.MaxValue ? (int)cause : null;

    /// <summary>The cause in words, without its quotes; null when there are none.</summary>
    public string? Text => Parameters.Get("text");

    /// <summary>A reason to be written.</summary>
    public static Reason Of(string protocol, int cause, string? text = null) =>
        new(protocol, new SipParameters(string.Create(CultureInfo.InvariantCulture, $";cause={cause}") + (text is null ? "" : $";text={SipGrammar.Quote(text)}")));

    /// <summary>Reads one value.</summary>
    public static bool TryParse(SipText value, out Reason reason)
    {
        var read = SipGrammar.TrySplit(value, out var protocol, out var parameters);
        reason = new Reason(protocol, parameters);
        return read;
    }

    /// <summary>As it is written.</summary>
    public override string ToString() => $"{Protocol}{Parameters}";
}
