namespace SipPush.Sip.Location;

/// <summary>What became of a query.</summary>
/// <param name="Outcome">How it ended.</param>
/// <param name="Records">The records of the type that was asked for; of their names only the last of a chain of aliases.</param>
/// <param name="TimeToLive">How long this may be remembered.</param>
/// <param name="Failure">Why nothing is known; null unless failed.</param>
internal sealed record DnsAnswer(DnsOutcome Outcome, IReadOnlyList<DnsRecord> Records, TimeSpan TimeToLive, string? Failure = null)
{
    public static DnsAnswer Failed(string failure, TimeSpan timeToLive = default) => new(DnsOutcome.Failed, [], timeToLive, failure);

    public static DnsAnswer None(TimeSpan timeToLive) => new(DnsOutcome.None, [], timeToLive);
}
