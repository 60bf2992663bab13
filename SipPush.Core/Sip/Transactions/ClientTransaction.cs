namespace SipPush.Sip.Transactions;

/// <summary>A client transaction in the driver's hands: its machine, what it sends, where, and who awaits the end. Its partition's lock guards it.</summary>
internal sealed class ClientTransaction(UInt128 branch, NonInviteClientTransaction machine, SipFlow flow, SipMethod method, byte[]? retransmission)
    : TaskCompletionSource<SipTransactionResult>(TaskCreationOptions.RunContinuationsAsynchronously)
{
    public readonly UInt128 Branch = branch;
    public readonly NonInviteClientTransaction Machine = machine;
    public readonly SipFlow Flow = flow;
    public readonly SipMethod Method = method;

    /// <summary>The request as it was sent; kept only where it may have to be sent again.</summary>
    public readonly byte[]? Retransmission = retransmission;

    public TimerHandle TimerE;
    public TimerHandle TimerF;
}
