using System.IO.Pipelines;

namespace SipPush.Msrp.Transport;

/// <summary>A pipe that somebody else made, with what a socket can do besides: to break, so that reads and flushes fail.</summary>
internal sealed class AbortablePipe
{
    private readonly IDuplexPipe _pipe;
    private volatile bool _aborted;

    public AbortablePipe(IDuplexPipe pipe)
    {
        _pipe = pipe;
        Input = new Reader(this, pipe.Input);
        Output = new Writer(this, pipe.Output);
    }

    public PipeReader Input { get; }

    public PipeWriter Output { get; }

    public void Abort()
    {
        _aborted = true;
        _pipe.Input.CancelPendingRead();
        _pipe.Output.CancelPendingFlush();
    }

    public async ValueTask CompleteAsync()
    {
        var reason = _aborted ? Broken() : null;
        await _pipe.Output.CompleteAsync(reason).ConfigureAwait(false);
        await _pipe.Input.CompleteAsync(reason).ConfigureAwait(false);
    }

    private static IOException Broken() => new("The connection has been aborted");

    private void ThrowIfAborted()
    {
        if (_aborted)
        {
            throw Broken();
        }
    }

    private sealed class Reader(AbortablePipe owner, PipeReader reader) : PipeReader
    {
        public override async ValueTask<ReadResult> ReadAsync(CancellationToken cancellationToken = default)
        {
            owner.ThrowIfAborted();
            var result = await reader.ReadAsync(cancellationToken).ConfigureAwait(false);
            owner.ThrowIfAborted();
            return result;
        }

        public override bool TryRead(out ReadResult result)
        {
            owner.ThrowIfAborted();
            return reader.TryRead(out result);
        }

        public override void AdvanceTo(SequencePosition consumed) => reader.AdvanceTo(consumed);

        public override void AdvanceTo(SequencePosition consumed, SequencePosition examined) => reader.AdvanceTo(consumed, examined);

        public override void CancelPendingRead() => reader.CancelPendingRead();

        public override void Complete(Exception? exception = null) => reader.Complete(exception);

        public override ValueTask CompleteAsync(Exception? exception = null) => reader.CompleteAsync(exception);
    }

    private sealed class Writer(AbortablePipe owner, PipeWriter writer) : PipeWriter
    {
        public override bool CanGetUnflushedBytes => writer.CanGetUnflushedBytes;

        public override long UnflushedBytes => writer.UnflushedBytes;

        public override async ValueTask<FlushResult> FlushAsync(CancellationToken cancellationToken = default)
        {
            owner.ThrowIfAborted();
            var result = await writer.FlushAsync(cancellationToken).ConfigureAwait(false);
            owner.ThrowIfAborted();
            return result;
        }

        public override Memory<byte> GetMemory(int sizeHint = 0) => writer.GetMemory(sizeHint);

        public override Span<byte> GetSpan(int sizeHint = 0) => writer.GetSpan(sizeHint);

        public override void Advance(int bytes) => writer.Advance(bytes);

        public override void CancelPendingFlush() => writer.CancelPendingFlush();

        public override void Complete(Exception? exception = null) => writer.Complete(exception);

        public override ValueTask CompleteAsync(Exception? exception = null) => writer.CompleteAsync(exception);
    }
}
