namespace SipPush.Msrp.Relays;

/// <summary>What a relay gave.</summary>
/// <param name="UsePath">The path to and with it, in the order of a To-Path.</param>
/// <param name="Expires">How long it is valid; null when the relay did not say.</param>
internal readonly record struct RelayGrant(MsrpPath UsePath, TimeSpan? Expires);
