using System.Buffers;
using System.IO.Pipelines;

namespace SipPush.Msrp.Transport;

/// <summary>Shows a tap what comes, each octet once, however often it is looked at again.</summary>
internal sealed class TappedReader(PipeReader inner, MsrpFlow flow, MsrpTap tap) : PipeReader
{
    private ReadOnlySequence<byte> _buffer;
    private long _shown;

    public override async ValueTask<ReadResult> ReadAsync(CancellationToken cancellationToken = default) =>
        Show(await inner.ReadAsync(cancellationToken).ConfigureAwait(false));

    public override bool TryRead(out ReadResult result)
    {
        if (!inner.TryRead(out result))
        {
            return false;
        }

        Show(result);
        return true;
    }

    public override void AdvanceTo(SequencePosition consumed) => AdvanceTo(consumed, consumed);

    public override void AdvanceTo(SequencePosition consumed, SequencePosition examined)
    {
        _shown = _buffer.Slice(consumed).Length;
        _buffer = default;
        inner.AdvanceTo(consumed, examined);
    }

    public override void CancelPendingRead() => inner.CancelPendingRead();

    public override void Complete(Exception? exception = null) => inner.Complete(exception);

    public override ValueTask CompleteAsync(Exception? exception = null) => inner.CompleteAsync(exception);

    private ReadResult Show(ReadResult result)
    {
        _buffer = result.Buffer;
        foreach (var octets in _buffer.Slice(_shown))
        {
            if (!octets.IsEmpty)
            {
                tap.Received(flow, octets.Span);
            }
        }

        return result;
    }
}
