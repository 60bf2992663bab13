namespace SipPush.Sip;

/// <summary>One of the places where requests for a URI may go (RFC 3263 §4).</summary>
/// <param name="EndPoint">Protocol, address and port.</param>
/// <param name="Domain">The host of the URI, an IPv6 address without brackets: over TLS the certificate must be for it, whatever
/// names the DNS led through (RFC 5922 §4).</param>
public readonly record struct SipTarget(SipEndPoint EndPoint, string Domain);
