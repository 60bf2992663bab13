using System.IO.Pipelines;

namespace SipPush.Msrp.Chunking;

/// <summary>
/// A pipe whose failure is seen only behind the last octet that came: octets that were acknowledged to the sender are not lost to whoever reads, who may keep them and have the transfer resumed.
/// </summary>
internal sealed class DrainedReader(PipeReader octets, Func<Exception?> failure) : PipeReader
{
    private SequencePosition _end;
    private bool _sawAll;

    public override async ValueTask<ReadResult> ReadAsync(CancellationToken cancellationToken = default) => See(await octets.ReadAsync(cancellationToken).ConfigureAwait(false));

    public override bool TryRead(out ReadResult result)
    {
        var isThere = octets.TryRead(out result);
        result = isThere ? See(result) : result;
        return isThere;
    }

    public override void AdvanceTo(SequencePosition consumed) => AdvanceTo(consumed, consumed);

    public override void AdvanceTo(SequencePosition consumed, SequencePosition examined)
    {
        _sawAll = examined.Equals(_end);
        octets.AdvanceTo(consumed, examined);
    }

    public override void CancelPendingRead() => octets.CancelPendingRead();

    public override void Complete(Exception? exception = null) => octets.Complete(exception);

    private ReadResult See(ReadResult result)
    {
        if (!result.IsCompleted || failure() is not { } reason)
        {
            _end = result.Buffer.End;
            return result;
        }

        // Nothing will come behind what has been looked at already.
        if (result.Buffer.IsEmpty || (_sawAll && result.Buffer.End.Equals(_end)))
        {
            octets.AdvanceTo(result.Buffer.Start, result.Buffer.End);
            throw reason;
        }

        _sawAll = false;
        _end = result.Buffer.End;
        return new ReadResult(result.Buffer, result.IsCanceled, isCompleted: false);
    }
}
