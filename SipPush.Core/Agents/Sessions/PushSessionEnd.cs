namespace SipPush;

/// <summary>Why a session of an agent ended.</summary>
public enum PushSessionEnd
{
    /// <summary>This end said BYE.</summary>
    Ended,

    /// <summary>The far end said BYE.</summary>
    EndedByPeer,

    /// <summary>The connection of MSRP was lost, or never came.</summary>
    MediaLost,

    /// <summary>The dialog was lost: no ACK, no refresh, no answer.</summary>
    DialogLost,

    /// <summary>The stack has stopped.</summary>
    Stopped,
}
