namespace SipPush.Sip;

/// <summary>What becomes of a received INVITE or UPDATE whose dialog is busy with another.</summary>
internal enum ReinviteVerdict
{
    /// <summary>It is processed.</summary>
    Accept,

    /// <summary>491: both ends asked at once.</summary>
    RequestPending,

    /// <summary>500 with Retry-After: the peer has not waited for its own answer.</summary>
    ComeBack,
}
