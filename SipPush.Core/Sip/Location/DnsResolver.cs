using System.Net;
using System.Net.Sockets;
using Microsoft.Extensions.Logging;
using SipPush.Diagnostics;

namespace SipPush.Sip.Location;

/// <summary>
/// A stub resolver: asks servers that do recursion, one after the other, and remembers what they say (RFC 1034 §5.3.1). Equal questions at the
/// same time are one query. Safe for concurrent use; disposal ends what is under way.
/// </summary>
internal sealed class DnsResolver(DnsOptions options, TimeProvider timeProvider, SipIdentifiers identifiers, ILogger log) : DnsLookup, IAsyncDisposable
{
    private const int MaximumQueries = 512;
    private const int MaximumAliases = 8;
    private const int DefaultAttempts = 2;

    private static readonly TimeSpan DefaultTimeout = TimeSpan.FromSeconds(5);

    // RFC 2308 §5 finds one to three hours to work well, and §7 allows five minutes for failures. A server that is back is soon found.
    private static readonly TimeSpan MaximumNegativeTimeToLive = TimeSpan.FromHours(1);
    private static readonly TimeSpan FailureTimeToLive = TimeSpan.FromSeconds(30);

    private static readonly TimeSpan SystemServersTimeToLive = TimeSpan.FromSeconds(30);
    private static readonly DnsName Localhost = DnsName.TryParse("localhost"u8, out var name) ? name : default;

    private readonly DnsExchange _exchange = new(identifiers, timeProvider);
    private readonly DnsCache _cache = new(options.MaximumCacheEntries);
    private readonly Dictionary<(DnsName Name, DnsRecordType Type), Task<DnsAnswer>> _queries = [];
    private readonly CancellationTokenSource _stopping = new();
    private readonly long _start = timeProvider.GetTimestamp();
    private readonly Lock _gate = new();
    private (SystemDns Settings, TimeSpan ReadAt)? _system;
    private int _firstServer;
    private bool _closed;

    private TimeSpan Now => timeProvider.GetElapsedTime(_start);

    /// <inheritdoc/>
    public override ValueTask<DnsAnswer> QueryAsync(DnsName name, DnsRecordType type, CancellationToken cancellationToken)
    {
        Task<DnsAnswer>? query;
        lock (_gate)
        {
            if (_cache.Find(name, type, Now) is { } known)
            {
                return ValueTask.FromResult(known);
            }

            if (_closed)
            {
                return ValueTask.FromResult(DnsAnswer.Failed("The resolver has been closed"));
            }

            if (!_queries.TryGetValue((name, type), out query))
            {
                if (_queries.Count >= MaximumQueries)
                {
                    return ValueTask.FromResult(DnsAnswer.Failed($"Over {MaximumQueries} queries are under way"));
                }

                _queries.Add((name, type), query = RunAsync(name, type));
            }
        }

        return new ValueTask<DnsAnswer>(query.WaitAsync(cancellationToken));
    }

    /// <inheritdoc/>
    public override async ValueTask<(IReadOnlyList<IPAddress> Addresses, string? Failure)> FindAddressesAsync(DnsName name, CancellationToken cancellationToken)
    {
        if (options.Servers is not null)
        {
            return name.IsWithin(Localhost)
                ? ([IPAddress.IPv6Loopback, IPAddress.Loopback], null)
                : await base.FindAddressesAsync(name, cancellationToken).ConfigureAwait(false);
        }

        try
        {
            return (await Dns.GetHostAddressesAsync(name.ToString(), cancellationToken).ConfigureAwait(false), null);
        }
        catch (Exception error) when (error is SocketException or ArgumentException)
        {
            return ([], error.Message);
        }
    }

    /// <summary>Ends the queries under way; who waits for one sees it fail.</summary>
    public async ValueTask DisposeAsync()
    {
        Task[] queries;
        lock (_gate)
        {
            if (_closed)
            {
                return;
            }

            _closed = true;
            queries = [.. _queries.Values];
        }

        await _stopping.CancelAsync().ConfigureAwait(false);
        await Task.WhenAll(queries).ConfigureAwait(false);
        _stopping.Dispose();
    }

    private async Task<DnsAnswer> RunAsync(DnsName name, DnsRecordType type)
    {
        // It removes itself from the table, so it must not end before it has been put there.
        await Task.CompletedTask.ConfigureAwait(ConfigureAwaitOptions.ForceYielding);
        var answer = DnsAnswer.Failed("The resolver has been closed");
        try
        {
            answer = await ResolveAsync(name, type).ConfigureAwait(false);
        }
        catch (OperationCanceledException)
        {
            // It is being closed.
        }
        finally
        {
            lock (_gate)
            {
                _queries.Remove((name, type));
                _cache.Add(name, type, answer, Now);
            }
        }

        if (answer.Outcome == DnsOutcome.Failed)
        {
            SipLog.LookupFailed(log, type, name, answer.Failure);
        }

        return answer;
    }

    // Follows aliases, within a message and with a query for each that it does not lead on (RFC 1034 §3.6.2).
    private async ValueTask<DnsAnswer> ResolveAsync(DnsName name, DnsRecordType type)
    {
        var timeToLive = options.MaximumTimeToLive;
        var aliases = 0;

        while (true)
        {
            var (message, failure) = await AskServersAsync(name, type).ConfigureAwait(false);
            if (message is null)
            {
                return DnsAnswer.Failed(failure, FailureTimeToLive);
            }

            var asked = name;
            while (Find(message, name, DnsRecordType.Cname) is [DnsAliasRecord alias, ..])
            {
                if (++aliases > MaximumAliases)
                {
                    return DnsAnswer.Failed($"{name} is an alias of an alias, and so on over {MaximumAliases} times", FailureTimeToLive);
                }

                timeToLive = Min(timeToLive, alias.TimeToLive);
                name = alias.Target;
            }

            var records = Find(message, name, type);
            if (records.Count > 0)
            {
                timeToLive = Min(timeToLive, records.Min(record => record.TimeToLive));
                return new DnsAnswer(DnsOutcome.Found, records, Max(timeToLive, options.MinimumTimeToLive));
            }

            // The code and the SOA speak of the last name of the chain (RFC 2308 §2.1).
            if (name.Equals(asked) || message.Authority is not null || message.ResponseCode == DnsResponseCode.NameError)
            {
                // Without SOA nothing says for how long, so not at all (RFC 2308 §5).
                return message.Authority is { } authority
                    ? DnsAnswer.None(Max(
                        Min(Min(timeToLive, MaximumNegativeTimeToLive), Min(authority.TimeToLive, authority.Minimum)),
                        options.MinimumTimeToLive))
                    : DnsAnswer.None(options.MinimumTimeToLive);
            }
        }
    }

    private async ValueTask<(DnsMessage? Message, string Failure)> AskServersAsync(DnsName name, DnsRecordType type)
    {
        var settings = Settings();
        var timeout = options.Timeout ?? settings.Timeout ?? DefaultTimeout;
        var attempts = options.Attempts ?? settings.Attempts ?? DefaultAttempts;
        var failure = "There is no server to ask";

        // The one that answered last is asked first, so that a dead one costs its time-out once.
        var first = Volatile.Read(ref _firstServer);

        for (var attempt = 0; attempt < attempts; attempt++)
        {
            for (var i = 0; i < settings.Servers.Count; i++)
            {
                var at = (first + i) % settings.Servers.Count;
                var (message, error) = await _exchange.AskAsync(settings.Servers[at], name, type, timeout, _stopping.Token).ConfigureAwait(false);
                if (message is { ResponseCode: DnsResponseCode.NoError or DnsResponseCode.NameError })
                {
                    Volatile.Write(ref _firstServer, at);
                    return (message, "");
                }

                failure = message is null ? error : $"{settings.Servers[at]} answers {message.ResponseCode}";
            }
        }

        return (null, failure);
    }

    private SystemDns Settings()
    {
        if (options.Servers is { } servers)
        {
            return new SystemDns(servers);
        }

        lock (_gate)
        {
            if (_system is not { } system || Now - system.ReadAt >= SystemServersTimeToLive)
            {
                _system = system = (SystemDns.Read(), Now);
            }

            return system.Settings;
        }
    }

    private static List<DnsRecord> Find(DnsMessage message, DnsName name, DnsRecordType type) =>
        [.. message.Answers.Where(record => record.Type == type && record.Name.Equals(name))];

    private static TimeSpan Min(TimeSpan a, TimeSpan b) => a < b ? a : b;

    private static TimeSpan Max(TimeSpan a, TimeSpan b) => a > b ? a : b;
}
