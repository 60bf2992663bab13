namespace SipPush.Sip;

/// <summary>The registrar refused, and asking again would not change that.</summary>
/// <param name="message">What was refused.</param>
/// <param name="response">The answer.</param>
public sealed class SipRegistrationException(string message, SipResponse? response) : Exception(message)
{
    /// <summary>The answer; null when there was none.</summary>
    public SipResponse? Response { get; } = response;
}
