using System.Buffers;
using SipPush.Msrp.Diagnostics;

namespace SipPush.Msrp.Framing;

/// <summary>Where a connection is within its frames: what has to survive from one buffer to the next. One a connection.</summary>
internal sealed class MsrpFrameState(MsrpFrameLimits limits) : IDisposable
{
    private const int FirstScratch = 1024;

    private byte[] _scratch = [];

    public MsrpFrameLimits Limits { get; } = limits;

    /// <summary>Whether the last octet read was the end of a frame, or none has been read: an end of the stream here loses nothing.</summary>
    public bool IsBetweenFrames => Phase == MsrpFramePhase.Between || (Phase == MsrpFramePhase.Head && Head.Searched == 0);

    /// <summary>Whether a new state would do as well, since nothing of what comes next has been seen.</summary>
    public bool HoldsNothing => IsBetweenFrames && !IsInKeepAlive;

    /// <summary>The head of the current frame.</summary>
    internal MsrpHead Head { get; } = new(limits);

    internal MsrpFramePhase Phase { get; set; }

    /// <summary>Whether a CR between frames waits for its LF.</summary>
    internal bool IsInKeepAlive { get; set; }

    /// <summary>Octets at the start of the buffer that may become the end-line of the body.</summary>
    internal int Matched { get; set; }

    /// <summary>Octets at the start of the buffer that are body for certain, though not delivered yet.</summary>
    internal int Known { get; set; }

    /// <summary>Octets at the start of the buffer that are the end-line, in <see cref="MsrpFramePhase.End"/>.</summary>
    internal int EndLength { get; set; }

    /// <summary>Octets of body that may still come; <see cref="long.MaxValue"/> in a SEND.</summary>
    internal long BodyLeft { get; set; }

    internal MsrpParseError Error { get; private set; }

    /// <summary>The octets of the head that were copied because it lies over several segments.</summary>
    internal ReadOnlyMemory<byte> Copied => _scratch.AsMemory(0, CopiedLength);

    internal int CopiedLength { get; private set; }

    internal void Copy(ReadOnlySpan<byte> octets)
    {
        var length = CopiedLength + octets.Length;
        if (length > _scratch.Length)
        {
            var larger = ArrayPool<byte>.Shared.Rent(Math.Max(length, FirstScratch));
            MsrpMetrics.HasRented();
            Copied.Span.CopyTo(larger);
            Return();
            _scratch = larger;
        }

        octets.CopyTo(_scratch.AsSpan(CopiedLength));
        CopiedLength = length;
    }

    internal void BeginFrame()
    {
        Phase = MsrpFramePhase.Head;
        Head.Clear();
        if (CopiedLength > 0)
        {
            CopiedLength = 0;
            Return();
        }
    }

    internal void Break(MsrpParseError error)
    {
        Phase = MsrpFramePhase.Broken;
        Error = error;
    }

    /// <summary>Returns what was rented. What follows begins with a frame.</summary>
    public void Dispose()
    {
        Phase = MsrpFramePhase.Between;
        Head.Hold(default);
        CopiedLength = 0;
        Return();
    }

    private void Return()
    {
        if (_scratch.Length > 0)
        {
            ArrayPool<byte>.Shared.Return(_scratch);
            MsrpMetrics.HasReturned();
            _scratch = [];
        }
    }
}
