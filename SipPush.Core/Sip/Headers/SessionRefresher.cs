namespace SipPush.Sip;

/// <summary>Who refreshes a session, by the parts in the request that negotiates it and not in the first INVITE (RFC 4028 §4).</summary>
public enum SessionRefresher
{
    /// <summary>Who sends that request.</summary>
    Uac,

    /// <summary>Who answers it.</summary>
    Uas,
}
