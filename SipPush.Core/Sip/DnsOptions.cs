using System.Net;

namespace SipPush.Sip;

/// <summary>
/// How the DNS is asked for the servers of a domain (RFC 3263): NAPTR and SRV records, and the addresses of names. At most 512 queries
/// are under way at once; one more fails.
/// </summary>
public sealed record DnsOptions
{
    private const int MostAttempts = 10;
    private static readonly TimeSpan LongestTimeout = TimeSpan.FromMinutes(1);
    private static readonly TimeSpan LongestTimeToLive = TimeSpan.FromDays(365);

    /// <summary>
    /// The servers to ask, the first that answers being kept; null, the default, asks those of the system (<c>/etc/resolv.conf</c>, or the
    /// network interfaces' on Windows). Then addresses are looked up by the system itself, so that its hosts file counts; with servers
    /// named here everything is asked of them, except <c>localhost</c>, which is the loopback (RFC 6761 §6.3). Search lists are not used for
    /// NAPTR and SRV.
    /// </summary>
    public IReadOnlyList<IPEndPoint>? Servers { get; init; }

    /// <summary>How long one server has for one answer, up to a minute; null, the default, takes what the system says, or else 5 s.</summary>
    public TimeSpan? Timeout
    {
        get;
        init
        {
            if (value is { } timeout)
            {
                ArgumentOutOfRangeException.ThrowIfLessThanOrEqual(timeout, TimeSpan.Zero);
                ArgumentOutOfRangeException.ThrowIfGreaterThan(timeout, LongestTimeout);
            }

            field = value;
        }
    }

    /// <summary>How often all servers are asked before the query has failed, up to 10 times; null, the default, takes what the system says, or else 2.</summary>
    public int? Attempts
    {
        get;
        init
        {
            if (value is { } attempts)
            {
                ArgumentOutOfRangeException.ThrowIfLessThan(attempts, 1);
                ArgumentOutOfRangeException.ThrowIfGreaterThan(attempts, MostAttempts);
            }

            field = value;
        }
    }

    /// <summary>Answers kept; 10,000 by default. Over it those go first that would end first.</summary>
    public int MaximumCacheEntries
    {
        get;
        init
        {
            ArgumentOutOfRangeException.ThrowIfNegative(value);
            field = value;
        }
    } = 10_000;

    /// <summary>How long an answer is kept at least, whatever its TTL, up to a year; none by default.</summary>
    public TimeSpan MinimumTimeToLive
    {
        get;
        init
        {
            ArgumentOutOfRangeException.ThrowIfLessThan(value, TimeSpan.Zero);
            ArgumentOutOfRangeException.ThrowIfGreaterThan(value, LongestTimeToLive);
            field = value;
        }
    } = TimeSpan.Zero;

    /// <summary>How long an answer is kept at most, up to a year; a day by default. That there is no such record is kept for at most an hour (RFC 2308 §5).</summary>
    public TimeSpan MaximumTimeToLive
    {
        get;
        init
        {
            ArgumentOutOfRangeException.ThrowIfLessThan(value, TimeSpan.Zero);
            ArgumentOutOfRangeException.ThrowIfGreaterThan(value, LongestTimeToLive);
            field = value;
        }
    } = TimeSpan.FromDays(1);
}
