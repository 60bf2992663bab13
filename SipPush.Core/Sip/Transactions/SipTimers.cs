namespace SipPush.Sip;

/// <summary>The base values from which every transaction timer follows (RFC 3261 Table 4).</summary>
public sealed record SipTimers
{
    // Far beyond any use, and 64 times as much is still far within what the timer wheel can hold.
    private static readonly TimeSpan Longest = TimeSpan.FromHours(1);

    /// <summary>The standard's own values: 500 ms, 4 s and 5 s.</summary>
    public static SipTimers Rfc3261 { get; } = new();

    /// <summary>The estimated round trip, 500 ms. RFC 3261 §17.1.1.1 lets it be raised, and lowered only in closed networks.</summary>
    public TimeSpan T1 { get; init => field = Checked(value, nameof(T1)); } = TimeSpan.FromMilliseconds(500);

    /// <summary>The longest interval between retransmissions of a request other than INVITE, and of responses to INVITE; 4 s.</summary>
    public TimeSpan T2 { get; init => field = Checked(value, nameof(T2)); } = TimeSpan.FromSeconds(4);

    /// <summary>How long a message may stay in the network, 5 s.</summary>
    public TimeSpan T4 { get; init => field = Checked(value, nameof(T4)); } = TimeSpan.FromSeconds(5);

    /// <summary>
    /// Timer C, 181 s: how long after its last provisional response an INVITE sent by <see cref="SipStack.SendInvite(SipRequest, SipUri?)"/> is
    /// waited for before it is cancelled (RFC 3261 §16.6 step 11, which asks for more than 3 minutes).
    /// </summary>
    public TimeSpan C { get; init => field = Checked(value, nameof(C)); } = TimeSpan.FromSeconds(181);

    /// <summary>64*T1, the value of timers B, F, H, J, L and M: how long a transaction is given.</summary>
    public TimeSpan TransactionTimeout => 64 * T1;

    /// <summary>
    /// How long after its start a client transaction that has had no answer sets Timer E to T2 (RFC 4320 §4.1): 3.5 s with
    /// the standard's values. Until then a server sends no 100 over UDP; after it, it owes one.
    /// </summary>
    internal TimeSpan TimeUntilTimerEIsT2
    {
        get
        {
            var elapsed = T1;

            for (var interval = 2 * T1; interval < T2; interval *= 2)
            {
                elapsed += interval;
            }
            return elapsed;
        }
    }

    private static TimeSpan Checked(TimeSpan value, string name) =>
        value > TimeSpan.Zero && value <= Longest
            ? value
            : throw new ArgumentOutOfRangeException(name, value, "A timer is longer than zero and at most an hour.");
}
