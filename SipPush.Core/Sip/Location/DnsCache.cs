namespace SipPush.Sip.Location;

/// <summary>Answers until their time is over, as many as there is room for. Not safe for concurrent use.</summary>
internal sealed class DnsCache(int maximumEntries)
{
    private readonly Dictionary<(DnsName Name, DnsRecordType Type), Entry> _entries = [];

    // The same entries by their end; one that was replaced stays until its own end, when it no longer is the table's.
    private readonly PriorityQueue<Entry, TimeSpan> _byEnd = new();

    public int Count => _entries.Count;

    public DnsAnswer? Find(DnsName name, DnsRecordType type, TimeSpan now) =>
        _entries.TryGetValue((name, type), out var entry) && entry.End > now ? entry.Answer : null;

    public void Add(DnsName name, DnsRecordType type, DnsAnswer answer, TimeSpan now)
    {
        while (_byEnd.TryPeek(out _, out var end) && end <= now)
        {
            RemoveFirst();
        }

        if (answer.TimeToLive <= TimeSpan.Zero || maximumEntries == 0)
        {
            return;
        }

        while (_byEnd.Count >= maximumEntries)
        {
            RemoveFirst();
        }

        var entry = new Entry(name, type, answer, now + answer.TimeToLive);
        _entries[(name, type)] = entry;
        _byEnd.Enqueue(entry, entry.End);
    }

    private void RemoveFirst()
    {
        var entry = _byEnd.Dequeue();
        if (_entries.TryGetValue((entry.Name, entry.Type), out var current) && ReferenceEquals(current, entry))
        {
            _entries.Remove((entry.Name, entry.Type));
        }
    }

    private sealed record Entry(DnsName Name, DnsRecordType Type, DnsAnswer Answer, TimeSpan End);
}
