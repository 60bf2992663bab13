namespace SipPush.Sip;

/// <summary>What a user agent tells of itself where it is not asked to register: in Contact of its answers, and when it is asked by OPTIONS.</summary>
/// <param name="FeatureTags">Those of Contact, as they are written (RFC 3840 §7, §8).</param>
/// <param name="Describe">The media that it can have, for who asks by that flow (RFC 3264 §9).</param>
internal sealed record UserAgentCapabilities(IReadOnlyList<string> FeatureTags, Func<SipFlow, SipBody> Describe);
