using System.Collections.Concurrent;

namespace SipPush.Sip;

/// <summary>The sessions of a stack, early and confirmed, found by the dialog that a request names.</summary>
internal sealed class SessionTable
{
    private readonly ConcurrentDictionary<DialogId, SipSession> _sessions = new();
    private int _count;

    public int Count => Volatile.Read(ref _count);

    /// <summary>All of them as they are now.</summary>
    public IEnumerable<SipSession> All => _sessions.Values;

    /// <summary>The session of the dialog that the request is in; null when it is in none or in one that is not known (RFC 3261 §12.2.2).</summary>
    public SipSession? Find(SipRequest request)
    {
        // Where there are no sessions nothing is read: pager mode goes through here too.
        return Count == 0 || request.To.Tag.IsEmpty ? null : _sessions.GetValueOrDefault(DialogId.Of(request));
    }

    public void Add(SipSession session)
    {
        if (_sessions.TryAdd(session.Dialog.Id, session))
        {
            Interlocked.Increment(ref _count);
        }
    }

    public void Remove(SipSession session)
    {
        if (_sessions.TryRemove(KeyValuePair.Create(session.Dialog.Id, session)))
        {
            Interlocked.Decrement(ref _count);
        }
    }
}
