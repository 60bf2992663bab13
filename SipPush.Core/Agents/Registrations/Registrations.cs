using System.Runtime.CompilerServices;
using System.Threading.Channels;
using Microsoft.Extensions.Logging;
using SipPush.Diagnostics;
using SipPush.Sip;

namespace SipPush;

/// <summary>
/// The users that the core has said are registered. A registration ends when the core says so or when it is not refreshed in time.
/// Safe for concurrent use.
/// </summary>
[System.Diagnostics.CodeAnalysis.SuppressMessage("Reliability", "CA1001", Justification = "The agent whose it is stops it")]
public sealed class Registrations
{
    private static readonly TimeSpan RetryDelay = TimeSpan.FromSeconds(30);

    // What has lapsed while nobody ran is told a little later, so that who watches from the start hears of it.
    private static readonly TimeSpan StartDelay = TimeSpan.FromSeconds(5);

    private readonly RegistrationStore _store;
    private readonly TimeProvider _clock;
    private readonly ILogger _log;
    private readonly int _watchQueueLength;
    private readonly RegistrationDeadlines _deadlines;
    private readonly Lock _gate = new();

    // One change of a user at a time: the old state is read before the new one is written.
    private readonly SemaphoreSlim[] _turns = [.. Enumerable.Range(0, 64).Select(_ => new SemaphoreSlim(1))];
    private volatile RegistrationWatcher[] _watchers = [];
    private readonly Action<SipUri> _ended;
    private readonly CancellationTokenSource _stopping = new();
    private readonly Task _loading;
    private bool _stopped;

    /// <param name="store">Where they are kept. What it knows already counts from now on.</param>
    /// <param name="clock">The clock.</param>
    /// <param name="log">Where changes are told.</param>
    /// <param name="watchQueueLength">The changes that wait for each reader.</param>
    /// <param name="ended">Called when a user is no longer registered; it must not throw or wait.</param>
    internal Registrations(RegistrationStore store, TimeProvider clock, ILogger log, int watchQueueLength, Action<SipUri> ended)
    {
        _store = store;
        _clock = clock;
        _log = log;
        _watchQueueLength = watchQueueLength;
        _ended = ended;
        _deadlines = new RegistrationDeadlines(clock, LapseAsync);
        _loading = LoadAsync(_stopping.Token);
    }

    /// <summary>The registration of a user; null when there is none. Parameters of the URI, and so whether it is a GRUU, don't matter.</summary>
    public async ValueTask<PushRegistration?> FindAsync(SipUri aor, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(aor);
        var found = await _store.FindAsync(aor.WithoutParameters(), cancellationToken).ConfigureAwait(false);
        return found is not null && found.Expires > _clock.GetUtcNow() ? found : null;
    }

    /// <summary>All registrations, in no order; what changes meanwhile may be in it or not.</summary>
    public async IAsyncEnumerable<PushRegistration> ListAsync([EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        await foreach (var registration in _store.ListAsync(cancellationToken).ConfigureAwait(false))
        {
            if (registration.Expires > _clock.GetUtcNow())
            {
                yield return registration;
            }
        }
    }

    /// <summary>
    /// The changes from the first read on, until it is cancelled or the agent is disposed. A reader that is too slow loses the oldest
    /// and is told how many (<see cref="RegistrationChange.Missed"/>). What had lapsed in the store before the agent was made is told as
    /// <see cref="RegistrationChangeKind.Expired"/> five seconds after.
    /// </summary>
    public async IAsyncEnumerable<RegistrationChange> WatchAsync([EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        var watcher = Watch(new RegistrationWatcher(_watchQueueLength, aor: null));
        try
        {
            await foreach (var change in watcher.ReadAllAsync(cancellationToken).ConfigureAwait(false))
            {
                yield return change;
            }
        }
        finally
        {
            Unwatch(watcher);
        }
    }

    /// <summary>
    /// Waits until a user is registered, with an application if one is named. A registration of which the applications are not known
    /// counts for any.
    /// </summary>
    /// <exception cref="ObjectDisposedException">The agent was disposed meanwhile.</exception>
    public async ValueTask<PushRegistration> WaitForAsync(SipUri aor, PushApplicationId? application = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(aor);
        aor = aor.WithoutParameters();

        // What happens between the look and the wait is in the queue, and of a user's changes the last is enough.
        var watcher = Watch(new RegistrationWatcher(1, aor));
        try
        {
            while (true)
            {
                if (await FindAsync(aor, cancellationToken).ConfigureAwait(false) is { } found && (application is null || found.MayHave(application)))
                {
                    return found;
                }

                ObjectDisposedException.ThrowIf(!await watcher.WaitAsync(cancellationToken).ConfigureAwait(false), typeof(PushSenderAgent));
            }
        }
        finally
        {
            Unwatch(watcher);
        }
    }

    /// <summary>What became of a registration that was to be kept.</summary>
    internal enum Acceptance
    {
        Accepted,
        OutOfOrder,
        NoRoom,
    }

    /// <summary>Keeps a registration, or ends it when its time is over already.</summary>
    internal async ValueTask<Acceptance> AcceptAsync(PushRegistration registration, CancellationToken cancellationToken)
    {
        var turn = TurnOf(registration.Aor);
        await turn.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            var now = _clock.GetUtcNow();
            var before = await _store.FindAsync(registration.Aor, cancellationToken).ConfigureAwait(false);

            // RFC 3261 §10.3 step 7: of one Call-ID, what is older changes nothing.
            if (before is not null && before.CallId == registration.CallId && registration.CSeq < before.CSeq)
            {
                return Acceptance.OutOfOrder;
            }

            if (registration.Expires <= now)
            {
                if (before is not null)
                {
                    await _store.RemoveAsync(registration.Aor, cancellationToken).ConfigureAwait(false);
                    _deadlines.Remove(registration.Aor);
                    Tell(RegistrationChangeKind.Unregistered, before);
                }

                return Acceptance.Accepted;
            }

            if (!await _store.SetAsync(registration, cancellationToken).ConfigureAwait(false))
            {
                PushLog.NoRoom(_log, registration.Aor);
                return Acceptance.NoRoom;
            }

            _deadlines.Set(registration.Aor, registration.Expires);
            Tell(before is not null && before.Expires > now ? RegistrationChangeKind.Refreshed : RegistrationChangeKind.Registered, registration);
            return Acceptance.Accepted;
        }
        finally
        {
            turn.Release();
        }
    }

    internal async ValueTask StopAsync()
    {
        await _stopping.CancelAsync().ConfigureAwait(false);
        await _loading.ConfigureAwait(false);
        await _deadlines.DisposeAsync().ConfigureAwait(false);
        lock (_gate)
        {
            _stopped = true;
            foreach (var watcher in _watchers)
            {
                watcher.Complete();
            }
        }

        _stopping.Dispose();
    }

    private async Task LoadAsync(CancellationToken cancellationToken)
    {
        try
        {
            while (!await TryLoadAsync(cancellationToken).ConfigureAwait(false))
            {
                await Task.Delay(RetryDelay, _clock, cancellationToken).ConfigureAwait(false);
            }
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            // The agent is disposed.
        }
    }

    private async ValueTask<bool> TryLoadAsync(CancellationToken cancellationToken)
    {
        try
        {
            await foreach (var registration in _store.ListAsync(cancellationToken).ConfigureAwait(false))
            {
                var now = _clock.GetUtcNow();
                var alive = registration.Expires > now && registration.RegisteredAt <= now;
                _deadlines.Set(registration.Aor, alive ? registration.Expires : now + StartDelay);
            }

            return true;
        }
        catch (Exception error) when (!cancellationToken.IsCancellationRequested)
        {
            PushLog.StoreNotListed(_log, RetryDelay, error);
            return false;
        }
    }

    // A refresh may have come since the deadline was set: then its own counts.
    private async ValueTask LapseAsync(SipUri aor, CancellationToken cancellationToken)
    {
        var turn = TurnOf(aor);
        await turn.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            if (await _store.FindAsync(aor, cancellationToken).ConfigureAwait(false) is not { } found)
            {
                return;
            }

            var now = _clock.GetUtcNow();
            if (found.RegisteredAt > now)
            {
                // The clock was set back. By its word alone the user would stay for as long as that, however far it was.
                found = found with { RegisteredAt = now, Expires = now + (found.Expires - found.RegisteredAt) };
                await _store.SetAsync(found, cancellationToken).ConfigureAwait(false);
            }

            if (found.Expires > now)
            {
                _deadlines.Set(aor, found.Expires);
                return;
            }

            await _store.RemoveAsync(aor, cancellationToken).ConfigureAwait(false);
            Tell(RegistrationChangeKind.Expired, found);
        }
        catch (Exception error) when (error is not OperationCanceledException)
        {
            PushLog.StoreFailed(_log, aor, RetryDelay, error);
            _deadlines.Set(aor, _clock.GetUtcNow() + RetryDelay);
        }
        finally
        {
            turn.Release();
        }
    }

    private void Tell(RegistrationChangeKind kind, PushRegistration registration)
    {
        switch (kind)
        {
            case RegistrationChangeKind.Registered:
                PushLog.Registered(_log, registration.Aor, registration.Expires);
                break;
            case RegistrationChangeKind.Refreshed:
                PushLog.Refreshed(_log, registration.Aor, registration.Expires);
                break;
            default:
                PushLog.Ended(_log, registration.Aor, kind);
                _ended(registration.Aor);
                break;
        }

        PushMetrics.RegistrationChanged(kind);
        var watchers = _watchers;
        if (watchers.Length > 0)
        {
            var change = new RegistrationChange(kind, registration);
            foreach (var watcher in watchers)
            {
                watcher.Tell(change);
            }
        }
    }

    private RegistrationWatcher Watch(RegistrationWatcher watcher)
    {
        lock (_gate)
        {
            if (_stopped)
            {
                watcher.Complete();
            }

            _watchers = [.. _watchers, watcher];
        }

        return watcher;
    }

    private void Unwatch(RegistrationWatcher watcher)
    {
        lock (_gate)
        {
            _watchers = [.. _watchers.Where(other => other != watcher)];
        }
    }

    private SemaphoreSlim TurnOf(SipUri aor) => _turns[(uint)aor.GetHashCode() % (uint)_turns.Length];

    /// <summary>One reader of changes, with a queue that loses the oldest.</summary>
    private sealed class RegistrationWatcher
    {
        private readonly Channel<RegistrationChange> _changes;
        private readonly SipUri? _aor;
        private long _missed;

        public RegistrationWatcher(int length, SipUri? aor)
        {
            _aor = aor;
            _changes = Channel.CreateBounded<RegistrationChange>(
                new BoundedChannelOptions(length) { FullMode = BoundedChannelFullMode.DropOldest, SingleReader = true },
                _ => Interlocked.Increment(ref _missed));
        }

        public void Tell(RegistrationChange change)
        {
            if (_aor is null || _aor.Equals(change.Registration.Aor))
            {
                _changes.Writer.TryWrite(change);
            }
        }

        public void Complete() => _changes.Writer.TryComplete();

        public async ValueTask<bool> WaitAsync(CancellationToken cancellationToken) =>
            await _changes.Reader.WaitToReadAsync(cancellationToken).ConfigureAwait(false) && _changes.Reader.TryRead(out _);

        public async IAsyncEnumerable<RegistrationChange> ReadAllAsync([EnumeratorCancellation] CancellationToken cancellationToken)
        {
            await foreach (var change in _changes.Reader.ReadAllAsync(cancellationToken).ConfigureAwait(false))
            {
                var missed = Interlocked.Exchange(ref _missed, 0);
                yield return missed == 0 ? change : change with { Missed = missed };
            }
        }
    }
}
