namespace SipPush.Sip;

/// <summary>How sessions are kept from outliving a peer or proxy that is gone (RFC 4028).</summary>
public sealed record SessionTimerOptions
{
    // RFC 4028 §4: a bit more than twice what a transaction without an answer takes.
    internal static readonly TimeSpan Floor = TimeSpan.FromSeconds(90);

    private static readonly TimeSpan Longest = TimeSpan.FromDays(1);

    /// <summary>The interval to ask for, and the longest to grant unless the peer's minimum is longer; 1,800 s, from 90 s to a day. Refreshes come twice as often.</summary>
    public TimeSpan Interval { get; init => field = Checked(value, nameof(Interval)); } = TimeSpan.FromSeconds(1_800);

    /// <summary>The shortest interval to accept; 90 s, from 90 s to a day. A peer that asks for less is told so with 422.</summary>
    public TimeSpan Minimum { get; init => field = Checked(value, nameof(Minimum)); } = Floor;

    /// <summary>Who is to refresh, by the part in the request that begins the session; null leaves it to the peer, and to the caller where the peer leaves it open too.</summary>
    public SessionRefresher? Refresher { get; init; }

    private static TimeSpan Checked(TimeSpan value, string name) =>
        value >= Floor && value <= Longest
            ? value
            : throw new ArgumentOutOfRangeException(name, value, "A session interval is from 90 s to a day.");
}
