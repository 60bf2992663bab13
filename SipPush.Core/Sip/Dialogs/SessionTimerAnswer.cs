using System.Globalization;

namespace SipPush.Sip;

/// <summary>What a <see cref="SessionTimer"/> says to a received INVITE or UPDATE (RFC 4028 §9).</summary>
/// <param name="TooSmall">The interval is too short: the answer is 422 with this in Min-SE. Null when it is acceptable.</param>
/// <param name="SessionExpires">What stands in the 2xx.</param>
/// <param name="RequiresTimer">Whether <c>Require: timer</c> stands in the 2xx.</param>
internal readonly record struct SessionTimerAnswer(TimeSpan? TooSmall, SessionExpires SessionExpires, bool RequiresTimer)
{
    /// <summary>Writes it into the 2xx, or into the 422.</summary>
    public void AddTo(SipResponseBuilder response)
    {
        if (TooSmall is { } minimum)
        {
            response.Add(SipHeaderNames.MinSe, string.Create(CultureInfo.InvariantCulture, $"{(long)minimum.TotalSeconds}"));
            return;
        }

        response.Add(SipHeaderNames.SessionExpires, SessionExpires.ToString());
        if (RequiresTimer)
        {
            response.Add(SipHeaderNames.Require, "timer");
        }
    }
}
