namespace SipPush.Sip.Location;

/// <summary>
/// Targets that did not serve lately. They are put behind the others for a while, never left out: when all are dead, trying is all that is
/// left. Safe for concurrent use.
/// </summary>
/// <remarks>On TLS an end point is dead for one domain only: whoever has its DNS name somebody else's server, which can't prove to be that
/// domain, does nobody else any harm.</remarks>
internal sealed class DeadTargets(TimeProvider timeProvider)
{
    private const int MaximumEntries = 1024;

    private static readonly TimeSpan DefaultTime = TimeSpan.FromSeconds(30);

    // A peer may ask to be left alone for years.
    private static readonly TimeSpan MaximumTime = TimeSpan.FromHours(1);

    private readonly Dictionary<SipTarget, TimeSpan> _until = [];
    private readonly long _start = timeProvider.GetTimestamp();
    private readonly Lock _gate = new();

    private TimeSpan Now => timeProvider.GetElapsedTime(_start);

    /// <summary>Remembers it for as long as Retry-After says, at most an hour, or for 30 s.</summary>
    public void Add(SipTarget target, TimeSpan? retryAfter)
    {
        target = Key(target);
        var time = retryAfter ?? DefaultTime;
        lock (_gate)
        {
            if (_until.Count >= MaximumEntries && !_until.ContainsKey(target))
            {
                _until.Remove(_until.MinBy(entry => entry.Value).Key);
            }

            _until[target] = Now + (time < MaximumTime ? time : MaximumTime);
        }
    }

    /// <summary>It has served.</summary>
    public void Remove(SipTarget target)
    {
        lock (_gate)
        {
            _until.Remove(Key(target));
        }
    }

    /// <summary>The same targets, the dead ones last, each part in the order it had.</summary>
    public IReadOnlyList<SipTarget> Order(IReadOnlyList<SipTarget> targets)
    {
        lock (_gate)
        {
            return _until.Count == 0 || targets.Count < 2 ? targets : [.. targets.OrderBy(target => IsDead_NeedsGate(Key(target)))];
        }
    }

    private static SipTarget Key(SipTarget target) => target with { Domain = target.EndPoint.Protocol == SipProtocol.Tls ? target.Domain : "" };

    private bool IsDead_NeedsGate(SipTarget key)
    {
        if (!_until.TryGetValue(key, out var until))
        {
            return false;
        }

        if (until > Now)
        {
            return true;
        }

        _until.Remove(key);
        return false;
    }
}
