namespace SipPush.Sip;

/// <summary>What the CSeq of a request in a dialog says about its turn (RFC 3261 §12.2.2).</summary>
internal enum DialogRequestOrder
{
    /// <summary>It is to be processed; numbers may have been left out before it.</summary>
    InOrder,

    /// <summary>Its number is lower than that of an earlier one: it is answered 500.</summary>
    OutOfOrder,
}
