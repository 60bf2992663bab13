namespace SipPush.Sip.Transactions;

/// <summary>What is left to do outside the lock after a step of a client transaction.</summary>
internal readonly record struct ClientStep(ClientEnd End, bool Send, bool SendAck, bool SendCancel)
{
    /// <summary>Nothing.</summary>
    public static readonly ClientStep None;
}
