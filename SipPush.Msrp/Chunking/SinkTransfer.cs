using System.IO.Pipelines;
using SipPush.Msrp.Framing;

namespace SipPush.Msrp.Chunking;

/// <summary>A message whose octets go to a sink, each at its offset. A pump takes them there, so that a slow disk slows the sender and not the other sessions of the connection.</summary>
#pragma warning disable CA1001 // The source of the token has no timer and nothing that waits: there is nothing to dispose of.
internal sealed class SinkTransfer(MsrpSession session, MsrpHead head, byte[] reportPath, MsrpSink sink) : IncomingTransfer(session, head, reportPath)
#pragma warning restore CA1001
{
    // Runs of octets that belong together, in the pipe: beyond this many of them the connection is not read.
    private const int MaximumExtents = 4096;

    private readonly ChunkMap _map = new(new ReassemblyLimits(session.Options.MaxSize, session.Limits.GapBuffer, session.Limits.RangesPerMessage));
    private readonly Lock _sync = new();
    private readonly Queue<Extent> _extents = new();
    private TaskCompletionSource? _isLow;
    private Extent? _last;
    private bool _isFree;
    private readonly CancellationTokenSource _failing = new();
    private Task _cancelled = Task.CompletedTask;
    private MsrpException? _failure;

    public override PipeReader? Reader => null;

    public override bool IsReportedByOthers => true;

    public override long Contiguous => _map.Contiguous;

    public override long? Total => _map.Total;

    public override void BeginChunk(long offset) => _map.BeginChunk(offset);

    public override ReassemblyOutcome Append(ReadOnlySpan<byte> octets)
    {
        var outcome = _map.Append(octets.Length, out var offset, out var count);
        if (count > 0)
        {
            Add(offset, count);
            Write(octets[..count]);
        }

        return outcome;
    }

    public override ReassemblyOutcome EndChunk(ContinuationFlag flag) => _map.EndChunk(flag);

    public override async ValueTask<FlushResult> FlushAsync()
    {
        Task isLow;
        lock (_sync)
        {
            isLow = _isFree || _extents.Count < MaximumExtents ? Task.CompletedTask : (_isLow ??= new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously)).Task;
        }

        var result = await base.FlushAsync().ConfigureAwait(false);
        await isLow.ConfigureAwait(false);
        return result;
    }

    public override void CancelFlush()
    {
        base.CancelFlush();
        lock (_sync)
        {
            _isLow?.TrySetResult();
            _isLow = null;
        }
    }

    public override void Fail(MsrpException reason)
    {
        _failure = reason;
        base.Fail(reason);
        Free();

        // What the sink has registered does not run here, under the lock of the connection.
        _cancelled = _failing.CancelAsync();
    }

    /// <summary>Takes octets to the sink until the message has ended, one way or another. Never throws.</summary>
    public async Task PumpAsync()
    {
        try
        {
            await WriteAllAsync().ConfigureAwait(false);
            await sink.CompleteAsync(Contiguous, _failing.Token).ConfigureAwait(false);
            Succeed();
            Session.SinkIsComplete(this);
        }
        catch (Exception failure)
        {
            var reason = _failure ?? new MsrpException("The sink has failed", failure is InvalidDataException ? MsrpStatus.BadRequest : MsrpStatus.MessageTooLarge, failure);
            Session.SinkHasFailed(this, reason);
            await AbortAsync(reason).ConfigureAwait(false);
            FailCompletion(reason);
        }

        Free();
        await Octets.CompleteAsync().ConfigureAwait(false);
        try
        {
            await sink.DisposeAsync().ConfigureAwait(false);
        }
        catch (Exception failure)
        {
            Session.SinkIsNotClosed(failure);
        }

        await _cancelled.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    // Nobody waits for the pump any more.
    private void Free()
    {
        lock (_sync)
        {
            _isFree = true;
            _isLow?.TrySetResult();
        }
    }

    private async Task WriteAllAsync()
    {
        while (true)
        {
            var result = await Octets.ReadAsync().ConfigureAwait(false);
            foreach (var segment in result.Buffer)
            {
                for (var rest = segment; !rest.IsEmpty;)
                {
                    var (offset, length) = Take(rest.Length);
                    await sink.WriteAsync(offset, rest[..length], _failing.Token).ConfigureAwait(false);
                    rest = rest[length..];
                }
            }

            Octets.AdvanceTo(result.Buffer.End);
            if (result.IsCompleted)
            {
                return;
            }
        }
    }

    private async Task AbortAsync(Exception reason)
    {
        try
        {
            await sink.AbortAsync(reason).ConfigureAwait(false);
        }
        catch (Exception failure)
        {
            Session.SinkIsNotClosed(failure);
        }
    }

    private void Add(long offset, int count)
    {
        lock (_sync)
        {
            if (_last is { } last && offset == last.Offset + last.Length)
            {
                last.Length += count;
                return;
            }

            _last = new Extent { Offset = offset, Length = count };
            _extents.Enqueue(_last);
        }
    }

    // Where the next octets of the pipe belong, and how many of them, at most so many.
    private (long Offset, int Length) Take(int most)
    {
        lock (_sync)
        {
            while (_extents.Peek() is { Length: 0 } used)
            {
                _extents.Dequeue();
                _last = _last == used ? null : _last;
            }

            var first = _extents.Peek();
            var taken = (first.Offset, Length: (int)Math.Min(most, first.Length));
            first.Offset += taken.Length;
            first.Length -= taken.Length;

            if (_extents.Count < MaximumExtents / 2)
            {
                _isLow?.TrySetResult();
                _isLow = null;
            }

            return taken;
        }
    }

    private sealed class Extent
    {
        public long Offset { get; set; }

        public long Length { get; set; }
    }
}
