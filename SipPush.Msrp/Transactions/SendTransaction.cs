using SipPush.Msrp.Chunking;

namespace SipPush.Msrp.Transactions;

/// <summary>One SEND that was written: a chunk of a message, until it has been answered. Used again for later chunks.</summary>
internal sealed class SendTransaction
{
    public UInt128 Id;
    public OutgoingTransfer? Transfer;

    /// <summary>Octets of its body, once it has been written.</summary>
    public int Length;

    /// <summary>When its last octet was handed to the transport, in ticks of the clock; <see cref="long.MaxValue"/> until then.</summary>
    public long HandedOverAt;

    /// <summary>Whether an answer is waited for: not those of a message that only wants to hear of failures.</summary>
    public bool WantsAnswer;

    /// <summary>Written to its end.</summary>
    public bool IsEnded;

    /// <summary>Answered with 200 before it was written to its end.</summary>
    public bool IsAcknowledged;

    /// <summary>Answered, timed out or forgotten.</summary>
    public bool IsClosed;

    public bool IsHandedOver => HandedOverAt != long.MaxValue;
}
