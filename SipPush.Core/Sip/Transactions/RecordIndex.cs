namespace SipPush.Sip.Transactions;

/// <summary>
/// Finds the records of a <see cref="RecordLog"/> by a hash. The buckets are numbers and the chains run through the records' own
/// headers, so an entry is no object. It grows by linear hashing, one bucket with each record added, because growing at once would
/// touch every record while its owner holds a lock.
/// </summary>
/// <remarks>
/// A bucket names its newest record and the records form a ring, whose next one is therefore the oldest. Since records leave a log
/// oldest first, the one that leaves is always at that place: adding and removing take constant time however long a chain is.
/// </remarks>
internal sealed class RecordIndex(RecordLog log, bool byMergeKey)
{
    private const int ChunkBits = 10;
    private const int ChunkSize = 1 << ChunkBits;
    private const uint FirstMask = 15;

    private uint[][] _chunks = [new uint[ChunkSize]];

    // Hashes are taken modulo mask + 1, those of the buckets before split modulo twice that: those have been split already.
    private uint _mask = FirstMask;
    private uint _split;
    private uint _count;

    /// <summary>The first record that may have the hash, in the order of their age; zero for none.</summary>
    public uint First(uint hash)
    {
        var newest = Bucket(hash);
        return newest == 0 ? 0 : Skip(Link(newest).Next, newest, hash);
    }

    /// <summary>The one after it.</summary>
    public uint Next(uint record, uint hash)
    {
        var newest = Bucket(hash);
        return record == newest ? 0 : Skip(Link(record).Next, newest, hash);
    }

    /// <summary>Adds the record that is the newest of the log.</summary>
    public void Add(uint record, uint hash)
    {
        if (++_count > _mask + 1 + _split)
        {
            Split();
        }

        Link(record).Hash = hash;
        Append(ref Bucket(hash), record);
    }

    /// <summary>Removes the record, which is the oldest that this index has, just before it leaves the log.</summary>
    public void RemoveOldest(uint record)
    {
        ref var link = ref Link(record);
        ref var newest = ref Bucket(link.Hash);

        if (newest == record)
        {
            newest = 0;
        }
        else
        {
            Link(newest).Next = link.Next;
        }
        _count--;
    }

    private uint Skip(uint record, uint newest, uint hash)
    {
        while (Link(record).Hash != hash)
        {
            if (record == newest)
            {
                return 0;
            }
            record = Link(record).Next;
        }
        return record;
    }

    private void Append(ref uint newest, uint record)
    {
        ref var link = ref Link(record);

        if (newest == 0)
        {
            link.Next = record;
        }
        else
        {
            ref var last = ref Link(newest);
            link.Next = last.Next;
            last.Next = record;
        }
        newest = record;
    }

    private void Split()
    {
        var added = _mask + 1 + _split;
        var chunk = added >> ChunkBits;

        if (chunk == _chunks.Length)
        {
            Array.Resize(ref _chunks, 2 * _chunks.Length);
        }
        _chunks[chunk] ??= new uint[ChunkSize];

        ref var lower = ref BucketAt(_split);
        ref var upper = ref BucketAt(added);
        var newest = lower;
        lower = 0;

        for (var record = newest == 0 ? 0 : Link(newest).Next; record != 0;)
        {
            ref readonly var link = ref Link(record);
            var next = record == newest ? 0 : link.Next;
            Append(ref (link.Hash & (_mask + 1)) == 0 ? ref lower : ref upper, record);
            record = next;
        }

        if (++_split > _mask)
        {
            _mask = (_mask << 1) | 1;
            _split = 0;
        }
    }

    private ref uint Bucket(uint hash)
    {
        var bucket = hash & _mask;
        return ref BucketAt(bucket < _split ? hash & ((_mask << 1) | 1) : bucket);
    }

    private ref uint BucketAt(uint bucket) => ref _chunks[bucket >> ChunkBits][bucket & (ChunkSize - 1)];

    private ref RecordLink Link(uint record)
    {
        ref var header = ref log.Header(record);
        return ref byMergeKey ? ref header.ByMergeKey : ref header.ByKey;
    }
}
