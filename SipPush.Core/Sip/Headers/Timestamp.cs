using System.Globalization;
using SipPush.Sip.Parsing;

namespace SipPush.Sip;

/// <summary>When a request was sent by its sender's clock, and in a response how long the answer took: <c>54.21 0.5</c> (RFC 3261 §20.38, §8.2.6.1).</summary>
/// <param name="Sent">Seconds since a moment that only the sender knows, as they stand: a response gives them back unchanged.</param>
/// <param name="Delay">From the request's arrival to its answer; written to the millisecond. Null when it does not say.</param>
public readonly record struct Timestamp(SipText Sent, TimeSpan? Delay = null)
{
    /// <summary>Reads the value.</summary>
    public static bool TryParse(SipText value, out Timestamp timestamp)
    {
        timestamp = default;
        var text = value.Trim();
        var gap = text.Span.IndexOfAny(" \t\r\n"u8);
        var sent = gap < 0 ? text : text.Slice(0, gap);
        var delay = gap < 0 ? default : text.Slice(gap, text.Length - gap).Trim();

        if (sent.IsEmpty || sent.Span[0] == '.' || !IsDecimal(sent.Span))
        {
            return false;
        }

        if (delay.IsEmpty)
        {
            timestamp = new Timestamp(sent);
            return true;
        }

        if (!TryReadSeconds(delay.Span, out var seconds))
        {
            return false;
        }

        timestamp = new Timestamp(sent, seconds);
        return true;
    }

    /// <summary>As it is written.</summary>
    public override string ToString() =>
        Delay is { } delay ? string.Create(CultureInfo.InvariantCulture, $"{Sent} {delay.TotalSeconds:0.###}") : Sent.ToString();

    private static bool IsDecimal(ReadOnlySpan<byte> text)
    {
        var dot = text.IndexOf((byte)'.');
        return (dot < 0 ? text : text[..dot]).IndexOfAnyExceptInRange((byte)'0', (byte)'9') < 0
            && (dot < 0 ? default : text[(dot + 1)..]).IndexOfAnyExceptInRange((byte)'0', (byte)'9') < 0;
    }

    // delay = *(DIGIT) [ "." *(DIGIT) ]; what is finer than a tick is cut off.
    private static bool TryReadSeconds(ReadOnlySpan<byte> text, out TimeSpan time)
    {
        time = default;
        if (!IsDecimal(text))
        {
            return false;
        }

        var dot = text.IndexOf((byte)'.');
        var whole = dot < 0 ? text : text[..dot];
        uint seconds = 0;
        if (!whole.IsEmpty && !SipGrammar.TryParseNumber(whole, out seconds))
        {
            return false;
        }

        var ticks = seconds * TimeSpan.TicksPerSecond;
        var unit = TimeSpan.TicksPerSecond / 10;
        for (var i = dot + 1; dot >= 0 && i < text.Length && unit > 0; i++, unit /= 10)
        {
            ticks += (text[i] - '0') * unit;
        }

        time = TimeSpan.FromTicks(ticks);
        return true;
    }
}
