namespace SipPush.Sip;

/// <summary>What Via and Contact say instead of the address listened on, where NAT or a container hides that.</summary>
/// <param name="Host">A name or a numeric address, IPv6 in brackets.</param>
/// <param name="Port">The port to say; null for the one listened on.</param>
public sealed record SipAdvertisedAddress(string Host, int? Port = null);
