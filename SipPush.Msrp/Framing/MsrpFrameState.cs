namespace SipPush.Msrp.Framing;

/// <summary>Where a connection is within its frames: what has to survive from one buffer to the next. One a connection.</summary>
internal sealed class MsrpFrameState(MsrpFrameLimits limits) : IDisposable
{
    public MsrpFrameLimits Limits { get; } = limits;

    /// <summary>Whether the last octet read was the end of a frame, or none has been read: an end of the stream here loses nothing.</summary>
    public bool IsBetweenFrames => throw new NotImplementedException();

    /// <summary>Returns what was rented.</summary>
    public void Dispose() => throw new NotImplementedException();
}
