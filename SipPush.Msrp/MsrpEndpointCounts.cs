namespace SipPush.Msrp;

/// <summary>What an endpoint holds at the moment. When everything has ended all of it is zero.</summary>
/// <param name="Connections">Connections, those that are still being closed among them.</param>
/// <param name="Sessions">Sessions that have not ended.</param>
/// <param name="PartialMessages">Incoming messages that have begun and not ended.</param>
/// <param name="Tasks">Work in the background: connections that are served, sinks that are filled.</param>
public readonly record struct MsrpEndpointCounts(int Connections, int Sessions, int PartialMessages, int Tasks);
