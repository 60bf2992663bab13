namespace SipPush.Sip;

/// <summary>Why a request is not handled.</summary>
/// <param name="Status">The status of the answer; 0 when nothing is wrong.</param>
/// <param name="Reason">The reason phrase; the standard's own when null.</param>
/// <param name="Header">What the client can do about it, such as the Accept of a 415; null for nothing.</param>
internal readonly record struct RequestRefusal(int Status, string? Reason = null, (SipHeaderName Name, string Value)? Header = null)
{
    public ValueTask<bool> SendAsync(SipServerTransaction transaction, CancellationToken cancellationToken)
    {
        if (Header is not var (name, value))
        {
            return transaction.RespondAsync(Status, Reason, cancellationToken);
        }

        using var answer = transaction.CreateResponse(Status, Reason);
        answer.Add(name, value);
        return transaction.RespondAsync(answer.Build(), cancellationToken);
    }
}
