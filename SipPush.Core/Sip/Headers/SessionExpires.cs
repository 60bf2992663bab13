using System.Globalization;
using SipPush.Sip.Parsing;

namespace SipPush.Sip;

/// <summary>How long a session lives without a refresh, and who refreshes it: <c>1800;refresher=uac</c> (RFC 4028 §4).</summary>
/// <param name="Interval">Written in whole seconds, what is over is cut off.</param>
/// <param name="Refresher">Null when it is left open, or is none of the two.</param>
public readonly record struct SessionExpires(TimeSpan Interval, SessionRefresher? Refresher)
{
    /// <summary>Reads the value; false when it does not begin with a number of seconds below 2^32. Unknown parameters are passed over.</summary>
    public static bool TryParse(SipText value, out SessionExpires sessionExpires)
    {
        sessionExpires = default;
        var semicolon = value.Span.IndexOf((byte)';');
        var head = (semicolon < 0 ? value : value.Slice(0, semicolon)).Trim();
        if (!SipGrammar.TryParseNumber(head.Span, out var seconds))
        {
            return false;
        }

        var parameters = new SipParameters(semicolon < 0 ? default : value.Slice(semicolon, value.Length - semicolon));
        sessionExpires = new SessionExpires(TimeSpan.FromSeconds(seconds), parameters.TryGet("refresher"u8, out var refresher) ? ReadRefresher(refresher) : null);
        return true;
    }

    /// <summary>As it is written.</summary>
    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{(long)Interval.TotalSeconds}") + Refresher switch
    {
        SessionRefresher.Uac => ";refresher=uac",
        SessionRefresher.Uas => ";refresher=uas",
        _ => "",
    };

    private static SessionRefresher? ReadRefresher(SipText value) =>
        value.EqualsIgnoreCase("uac"u8) ? SessionRefresher.Uac
        : value.EqualsIgnoreCase("uas"u8) ? SessionRefresher.Uas
        : null;
}
