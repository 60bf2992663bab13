using System.Globalization;
using System.Text;
using SipPush.Sip.Parsing;

namespace SipPush.Sip;

/// <summary>A Date: <c>Sat, 13 Nov 2010 23:29:00 GMT</c>, and no other form or zone (RFC 3261 §20.17).</summary>
/// <param name="Time">The moment; it is written in GMT, to the second.</param>
public readonly record struct SipDate(DateTimeOffset Time)
{
    /// <summary>Reads the value. The day of the week has to be one, but not the right one.</summary>
    public static bool TryParse(SipText value, out SipDate date)
    {
        date = default;
        var text = value.Unfold().Trim().Span;

        // rfc1123-date = wkday "," SP 2DIGIT SP month SP 4DIGIT SP 2DIGIT ":" 2DIGIT ":" 2DIGIT SP "GMT"
        if (text.Length != 29
            || IndexOfName("MonTueWedThuFriSatSun"u8, text[..3]) < 0
            || !text[3..5].SequenceEqual(", "u8)
            || text[7] != ' ' || text[11] != ' ' || text[16] != ' ' || text[19] != ':' || text[22] != ':'
            || !Ascii.EqualsIgnoreCase(text[25..], " GMT"u8))
        {
            return false;
        }

        var month = IndexOfName("JanFebMarAprMayJunJulAugSepOctNovDec"u8, text[8..11]) + 1;
        if (month == 0
            || !SipGrammar.TryParseNumber(text[5..7], out var day)
            || !SipGrammar.TryParseNumber(text[12..16], out var year) || year == 0
            || !SipGrammar.TryParseNumber(text[17..19], out var hour) || hour > 23
            || !SipGrammar.TryParseNumber(text[20..22], out var minute) || minute > 59
            || !SipGrammar.TryParseNumber(text[23..25], out var second) || second > 59
            || day == 0 || day > DateTime.DaysInMonth((int)year, month))
        {
            return false;
        }

        date = new SipDate(new DateTimeOffset((int)year, month, (int)day, (int)hour, (int)minute, (int)second, TimeSpan.Zero));
        return true;
    }

    /// <summary>As it is written.</summary>
    public override string ToString() => Time.ToString("r", CultureInfo.InvariantCulture);

    private static int IndexOfName(ReadOnlySpan<byte> names, ReadOnlySpan<byte> name)
    {
        for (var i = 0; i < names.Length; i += 3)
        {
            if (Ascii.EqualsIgnoreCase(names.Slice(i, 3), name))
            {
                return i / 3;
            }
        }

        return -1;
    }
}
