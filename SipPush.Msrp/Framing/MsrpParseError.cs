namespace SipPush.Msrp.Framing;

/// <summary>What was wrong with octets that came, and in which header. A value, never an exception.</summary>
internal readonly record struct MsrpParseError(MsrpFault Fault, string? Header = null);
