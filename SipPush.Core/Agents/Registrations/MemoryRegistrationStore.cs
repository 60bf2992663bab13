using System.Collections.Concurrent;
using System.Runtime.CompilerServices;
using SipPush.Sip;

namespace SipPush;

/// <summary>Keeps registrations in memory, up to a number of them.</summary>
/// <param name="maximum">How many.</param>
public sealed class MemoryRegistrationStore(int maximum) : RegistrationStore
{
    private readonly ConcurrentDictionary<SipUri, PushRegistration> _registrations = new();
    private int _count;

    /// <inheritdoc/>
    public override ValueTask<PushRegistration?> FindAsync(SipUri aor, CancellationToken cancellationToken) => ValueTask.FromResult(Find(aor));

    /// <inheritdoc/>
    public override ValueTask<bool> SetAsync(PushRegistration registration, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(registration);
        return ValueTask.FromResult(TrySet(registration));
    }

    /// <inheritdoc/>
    public override ValueTask RemoveAsync(SipUri aor, CancellationToken cancellationToken)
    {
        Remove(aor);
        return ValueTask.CompletedTask;
    }

    /// <inheritdoc/>
    public override async IAsyncEnumerable<PushRegistration> ListAsync([EnumeratorCancellation] CancellationToken cancellationToken)
    {
        await ValueTask.CompletedTask.ConfigureAwait(false);
        foreach (var (_, registration) in _registrations)
        {
            cancellationToken.ThrowIfCancellationRequested();
            yield return registration;
        }
    }

    internal int Count => Volatile.Read(ref _count);

    internal IEnumerable<PushRegistration> All => _registrations.Select(pair => pair.Value);

    internal PushRegistration? Find(SipUri aor) => _registrations.GetValueOrDefault(aor);

    internal bool TrySet(PushRegistration registration)
    {
        if (_registrations.ContainsKey(registration.Aor))
        {
            _registrations[registration.Aor] = registration;
            return true;
        }

        if (Interlocked.Increment(ref _count) > maximum)
        {
            Interlocked.Decrement(ref _count);
            return false;
        }

        _registrations[registration.Aor] = registration;
        return true;
    }

    internal bool Remove(SipUri aor)
    {
        if (!_registrations.TryRemove(aor, out _))
        {
            return false;
        }

        Interlocked.Decrement(ref _count);
        return true;
    }
}
