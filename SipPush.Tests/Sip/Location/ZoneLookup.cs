using SipPush.Sip.Location;

namespace SipPush.Tests.Sip.Location;

/// <summary>The DNS as a test writes it: records as <see cref="DnsOctets.Record"/> reads them. What is not there does not exist.</summary>
internal sealed class ZoneLookup(params string[] records) : DnsLookup
{
    private readonly List<string> _questions = [];

    /// <summary>Types that nobody answers for.</summary>
    public HashSet<DnsRecordType> Silent { get; } = [];

    /// <summary>What was asked, such as <c>example.com Naptr</c>, in alphabetical order: some questions are asked at the same time.</summary>
    public IEnumerable<string> Questions
    {
        get
        {
            lock (_questions)
            {
                return [.. _questions.Order(StringComparer.Ordinal)];
            }
        }
    }

    public override ValueTask<DnsAnswer> QueryAsync(DnsName name, DnsRecordType type, CancellationToken cancellationToken)
    {
        lock (_questions)
        {
            _questions.Add($"{name} {type}");
        }

        if (Silent.Contains(type))
        {
            return ValueTask.FromResult(DnsAnswer.Failed("nobody answers"));
        }

        var query = new byte[DnsMessage.MaximumQueryLength];
        var length = DnsMessage.WriteQuery(query, 1, name, type, extended: false);
        Assert.That(DnsMessage.TryRead(DnsOctets.Response(query[..length], 0, [.. records.Select(DnsOctets.Record)]), out var message), Is.EqualTo(DnsReadError.None));
        DnsRecord[] found = [.. message!.Answers.Where(record => record.Type == type && record.Name.Equals(name))];
        return ValueTask.FromResult(found.Length > 0 ? new DnsAnswer(DnsOutcome.Found, found, TimeSpan.Zero) : DnsAnswer.None(TimeSpan.Zero));
    }
}
