using System.IO.Pipelines;
using SipPush.Msrp.Framing;

namespace SipPush.Msrp.Chunking;

/// <summary>A message that its application reads in order.</summary>
#pragma warning disable CA1001 // The reassembler is disposed of by Complete or Fail, one of which ends every message.
internal sealed class StreamedTransfer(MsrpSession session, MsrpHead head, byte[] reportPath) : IncomingTransfer(session, head, reportPath)
#pragma warning restore CA1001
{
    private readonly Reassembler _reassembler = new(new ReassemblyLimits(session.Options.MaxSize, session.Limits.GapBuffer, session.Limits.RangesPerMessage));

    private DrainedReader? _reader;
    private MsrpException? _failure;

    public override PipeReader? Reader => _reader ??= new DrainedReader(Octets, () => Volatile.Read(ref _failure));

    public override long Contiguous => _reassembler.Delivered;

    public override long? Total => _reassembler.Total;

    public override void BeginChunk(long offset) => _reassembler.BeginChunk(offset);

    public override ReassemblyOutcome Append(ReadOnlySpan<byte> octets)
    {
        Prepare(octets.Length);
        return _reassembler.Append(octets, Output);
    }

    public override ReassemblyOutcome EndChunk(ContinuationFlag flag) => _reassembler.EndChunk(flag, Output);

    public override void Complete()
    {
        base.Complete();
        _reassembler.Dispose();
        Succeed();
    }

    public override void Fail(MsrpException reason)
    {
        Volatile.Write(ref _failure, reason);
        EndWithoutFailure();
        _reassembler.Dispose();
        FailCompletion(reason);
    }
}
