namespace SipPush.Sip.Location;

/// <summary>
/// End points that did not serve lately. They are put behind the others for a while, never left out: when all are dead, trying is all that is
/// left. Safe for concurrent use.
/// </summary>
internal sealed class DeadTargets(TimeProvider timeProvider)
{
    private const int MaximumEntries = 1024;

    private static readonly TimeSpan DefaultTime = TimeSpan.FromSeconds(30);

    // A peer may ask to be left alone for years.
    private static readonly TimeSpan MaximumTime = TimeSpan.FromHours(1);

    private readonly Dictionary<SipEndPoint, TimeSpan> _until = [];
    private readonly long _start = timeProvider.GetTimestamp();
    private readonly Lock _gate = new();

    private TimeSpan Now => timeProvider.GetElapsedTime(_start);

    /// <summary>Remembers it for as long as Retry-After says, at most an hour, or for 30 s.</summary>
    public void Add(SipEndPoint endPoint, TimeSpan? retryAfter)
    {
        var time = retryAfter ?? DefaultTime;
        lock (_gate)
        {
            if (_until.Count >= MaximumEntries && !_until.ContainsKey(endPoint))
            {
                _until.Remove(_until.MinBy(entry => entry.Value).Key);
            }

            _until[endPoint] = Now + (time < MaximumTime ? time : MaximumTime);
        }
    }

    /// <summary>It has served.</summary>
    public void Remove(SipEndPoint endPoint)
    {
        lock (_gate)
        {
            _until.Remove(endPoint);
        }
    }

    /// <summary>The same targets, the dead ones last, each part in the order it had.</summary>
    public IReadOnlyList<SipTarget> Order(IReadOnlyList<SipTarget> targets)
    {
        lock (_gate)
        {
            return _until.Count == 0 || targets.Count < 2 ? targets : [.. targets.OrderBy(target => IsDead_NeedsGate(target.EndPoint))];
        }
    }

    private bool IsDead_NeedsGate(SipEndPoint endPoint)
    {
        if (!_until.TryGetValue(endPoint, out var until))
        {
            return false;
        }

        if (until > Now)
        {
            return true;
        }

        _until.Remove(endPoint);
        return false;
    }
}
