using SipPush.Sip;

namespace SipPush;

/// <summary>
/// One MESSAGE at a time for each target (RFC 3428 §8). A target is known here only while one is under way; who waits is served in the
/// order of arrival, and who stops waiting leaves nothing behind.
/// </summary>
internal sealed class TargetTurns(int maximumWaiting)
{
    private readonly Partition[] _partitions = [.. Enumerable.Range(0, 16).Select(_ => new Partition())];

    /// <summary>How a wait for the turn ended.</summary>
    public enum Entry
    {
        /// <summary>It is its turn.</summary>
        Entered,

        /// <summary>Too many wait already.</summary>
        Full,

        /// <summary>Nobody is to wait for this target any longer.</summary>
        Dismissed,
    }

    /// <summary>The targets that are known now.</summary>
    public int Count
    {
        get
        {
            var count = 0;
            foreach (var partition in _partitions)
            {
                lock (partition)
                {
                    count += partition.Targets.Count;
                }
            }

            return count;
        }
    }

    /// <summary>Waits for the turn. When it is <see cref="Entry.Entered"/>, <see cref="Leave"/> must follow.</summary>
    public async ValueTask<Entry> EnterAsync(SipUri target, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        var partition = Find(target);
        LinkedListNode<TaskCompletionSource<Entry>> place;

        lock (partition)
        {
            ObjectDisposedException.ThrowIf(partition.IsStopped, typeof(PushSenderAgent));
            if (!partition.Targets.TryGetValue(target, out var waiting))
            {
                partition.Targets.Add(target, null);
                return Entry.Entered;
            }

            if ((waiting?.Count ?? 0) >= maximumWaiting)
            {
                return Entry.Full;
            }

            if (waiting is null)
            {
                partition.Targets[target] = waiting = [];
            }

            place = waiting.AddLast(new TaskCompletionSource<Entry>(TaskCreationOptions.RunContinuationsAsynchronously));
        }

        try
        {
            return await place.Value.Task.WaitAsync(cancellationToken).ConfigureAwait(false);
        }
        catch (OperationCanceledException)
        {
            bool hasTurn;
            lock (partition)
            {
                hasTurn = place.Value.Task is { IsCompletedSuccessfully: true, Result: Entry.Entered } && !partition.IsStopped;
                place.List?.Remove(place);
            }

            // The turn came at the same time: it is the next one's.
            if (hasTurn)
            {
                Leave(target);
            }
            throw;
        }
    }

    /// <summary>Gives the turn to who has waited longest.</summary>
    public void Leave(SipUri target)
    {
        var partition = Find(target);
        lock (partition)
        {
            if (partition.IsStopped || !partition.Targets.TryGetValue(target, out var waiting))
            {
                return;
            }

            if (waiting?.First is { } next)
            {
                waiting.RemoveFirst();
                next.Value.SetResult(Entry.Entered);
            }
            else
            {
                partition.Targets.Remove(target);
            }
        }
    }

    /// <summary>Sends away who waits for a target; whose turn it is keeps it.</summary>
    public void Dismiss(SipUri target)
    {
        var partition = Find(target);
        lock (partition)
        {
            if (partition.IsStopped || !partition.Targets.TryGetValue(target, out var waiting) || waiting is null)
            {
                return;
            }

            foreach (var place in waiting)
            {
                place.SetResult(Entry.Dismissed);
            }

            waiting.Clear();
        }
    }

    /// <summary>Lets nobody in any more; who waits gets an <see cref="ObjectDisposedException"/>.</summary>
    public void Stop()
    {
        foreach (var partition in _partitions)
        {
            lock (partition)
            {
                partition.IsStopped = true;
                foreach (var place in partition.Targets.Values.SelectMany(waiting => waiting ?? []))
                {
                    place.SetException(new ObjectDisposedException(nameof(PushSenderAgent)));
                }

                partition.Targets.Clear();
            }
        }
    }

    private Partition Find(SipUri target) => _partitions[(uint)target.GetHashCode() % (uint)_partitions.Length];

    private sealed class Partition
    {
        // Null as long as nobody waits.
        public Dictionary<SipUri, LinkedList<TaskCompletionSource<Entry>>?> Targets { get; } = [];

        public bool IsStopped { get; set; }
    }
}
