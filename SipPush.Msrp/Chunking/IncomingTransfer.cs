using System.Buffers;
using System.IO.Pipelines;
using SipPush.Msrp.Diagnostics;
using SipPush.Msrp.Framing;
using SipPush.Msrp.Reports;

namespace SipPush.Msrp.Chunking;

/// <summary>
/// One incoming message on its way to its reader or its sink. The read loop of the connection is the only one that writes into the pipe while a chunk is open; everything else belongs to the lock of
/// the connection.
/// </summary>
internal abstract class IncomingTransfer
{
    private readonly TaskCompletionSource<long> _completion = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly Pipe _pipe;
    private readonly SegmentWriter _output;
    private readonly SuccessReports? _reports;

    protected IncomingTransfer(MsrpSession session, MsrpHead head, byte[] reportPath)
    {
        Session = session;
        MessageId = head.MessageId.ToArray();
        ReportPath = reportPath;
        FailureReport = head.FailureReport;
        _reports = head.SuccessReport ? new SuccessReports(session.Options.ReportEvery) : null;
        var readAhead = session.Limits.ReadAhead;
        _pipe = new Pipe(new PipeOptions(new SegmentPool(), pauseWriterThreshold: readAhead, resumeWriterThreshold: readAhead / 2, minimumSegmentSize: SegmentPool.Smallest, useSynchronizationContext: false));
        _output = new SegmentWriter(_pipe.Writer);
    }

    public MsrpSession Session { get; }

    public byte[] MessageId { get; }

    /// <summary>The From-Path of its SENDs, to which its reports go.</summary>
    public byte[] ReportPath { get; }

    public FailureReportMode FailureReport { get; }

    public IncomingMsrpMessage? Message { get; set; }

    /// <summary>Where the application reads; null when there is a sink.</summary>
    public abstract PipeReader? Reader { get; }

    /// <summary>Octets without a gap from the first.</summary>
    public abstract long Contiguous { get; }

    public abstract long? Total { get; }

    public bool IsComplete => Total == Contiguous;

    public Task<long> Completion => _completion.Task;

    /// <summary>Whether a chunk of it is being read.</summary>
    public bool IsOpen { get; set; }

    /// <summary>Whether all of it is here, or never will be.</summary>
    public bool IsEnded { get; private set; }

    /// <summary>The status that it is refused with; 0 when it is not.</summary>
    public int RefusedWith { get; set; }

    /// <summary>Why it is refused; null when it is not.</summary>
    public string? Refusal { get; set; }

    /// <summary>When its last chunk began or ended, in ticks of the clock.</summary>
    public long LastActivity { get; set; }

    /// <summary>Whether success is reported while it is still coming.</summary>
    public bool ReportsProgress => _reports is not null && Session.Options is { ReportEvery: not null, ReportTiming: MsrpReportTiming.WhenReceived };

    /// <summary>Whether its end is reported by another thread than the one that reads it: the application, or the pump of its sink.</summary>
    public virtual bool IsReportedByOthers => Session.Options.ReportTiming != MsrpReportTiming.WhenReceived;

    /// <summary>Whether its end has been reported by the application.</summary>
    public bool IsReported { get; set; }

    protected PipeReader Octets => _pipe.Reader;

    protected IBufferWriter<byte> Output => _output;

    /// <summary>The pipe itself, for one who takes it over from <see cref="Output"/>.</summary>
    protected PipeWriter TakeOutput()
    {
        _output.Commit();
        return _pipe.Writer;
    }

    public abstract void BeginChunk(long offset);

    public abstract ReassemblyOutcome Append(ReadOnlySpan<byte> octets);

    public abstract ReassemblyOutcome EndChunk(ContinuationFlag flag);

    /// <summary>Whether a success report is due now, and on what.</summary>
    public bool TryTakeReport(out ByteRange range)
    {
        range = default;
        return _reports?.TryTake(Contiguous, Total, out range) == true;
    }

    /// <summary>Shows the reader what has been appended; completes when there is room for more.</summary>
    public virtual ValueTask<FlushResult> FlushAsync()
    {
        lock (Session.Connection!.Sync)
        {
            // Between two of its chunks another thread may end the message, and its pipe, which takes nothing after that.
            if (IsEnded)
            {
                return default;
            }

            _output.Commit();
        }

        return _pipe.Writer.FlushAsync();
    }

    /// <summary>Has the flush under way, or the next one, return at once. By any thread.</summary>
    public virtual void CancelFlush() => _pipe.Writer.CancelPendingFlush();

    /// <summary>Whether a reader that is too slow for the limit need not slow the sender any more: its <see cref="FlushAsync"/> is given up then, and <see cref="Spill"/> follows.</summary>
    public virtual bool TryRequestSpill() => false;

    /// <summary>A flush has been given up. Called by the read loop.</summary>
    public virtual void Spill()
    {
    }

    /// <summary>All of it is here.</summary>
    public virtual void Complete()
    {
        IsEnded = true;
        MsrpMetrics.MessageReceived(isWhole: true);
        _output.Commit();
        EndOutput(null);
    }

    /// <summary>It never will be whole: its reader gets the reason.</summary>
    public virtual void Fail(MsrpException reason)
    {
        IsEnded = true;
        MsrpMetrics.MessageReceived(isWhole: false);
        _output.Commit();
        EndOutput(reason);
    }

    /// <summary>Nothing more is appended.</summary>
    protected virtual void EndOutput(Exception? reason) => _pipe.Writer.Complete(reason);

    protected void Succeed() => _completion.TrySetResult(Contiguous);

    protected void FailCompletion(Exception reason)
    {
        _completion.TrySetException(reason);

        // Nobody has to look at it.
        _ = _completion.Task.Exception;
    }

    protected void Write(ReadOnlySpan<byte> octets) => BuffersExtensions.Write(_output, octets);
}
