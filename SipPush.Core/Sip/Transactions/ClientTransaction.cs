using System.Threading.Tasks.Sources;

namespace SipPush.Sip.Transactions;

/// <summary>A client transaction in the driver's hands: its machine, what it sends, where, and who awaits the end. Its partition's lock guards it.</summary>
internal sealed class ClientTransaction(UInt128 branch, NonInviteClientTransaction machine, SipRequest request, SipFlow flow, string sentBy)
    : IValueTaskSource<SipTransactionResult>
{
    public readonly UInt128 Branch = branch;
    public readonly NonInviteClientTransaction Machine = machine;

    /// <summary>As the transaction user gave it: with its Via it is written anew each time it is sent.</summary>
    public readonly SipRequest Request = request;

    public readonly SipFlow Flow = flow;
    public readonly string SentBy = sentBy;

    /// <summary>A provisional response has come.</summary>
    public bool WasProvisional;

    public TimerHandle TimerE;
    public TimerHandle TimerF;

    // The continuation is the application's and must not run on the thread that receives.
    private ManualResetValueTaskSourceCore<SipTransactionResult> _end = new() { RunContinuationsAsynchronously = true };
    private int _hasEnded;

    /// <summary>The end, to be awaited once.</summary>
    public ValueTask<SipTransactionResult> Completion => new(this, _end.Version);

    public void TryEnd(SipTransactionResult result)
    {
        if (Interlocked.Exchange(ref _hasEnded, 1) == 0)
        {
            _end.SetResult(result);
        }
    }

    public void TryCancel(CancellationToken cancellationToken)
    {
        if (Interlocked.Exchange(ref _hasEnded, 1) == 0)
        {
            _end.SetException(new OperationCanceledException(cancellationToken));
        }
    }

    SipTransactionResult IValueTaskSource<SipTransactionResult>.GetResult(short token) => _end.GetResult(token);

    ValueTaskSourceStatus IValueTaskSource<SipTransactionResult>.GetStatus(short token) => _end.GetStatus(token);

    void IValueTaskSource<SipTransactionResult>.OnCompleted(
        Action<object?> continuation, object? state, short token, ValueTaskSourceOnCompletedFlags flags) =>
        _end.OnCompleted(continuation, state, token, flags);
}
