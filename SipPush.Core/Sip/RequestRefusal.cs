namespace SipPush.Sip;

/// <summary>Why a request is not handled.</summary>
/// <param name="Status">The status of the answer; 0 when nothing is wrong.</param>
/// <param name="Reason">The reason phrase; the standard's own when null.</param>
/// <param name="Header">What the client can do about it, such as the Accept of a 415; null for nothing.</param>
internal readonly record struct RequestRefusal(int Status, string? Reason = null, (SipHeaderName Name, string Value)? Header = null)
{
    /// <summary>Sends it. That of an INVITE is not repeated and leaves no transaction: whoever forges an address could have it flooded (RFC 3261 §8.2.7).</summary>
    public ValueTask<bool> SendAsync(SipServerTransaction transaction, CancellationToken cancellationToken)
    {
        if (Header is null && !transaction.IsInvite)
        {
            return transaction.RespondAsync(Status, Reason, cancellationToken);
        }

        using var answer = transaction.IsInvite ? transaction.CreateStatelessResponse(Status, Reason) : transaction.CreateResponse(Status, Reason);
        if (Header is var (name, value))
        {
            answer.Add(name, value);
        }

        return transaction.IsInvite
            ? transaction.RefuseStatelesslyAsync(answer.Build(), cancellationToken)
            : transaction.RespondAsync(answer.Build(), cancellationToken);
    }
}
