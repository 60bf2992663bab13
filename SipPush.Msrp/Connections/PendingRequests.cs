using System.Diagnostics.CodeAnalysis;

namespace SipPush.Msrp.Connections;

/// <summary>The requests without a body that wait for their responses, by transaction id. Guarded by the lock of the connection.</summary>
internal sealed class PendingRequests
{
    // There is seldom one.
    private Dictionary<UInt128, PendingRequest>? _all;

    public void Add(UInt128 id, PendingRequest request) => (_all ??= []).Add(id, request);

    public void Remove(UInt128 id) => _all?.Remove(id);

    /// <summary>Takes out the one that a response is for.</summary>
    public bool TryTake(UInt128 id, [NotNullWhen(true)] out PendingRequest? request)
    {
        request = null;
        return _all?.Remove(id, out request) == true;
    }

    /// <summary>Fails those whose time is over, and says when to look again.</summary>
    public void Check(long now, ref long next)
    {
        foreach (var (id, request) in _all ?? [])
        {
            if (request.Deadline <= now)
            {
                Remove(id);
                request.Fail(new MsrpException("No answer within 30 s", MsrpStatus.RequestTimeout));
            }
            else
            {
                next = Math.Min(next, request.Deadline);
            }
        }
    }

    /// <summary>The connection was lost.</summary>
    public void FailAll(Exception? failure)
    {
        foreach (var request in _all ?? [])
        {
            request.Value.Fail(new MsrpException("The connection was lost", 0, failure));
        }

        _all = null;
    }
}
