namespace SipPush.Sip;

/// <summary>One header line.</summary>
/// <param name="Name">The name as it stands, long or compact.</param>
/// <param name="Value">The value as it stands, without the white space around it; a fold is still in it.</param>
public readonly record struct SipHeader(SipText Name, SipText Value);
