namespace SipPush;

/// <summary>The bits of the <c>Push-Flag</c> header of a push message. The bits not named here are reserved.</summary>
[Flags]
public enum PushFlags
{
    /// <summary>Nothing is claimed.</summary>
    None = 0,

    /// <summary>The initiator URI has been authenticated. It counts only from a trusted sender.</summary>
    InitiatorAuthenticated = 1,

    /// <summary>The content is trusted. It counts only from a trusted sender.</summary>
    ContentTrusted = 2,

    /// <summary>No more push messages are going to follow.</summary>
    LastPushMessage = 4,
}
