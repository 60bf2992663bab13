using SipPush.Sip;

namespace SipPush;

/// <summary>What a binding of the user says of itself.</summary>
/// <param name="Address">The contact URI; null when it is no URI.</param>
/// <param name="Features">Its feature tags: instance, push applications, ICSIs.</param>
/// <param name="PublicGruu">As assigned by the registrar, octet for octet.</param>
/// <param name="TemporaryGruu">As assigned by the registrar, octet for octet.</param>
/// <param name="Expires">How long the binding lasts; null when neither the contact nor its message says.</param>
internal sealed record RegisteredContact(SipUri? Address, FeatureSet Features, SipUri? PublicGruu, SipUri? TemporaryGruu, TimeSpan? Expires)
{
    public string? Instance => Features.Instance;

    public IReadOnlyList<string> PushEventApplications => Features.PushEventApplications;

    public IReadOnlyList<string> Icsis => Features.Icsis;
}
