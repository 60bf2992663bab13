using SipPush.Sip;

namespace SipPush.Samples.SipCore;

/// <summary>Who is where: the bindings of each address, which end by the clock. Safe for concurrent use; an update is seen whole or not at all.</summary>
internal sealed class LocationTable : IDisposable
{
    private readonly CoreOptions _options;
    private readonly Action<SipUri, IReadOnlyList<Binding>> _onExpired;
    private readonly long _start;
    private readonly Lock _gate = new();
    private readonly Dictionary<SipUri, IReadOnlyList<Binding>> _bindings = [];
    private readonly Dictionary<ulong, SipUri> _instances = [];
    private readonly Dictionary<SipUri, Binding> _contacts = [];
    private readonly HashSet<SipUri> _remembered = [];
    private readonly PriorityQueue<SipUri, TimeSpan> _expiries = new();
    private readonly ITimer _timer;
    private long _order;

    /// <param name="options">Bounds and clock.</param>
    /// <param name="onExpired">Told the address and what is left of it, after bindings have ended by the clock.</param>
    public LocationTable(CoreOptions options, Action<SipUri, IReadOnlyList<Binding>> onExpired)
    {
        _options = options;
        _onExpired = onExpired;
        _start = options.TimeProvider.GetTimestamp();
        _timer = options.TimeProvider.CreateTimer(_ => Expire(), null, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
    }

    /// <summary>The clock that bindings end by.</summary>
    public TimeSpan Now => _options.TimeProvider.GetElapsedTime(_start);

    /// <summary>The bindings of an address that have not ended, neither by the clock nor with the connection they need.</summary>
    public IReadOnlyList<Binding> Find(SipUri addressOfRecord)
    {
        lock (_gate)
        {
            return [.. Current(addressOfRecord).Where(binding => binding.IsReachable)];
        }
    }

    /// <summary>Whose instance it is; null when the key is void.</summary>
    public SipUri? FindInstance(ulong key)
    {
        lock (_gate)
        {
            return _instances.GetValueOrDefault(key);
        }
    }

    /// <summary>The binding whose contact the URI is; null when there is none.</summary>
    public Binding? FindContact(SipUri uri)
    {
        lock (_gate)
        {
            return _contacts.GetValueOrDefault(uri);
        }
    }

    /// <summary>True for a configured user, and for an address that was registered before where anybody may register.</summary>
    public bool IsKnown(SipUri addressOfRecord)
    {
        if (_options.Users.ContainsKey(addressOfRecord.User.ToString()))
        {
            return true;
        }

        lock (_gate)
        {
            return _remembered.Contains(addressOfRecord);
        }
    }

    /// <summary>Numbers registrations.</summary>
    public long NextOrder() => Interlocked.Increment(ref _order);

    /// <summary>Reads the bindings of an address and puts others in their place, with nobody between.</summary>
    /// <param name="addressOfRecord">The address.</param>
    /// <param name="update">From what is bound to what shall be; null leaves all as it is. Called under the lock.</param>
    /// <returns>False when there are too many addresses to take another.</returns>
    public bool TryUpdate(SipUri addressOfRecord, Func<IReadOnlyList<Binding>, IReadOnlyList<Binding>?> update)
    {
        lock (_gate)
        {
            if (!_bindings.ContainsKey(addressOfRecord) && _bindings.Count >= _options.MaxAddresses)
            {
                return false;
            }

            if (update(Current(addressOfRecord)) is { } next)
            {
                Put(addressOfRecord, next);
                Schedule();
            }

            return true;
        }
    }

    public void Dispose() => _timer.Dispose();

    private IReadOnlyList<Binding> Current(SipUri addressOfRecord)
    {
        var now = Now;
        return _bindings.TryGetValue(addressOfRecord, out var bound) ? [.. bound.Where(binding => binding.ExpiresAt > now)] : [];
    }

    private void Put(SipUri addressOfRecord, IReadOnlyList<Binding> next)
    {
        if (_bindings.Remove(addressOfRecord, out var last))
        {
            foreach (var binding in last)
            {
                _instances.Remove(binding.InstanceKey);
                _contacts.Remove(binding.Uri);
            }
        }

        if (next.Count == 0)
        {
            return;
        }

        _bindings[addressOfRecord] = next;
        if (_remembered.Count < _options.MaxAddresses)
        {
            _remembered.Add(addressOfRecord);
        }

        foreach (var binding in next)
        {
            _contacts[binding.Uri] = binding;
            if (binding.InstanceKey != 0)
            {
                _instances[binding.InstanceKey] = addressOfRecord;
            }
        }

        // Each update leaves an entry behind; a refreshed binding's old one finds nothing to do.
        _expiries.Enqueue(addressOfRecord, next.Min(binding => binding.ExpiresAt));
    }

    private void Schedule()
    {
        if (_expiries.TryPeek(out _, out var due))
        {
            var wait = due - Now;
            _timer.Change(wait > TimeSpan.Zero ? wait : TimeSpan.Zero, Timeout.InfiniteTimeSpan);
        }
    }

    private void Expire()
    {
        var changed = new List<(SipUri AddressOfRecord, IReadOnlyList<Binding> Left)>();
        lock (_gate)
        {
            var now = Now;
            while (_expiries.TryPeek(out var addressOfRecord, out var due) && due <= now)
            {
                _expiries.Dequeue();
                if (_bindings.TryGetValue(addressOfRecord, out var bound) && bound.Any(binding => binding.ExpiresAt <= now))
                {
                    var left = Current(addressOfRecord);
                    Put(addressOfRecord, left);
                    changed.Add((addressOfRecord, left));
                }
            }

            Schedule();
        }

        foreach (var (addressOfRecord, left) in changed)
        {
            _onExpired(addressOfRecord, left);
        }
    }
}
