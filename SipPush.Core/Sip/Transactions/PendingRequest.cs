using System.Threading.Tasks.Sources;
using SipPush.Diagnostics;

namespace SipPush.Sip.Transactions;

/// <summary>The client transaction of a request other than INVITE, and whoever awaits its final response.</summary>
internal sealed class PendingRequest(UInt128 branch, ClientTransactionMachine machine, SipRequest request, SipFlow flow, string sentBy)
    : ClientTransaction(branch, machine, request, flow, sentBy), IValueTaskSource<SipTransactionResult>
{
    // The continuation is the application's and must not run on the thread that receives.
    private ManualResetValueTaskSourceCore<SipTransactionResult> _end = new() { RunContinuationsAsynchronously = true };
    private int _hasEnded;

    /// <summary>The end, to be awaited once.</summary>
    public ValueTask<SipTransactionResult> Completion => new(this, _end.Version);

    public override void OnResponse(SipResponse response) => OnEnd(new SipTransactionResult(SipTransactionOutcome.Answered, response) { Flow = Flow });

    public override void OnEnd(SipTransactionResult result)
    {
        if (Interlocked.Exchange(ref _hasEnded, 1) == 0)
        {
            SipMetrics.ClientTransactionEnded(Request.Method, result.Response?.StatusCode ?? 0);
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
