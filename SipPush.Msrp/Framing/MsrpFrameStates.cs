namespace SipPush.Msrp.Framing;

/// <summary>Frame states for the connections that are being read: an idle one has none. A few are kept for the next.</summary>
internal sealed class MsrpFrameStates(MsrpFrameLimits limits)
{
    private const int MostKept = 64;

    private readonly Lock _sync = new();
    private readonly Stack<MsrpFrameState> _kept = new();

    public MsrpFrameState Rent()
    {
        lock (_sync)
        {
            return _kept.TryPop(out var kept) ? kept : new MsrpFrameState(limits);
        }
    }

    /// <summary>Takes back one that <see cref="MsrpFrameState.HoldsNothing"/>, whose octets nobody looks at any more.</summary>
    public void Return(MsrpFrameState state)
    {
        state.Dispose();
        lock (_sync)
        {
            if (_kept.Count < MostKept)
            {
                _kept.Push(state);
            }
        }
    }
}
