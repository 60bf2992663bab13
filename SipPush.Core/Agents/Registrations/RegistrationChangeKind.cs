namespace SipPush;

/// <summary>What happened to a registration.</summary>
public enum RegistrationChangeKind
{
    /// <summary>The user was not registered and is now.</summary>
    Registered,

    /// <summary>The registration goes on, perhaps with other devices or applications.</summary>
    Refreshed,

    /// <summary>The user, or the core, has ended it.</summary>
    Unregistered,

    /// <summary>It was not refreshed in time.</summary>
    Expired,
}
