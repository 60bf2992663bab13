using System.Buffers;
using System.IO.Pipelines;
using SipPush.Msrp.Framing;

namespace SipPush.Msrp.Chunking;

/// <summary>A message that its application reads in order.</summary>
#pragma warning disable CA1001 // The reassembler is disposed of by Complete or Fail, one of which ends every message.
internal sealed class StreamedTransfer(MsrpSession session, MsrpHead head, byte[] reportPath) : IncomingTransfer(session, head, reportPath)
#pragma warning restore CA1001
{
    private readonly Reassembler _reassembler = new(new ReassemblyLimits(session.Options.MaxSize, session.Limits.GapBuffer, session.Limits.RangesPerMessage));

    private SpillFile? _spill;
    private bool _shallSpill;
    private DrainedReader? _reader;
    private MsrpException? _failure;

    public override PipeReader? Reader => _reader ??= new DrainedReader(Octets, () => Volatile.Read(ref _failure));

    public override long Contiguous => _reassembler.Delivered;

    public override long? Total => _reassembler.Total;

    private IBufferWriter<byte> Target => _spill is null ? Output : _spill;

    public override void BeginChunk(long offset) => _reassembler.BeginChunk(offset);

    public override ReassemblyOutcome Append(ReadOnlySpan<byte> octets) => _reassembler.Append(octets, Target);

    public override ReassemblyOutcome EndChunk(ContinuationFlag flag) => _reassembler.EndChunk(flag, Target);

    public override ValueTask<FlushResult> FlushAsync() => _spill is { } spill ? FlushAsync(spill) : base.FlushAsync();

    public override bool TryRequestSpill()
    {
        if (Session.Options.Spill is null || _spill is not null)
        {
            return false;
        }

        _shallSpill = true;
        CancelFlush();
        return true;
    }

    public override void Spill()
    {
        if (!_shallSpill || _spill is not null)
        {
            return;
        }

        lock (Session.Connection!.Sync)
        {
            if (!IsEnded)
            {
                _spill = new SpillFile(Session.Options.Spill!, TakeOutput());
                Session.Endpoint.Run(() => _spill.PumpAsync(Session.Endpoint.Ending));
            }
        }
    }

    public override void Complete()
    {
        base.Complete();
        _reassembler.Dispose();
        Succeed();
    }

    public override void Fail(MsrpException reason)
    {
        Volatile.Write(ref _failure, reason);
        base.Fail(reason);
        _reassembler.Dispose();
        FailCompletion(reason);
    }

    protected override void EndOutput(Exception? reason)
    {
        if (_spill is { } spill)
        {
            spill.End(reason);
        }
        else
        {
            // A failure is told by the reader, behind the last octet.
            base.EndOutput(null);
        }
    }

    // What the file can't take is refused; other messages go on.
    private async ValueTask<FlushResult> FlushAsync(SpillFile spill)
    {
        if (await spill.FlushAsync().ConfigureAwait(false) is { } failure)
        {
            Session.Refuse(this, MsrpStatus.MessageTooLarge, failure);
        }

        return new FlushResult(isCanceled: false, isCompleted: spill.IsReaderGone);
    }
}
