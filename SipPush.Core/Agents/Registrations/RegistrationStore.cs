using SipPush.Sip;

namespace SipPush;

/// <summary>
/// Where a sender keeps registrations: the seam for a database or a cache that several senders share. Keys are addresses of
/// record, equal by RFC 3261 §19.1.4. Called from several threads at once, for one key by one at a time within a process. The application
/// makes it and ends it, after the agent; what is in it when the agent is made counts at once, which is how registrations outlive a restart.
/// </summary>
public abstract class RegistrationStore
{
    /// <summary>The registration of a user; null when there is none. One that has lapsed may still be given.</summary>
    public abstract ValueTask<PushRegistration?> FindAsync(SipUri aor, CancellationToken cancellationToken);

    /// <summary>Keeps a registration, all of its members, in place of the one of the same user.</summary>
    /// <returns>False when there is no room; the REGISTER is then answered 503.</returns>
    public abstract ValueTask<bool> SetAsync(PushRegistration registration, CancellationToken cancellationToken);

    /// <summary>Forgets a user.</summary>
    public abstract ValueTask RemoveAsync(SipUri aor, CancellationToken cancellationToken);

    /// <summary>All registrations, in no order.</summary>
    public abstract IAsyncEnumerable<PushRegistration> ListAsync(CancellationToken cancellationToken);
}
