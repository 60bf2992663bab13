namespace SipPush;

/// <summary>A change in the registrations.</summary>
/// <param name="Kind">What happened.</param>
/// <param name="Registration">The registration as it is now, or as it was last when it has ended.</param>
public sealed record RegistrationChange(RegistrationChangeKind Kind, PushRegistration Registration)
{
    /// <summary>How many changes just before this one the reader was too slow for; then the state as a whole has to be read again.</summary>
    public long Missed { get; init; }
}
