using System.Net;

namespace SipPush.Sip.Location;

/// <summary>Where records of the DNS come from. Failure is an answer too: nothing here throws but for cancellation.</summary>
internal abstract class DnsLookup
{
    /// <summary>The records of one type that a name has.</summary>
    public abstract ValueTask<DnsAnswer> QueryAsync(DnsName name, DnsRecordType type, CancellationToken cancellationToken);

    /// <summary>The addresses of a host, in the order in which to try them: of A and AAAA records, or as the system knows them.</summary>
    public virtual async ValueTask<(IReadOnlyList<IPAddress> Addresses, string? Failure)> FindAddressesAsync(DnsName name, CancellationToken cancellationToken)
    {
        var six = QueryAsync(name, DnsRecordType.Aaaa, cancellationToken).AsTask();
        var four = QueryAsync(name, DnsRecordType.A, cancellationToken).AsTask();
        var answers = await Task.WhenAll(six, four).ConfigureAwait(false);
        return (
            [.. answers.SelectMany(answer => answer.Records).OfType<DnsAddressRecord>().Select(record => record.Address)],
            answers.Select(answer => answer.Failure).FirstOrDefault(failure => failure is not null));
    }
}
