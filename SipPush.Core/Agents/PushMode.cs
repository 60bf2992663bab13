namespace SipPush;

/// <summary>How a push travels.</summary>
public enum PushMode
{
    /// <summary>Pager mode: one MESSAGE (RFC 3428).</summary>
    Message,

    /// <summary>Session mode: INVITE and MSRP (RFC 4975).</summary>
    Session,
}
