using SipPush.Diagnostics;

namespace SipPush.Sip.Transactions;

/// <summary>The client transaction of an INVITE: its user hears of every response, and of 2xx from further branches after the first.</summary>
/// <param name="branch">Its branch.</param>
/// <param name="machine">Its machine.</param>
/// <param name="request">The INVITE.</param>
/// <param name="flow">Where it goes.</param>
/// <param name="sentBy">What the Via says.</param>
/// <param name="received">Called with each response but 100, on the thread that received it. A 2xx may come more than once; who is
/// called sends its ACK (RFC 3261 §13.2.2.4). It must neither block nor throw.</param>
internal sealed class PendingInvite(UInt128 branch, ClientTransactionMachine machine, SipRequest request, SipFlow flow, string sentBy, Action<SipResponse> received)
    : ClientTransaction(branch, machine, request, flow, sentBy)
{
    private readonly TaskCompletionSource<SipTransactionResult> _end = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>The first final response, or the end without one.</summary>
    public Task<SipTransactionResult> Completion => _end.Task;

    /// <summary>Timer C: how long it may ring after its last provisional response before it is given up; null for as long as its user likes.</summary>
    public TimeSpan? RingLimit { get; init; }

    /// <summary>Called once no more 2xx can come after the first.</summary>
    public Action? Over { get; init; }

    /// <summary>The ACK of a refusal as it was sent, to be sent again; null before.</summary>
    public volatile byte[]? Ack;

    /// <summary>The user has given up. CANCEL goes out once there has been a provisional response (§9.1). Guarded by the partition's lock.</summary>
    public bool IsGivenUp;

    /// <summary>CANCEL has been sent. Guarded by the partition's lock.</summary>
    public bool IsCancelled;

    public override bool HearsProvisional => true;

    public override void OnResponse(SipResponse response)
    {
        try
        {
            if (response.StatusCode > 100)
            {
                received(response);
            }
        }
        finally
        {
            if (response.IsFinal)
            {
                OnEnd(new SipTransactionResult(SipTransactionOutcome.Answered, response) { Flow = Flow });
            }
        }
    }

    public override void OnEnd(SipTransactionResult result)
    {
        if (_end.TrySetResult(result))
        {
            SipMetrics.ClientTransactionEnded(Request.Method, result.Response?.StatusCode ?? 0);
        }
    }

    public override void OnOver() => Over?.Invoke();
}
