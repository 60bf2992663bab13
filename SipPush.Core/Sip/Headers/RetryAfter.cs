using System.Globalization;
using SipPush.Sip.Parsing;

namespace SipPush.Sip;

/// <summary>When to try again: <c>120 (I'm in a meeting);duration=3600</c> (RFC 3261 §20.33).</summary>
/// <param name="Delay">How long to wait; whole seconds are written.</param>
/// <param name="Comment">The comment as it stands, in its parentheses; empty when there is none.</param>
/// <param name="Parameters">duration and others.</param>
public readonly record struct RetryAfter(TimeSpan Delay, SipText Comment = default, SipParameters Parameters = default)
{
    /// <summary>How long the far end will be there from then on; null when it does not say.</summary>
    public TimeSpan? Duration => Parameters.Seconds("duration"u8);

    /// <summary>Reads the value.</summary>
    public static bool TryParse(SipText value, out RetryAfter retryAfter)
    {
        retryAfter = default;
        var text = value.Trim();
        var span = text.Span;
        var digits = span.IndexOfAnyExceptInRange((byte)'0', (byte)'9');
        if (!SipGrammar.TryParseNumber(digits < 0 ? span : span[..digits], out var seconds))
        {
            return false;
        }

        var rest = digits < 0 ? default : text.Slice(digits, text.Length - digits).Trim();
        SipText comment = default;
        if (rest.Span is [(byte)'(', ..])
        {
            var end = SipGrammar.EndOfComment(rest.Span);
            if (end < 0)
            {
                return false;
            }

            comment = rest.Slice(0, end + 1);
            rest = rest.Slice(end + 1, rest.Length - end - 1).Trim();
        }

        if (!SipGrammar.IsParameters(rest.Span))
        {
            return false;
        }

        retryAfter = new RetryAfter(TimeSpan.FromSeconds(seconds), comment, new SipParameters(rest));
        return true;
    }

    /// <summary>As it is written.</summary>
    public override string ToString() =>
        string.Create(CultureInfo.InvariantCulture, $"{(long)Delay.TotalSeconds}{(Comment.IsEmpty ? "" : " ")}{Comment}{Parameters}");
}
