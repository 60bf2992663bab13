using System.Diagnostics;
using System.Runtime.InteropServices;

namespace SipPush.Sip.Transactions;

/// <summary>
/// What remains of server transactions over unreliable transports while Timer J runs: the response for a request that comes again,
/// and the knowledge that the request has been here. A transaction takes its octets, a header of 40 and about ten for the indexes;
/// no object stands for it.
/// </summary>
/// <remarks>
/// <para>Timer J is constant, so what came first goes first: see <see cref="RecordLog"/>. No lock: one owner at a time.</para>
/// <para>Keys come from the network, so whoever could foretell their hashes could pile them up in one bucket. They are hashed with
/// the runtime's Marvin function, which is made to withstand that and whose secret is drawn for each process.</para>
/// </remarks>
internal sealed class CompletedTransactions
{
    private readonly RecordLog _log;
    private readonly RecordIndex _byKey;
    private readonly RecordIndex _byMergeKey;
    private readonly long _maxBytes;

    /// <param name="maxBytes">What <see cref="Bytes"/> may reach; the oldest go early to stay within it.</param>
    /// <param name="segmentSize">Octets allocated at a time.</param>
    public CompletedTransactions(long maxBytes, int segmentSize = RecordLog.LargestSegment)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(maxBytes);
        // A segment may be left half empty before a record that did not fit, so half of what can be named is safe.
        _maxBytes = Math.Min(maxBytes, RecordLog.LargestLog / RecordLog.LargestSegment * segmentSize / 2);
        _log = new RecordLog(segmentSize);
        _byKey = new RecordIndex(_log, byMergeKey: false);
        _byMergeKey = new RecordIndex(_log, byMergeKey: true);
    }

    public int Count => _log.Count;

    /// <summary>Octets of the records, without the indexes and the unused ends of segments.</summary>
    public long Bytes => _log.Bytes;

    /// <summary>How many were dropped before their deadline, or not kept at all, for want of room.</summary>
    public long Evicted { get; private set; }

    /// <summary>When the oldest may go; null when there is none.</summary>
    public TimeSpan? NextDeadline => Count == 0 ? null : new TimeSpan(_log.Header(_log.Oldest).Deadline);

    /// <summary>Copies what is given.</summary>
    /// <param name="key">Branch, sent-by and method in the form the caller chose (RFC 3261 §17.2.3).</param>
    /// <param name="mergeKey">What merged requests have in common (RFC 3261 §8.2.2.2); empty where the request need not be found by it.</param>
    /// <param name="response">The final response as it was sent.</param>
    /// <param name="deadline">When Timer J ends. One that is earlier than its predecessor's waits for that.</param>
    public void Add(ReadOnlySpan<byte> key, ReadOnlySpan<byte> mergeKey, ReadOnlySpan<byte> response, TimeSpan deadline)
    {
        var length = (long)key.Length + mergeKey.Length + response.Length;
        var size = RecordLog.SizeOf(length);

        if (size > Math.Min(_maxBytes, Array.MaxLength))
        {
            Evicted++;
            return;
        }

        while (_log.Bytes + size > _maxBytes)
        {
            RemoveOldest();
            Evicted++;
        }

        var record = _log.Append((int)length);
        ref var header = ref _log.Header(record);
        header.Deadline = deadline.Ticks;
        header.KeyLength = key.Length;
        header.MergeKeyLength = mergeKey.Length;
        header.ResponseLength = response.Length;

        var body = _log.Body(record);
        key.CopyTo(body);
        mergeKey.CopyTo(body[key.Length..]);
        response.CopyTo(body[(key.Length + mergeKey.Length)..]);

        _byKey.Add(record, Hash(key));

        if (!mergeKey.IsEmpty)
        {
            _byMergeKey.Add(record, Hash(mergeKey));
        }
    }

    /// <summary>Finds the response to a request that has been answered.</summary>
    /// <param name="key">As it was given to <see cref="Add"/>.</param>
    /// <param name="response">Valid until the next <see cref="Add"/> or <see cref="RemoveExpired"/>.</param>
    public bool TryFind(ReadOnlySpan<byte> key, out ReadOnlySpan<byte> response)
    {
        var hash = Hash(key);

        for (var record = _byKey.First(hash); record != 0; record = _byKey.Next(record, hash))
        {
            if (KeyOf(record).SequenceEqual(key))
            {
                ref readonly var header = ref _log.Header(record);
                response = _log.Body(record).Slice(header.KeyLength + header.MergeKeyLength, header.ResponseLength);
                return true;
            }
        }

        response = default;
        return false;
    }

    /// <summary>Whether a transaction with this merge key and another key than <paramref name="exceptKey"/> is among them: then the
    /// request came by another path (RFC 3261 §8.2.2.2). An empty merge key is never found.</summary>
    public bool ContainsMerged(ReadOnlySpan<byte> mergeKey, ReadOnlySpan<byte> exceptKey)
    {
        var hash = Hash(mergeKey);

        for (var record = _byMergeKey.First(hash); record != 0; record = _byMergeKey.Next(record, hash))
        {
            if (MergeKeyOf(record).SequenceEqual(mergeKey) && !KeyOf(record).SequenceEqual(exceptKey))
            {
                return true;
            }
        }
        return false;
    }

    /// <summary>Removes what has reached its deadline.</summary>
    /// <returns>How many those were.</returns>
    public int RemoveExpired(TimeSpan now)
    {
        var removed = 0;

        while (NextDeadline <= now)
        {
            RemoveOldest();
            removed++;
        }
        return removed;
    }

    internal static uint Hash(ReadOnlySpan<byte> key)
    {
        var hash = (uint)string.GetHashCode(MemoryMarshal.Cast<byte, char>(key));

        // The odd octet at the end is not part of a char. Mixed in like this it only tells apart keys that agree in all else,
        // and there are no more than 257 of those.
        return key.Length % 2 == 0 ? hash : hash ^ ((key[^1] + 1u) * 0x9E3779B1);
    }

    private void RemoveOldest()
    {
        var record = _log.Oldest;
        Debug.Assert(Count > 0);
        _byKey.RemoveOldest(record);

        if (_log.Header(record).MergeKeyLength > 0)
        {
            _byMergeKey.RemoveOldest(record);
        }
        _log.RemoveOldest();
    }

    private ReadOnlySpan<byte> KeyOf(uint record) => _log.Body(record)[.._log.Header(record).KeyLength];

    private ReadOnlySpan<byte> MergeKeyOf(uint record)
    {
        ref readonly var header = ref _log.Header(record);
        return _log.Body(record).Slice(header.KeyLength, header.MergeKeyLength);
    }
}
