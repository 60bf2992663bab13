using System.IO.Pipelines;

namespace SipPush.Msrp.Chunking;

/// <summary>One incoming message on its way to its reader or its sink. The read loop of the connection writes; what ends it is decided under the lock of the connection.</summary>
internal sealed class IncomingTransfer
{
    // Slices above this size get a segment of their own in the pipe, so that a reader sees large pieces, and small messages cost little.
    private const int SmallSlice = 4096;

    private readonly TaskCompletionSource<long> _completion = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly Pipe _pipe;
    private readonly Reassembler _reassembler;

    public IncomingTransfer(MsrpSession session, byte[] messageId, byte[] reportPath, MsrpLimits limits)
    {
        Session = session;
        MessageId = messageId;
        ReportPath = reportPath;
        _pipe = new Pipe(new PipeOptions(pauseWriterThreshold: limits.ReadAhead, resumeWriterThreshold: limits.ReadAhead / 2, minimumSegmentSize: SmallSlice, useSynchronizationContext: false));
        _reassembler = new Reassembler(new ReassemblyLimits(session.Options.MaxSize, limits.GapBuffer, limits.RangesPerMessage));
        Reader = _pipe.Reader;
    }

    public MsrpSession Session { get; }

    public byte[] MessageId { get; }

    /// <summary>The From-Path of its SENDs, to which its reports go.</summary>
    public byte[] ReportPath { get; }

    public FailureReportMode FailureReport { get; init; }

    public IncomingMsrpMessage? Message { get; set; }

    public PipeReader? Reader { get; }

    public Task<long> Completion => _completion.Task;

    /// <summary>Whether a chunk of it is being read.</summary>
    public bool IsOpen { get; set; }

    /// <summary>Whether it is over, one way or another.</summary>
    public bool IsEnded { get; private set; }

    /// <summary>The status that it was refused with; 0 when it was not.</summary>
    public int RefusedWith { get; set; }

    /// <summary>When its last chunk began or ended, in ticks of the clock.</summary>
    public long LastActivity { get; set; }

    /// <summary>Whether its report has been sent.</summary>
    public bool IsReported { get; set; }

    /// <summary>Up to here success has been reported.</summary>
    public long ReportedTo { get; set; }

    public long Delivered => _reassembler.Delivered;

    public bool IsComplete => _reassembler.IsComplete;

    public void BeginChunk(long offset) => _reassembler.BeginChunk(offset);

    public ReassemblyOutcome Append(ReadOnlySpan<byte> octets)
    {
        if (octets.Length > SmallSlice)
        {
            _pipe.Writer.GetSpan(octets.Length);
        }

        return _reassembler.Append(octets, _pipe.Writer);
    }

    public void EndChunk(ContinuationFlag flag) => _reassembler.EndChunk(flag, _pipe.Writer);

    /// <summary>Shows the reader what has been appended; completes when there is room for more.</summary>
    public ValueTask<FlushResult> FlushAsync() => _pipe.Writer.FlushAsync();

    public void CancelFlush() => _pipe.Writer.CancelPendingFlush();

    /// <summary>All of it is here.</summary>
    public void Complete()
    {
        IsEnded = true;
        _pipe.Writer.Complete();
        _completion.TrySetResult(_reassembler.Delivered);
        _reassembler.Dispose();
    }

    /// <summary>It never will be whole: its reader gets the reason.</summary>
    public void Fail(string reason, int status = 0, Exception? inner = null)
    {
        if (IsEnded)
        {
            return;
        }

        IsEnded = true;
        var failure = new MsrpException(reason, status, inner);
        _pipe.Writer.Complete(failure);
        _completion.TrySetException(failure);
        _ = _completion.Task.Exception;
        _reassembler.Dispose();
    }
}
