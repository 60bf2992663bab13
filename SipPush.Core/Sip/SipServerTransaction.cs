using SipPush.Sip.Transactions;

namespace SipPush.Sip;

/// <summary>A request that has come, and the means to answer it. It must be answered once with a final response.</summary>
public sealed class SipServerTransaction
{
    private readonly ServerTransactions _transactions;
    private readonly CancellationTokenSource? _cancelled;
    private string? _localTag;

    internal SipServerTransaction(ServerTransactions transactions, TransactionPartition partition, ServerTransactionMachine machine, SipRequest request, SipFlow flow, byte[] key, byte[] mergeKey)
    {
        _transactions = transactions;
        Partition = partition;
        Machine = machine;
        Request = request;
        Flow = flow;
        Key = key;
        MergeKey = mergeKey;
        _cancelled = IsInvite ? new CancellationTokenSource() : null;
    }

    /// <summary>The request, with <c>received</c> and <c>rport</c> filled into its top Via.</summary>
    public SipRequest Request { get; }

    /// <summary>Where it came from.</summary>
    public SipFlow Flow { get; }

    /// <summary>
    /// Cancelled when the client has given up its INVITE (RFC 3261 §9.2); the stack has answered 487 then, unless
    /// <see cref="HandlesCancel"/>. Never for another method.
    /// </summary>
    public CancellationToken Cancelled => _cancelled?.Token ?? CancellationToken.None;

    /// <summary>
    /// Set by a handler that passes an INVITE on, before its first await: then a CANCEL is answered 200 as always, but the INVITE waits for
    /// the handler's own answer, which after all may be a 2xx that has crossed the CANCEL (RFC 3261 §16.10). Default false.
    /// </summary>
    public bool HandlesCancel { get; set; }

    /// <summary>True when it came from a member of the stack's trust domain.</summary>
    public bool IsTrusted => _transactions.TrustDomain.Contains(Flow);

    /// <summary>True once a final response has been given.</summary>
    public bool IsAnswered { get; internal set; }

    internal bool IsInvite => Request.Method == SipMethod.Invite;

    /// <summary>The tag that every response to this request has in To, unless the request came with one (RFC 3261 §12.1.1).</summary>
    internal string LocalTag
    {
        get
        {
            if (_localTag is null)
            {
                Interlocked.CompareExchange(ref _localTag, _transactions.Identifiers.NewTag(), null);
            }

            return _localTag;
        }
    }

    internal TransactionPartition Partition { get; }

    internal ServerTransactionMachine Machine { get; }

    internal byte[] Key { get; }

    internal byte[] MergeKey { get; }

    /// <summary>The last response while it is provisional. Guarded by the partition's lock.</summary>
    internal ReadOnlyMemory<byte> LastResponse { get; set; }

    /// <summary>Whether it counts among those under way. Guarded by the partition's lock.</summary>
    internal bool IsCounted { get; set; } = true;

    /// <summary>The wait for the 100, then G.</summary>
    internal TimerHandle RepeatTimer;

    /// <summary>H, I or L.</summary>
    internal TimerHandle EndTimer;

    /// <summary>Answers with a status and nothing more.</summary>
    /// <param name="status">100 to 699; to a request other than INVITE not 101 to 199 and not 408 (RFC 4320).</param>
    /// <param name="reason">The reason phrase; the standard's own when null.</param>
    /// <param name="cancellationToken">Ends the wait for room in the connection's queue.</param>
    /// <returns>False when the request had its final answer already; then nothing is sent.</returns>
    /// <exception cref="ArgumentException">101–199 and 408 don't answer a request other than INVITE (RFC 4320 §4).</exception>
    public ValueTask<bool> RespondAsync(int status, string? reason = null, CancellationToken cancellationToken = default)
    {
        if (reason is null)
        {
            return _transactions.RespondAsync(this, status, cancellationToken);
        }

        using var builder = CreateResponse(status, reason);
        return RespondAsync(builder.Build(), cancellationToken);
    }

    /// <summary>
    /// Answers with a response made by <see cref="CreateResponse"/>, or received from further on. After a 2xx to an INVITE further 2xx may
    /// follow for 64*T1: the same again, or that of another branch (RFC 6026 §7.1).
    /// </summary>
    /// <returns>False when the request had its final answer already; then nothing is sent.</returns>
    /// <exception cref="ArgumentException">101–199 and 408 don't answer a request other than INVITE (RFC 4320 §4).</exception>
    public ValueTask<bool> RespondAsync(SipResponse response, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(response);
        return _transactions.RespondAsync(this, response, cancellationToken);
    }

    /// <summary>Begins a response to the request: Via, From, To with a tag, Call-ID and CSeq are in it.</summary>
    public SipResponseBuilder CreateResponse(int status, string? reason = null) =>
        new(Request, status, LocalTag, reason);

    /// <summary>As above, with a tag that follows from the request, so that a repetition is answered the same (RFC 3261 §8.2.7).</summary>
    internal SipResponseBuilder CreateStatelessResponse(int status, string? reason) => new(Request, status, ServerTransactions.StatelessTag(Key), reason);

    /// <summary>Sends a refusal once and forgets the request; false when it had its final answer already.</summary>
    internal ValueTask<bool> RefuseStatelesslyAsync(SipResponse refusal, CancellationToken cancellationToken) =>
        _transactions.RefuseStatelesslyAsync(this, refusal, cancellationToken);

    /// <summary>As above, with a To tag that another transaction of the same dialog has given out.</summary>
    internal SipResponseBuilder CreateTaggedResponse(int status, string toTag) => new(Request, status, toTag);

    /// <summary>Tells the INVITE's user that the client has given up.</summary>
    internal Task CancelAsync() => _cancelled?.CancelAsync() ?? Task.CompletedTask;
}
