namespace SipPush.Sip;

/// <summary>What is to be done with a provisional response (RFC 3262 §4).</summary>
internal enum ProvisionalReceipt
{
    /// <summary>It is processed; nothing acknowledges it.</summary>
    Unreliable,

    /// <summary>It is processed and acknowledged with PRACK.</summary>
    Acknowledge,

    /// <summary>A repetition, or one before it is missing: neither processed nor acknowledged.</summary>
    Discard,
}
