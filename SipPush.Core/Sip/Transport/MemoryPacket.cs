namespace SipPush.Sip;

/// <summary>A message on its way through a <see cref="MemoryNetwork"/>.</summary>
/// <param name="From">Who sent it.</param>
/// <param name="To">Where it goes.</param>
/// <param name="Message">Its octets, a copy of their own.</param>
public readonly record struct MemoryPacket(SipEndPoint From, SipEndPoint To, ReadOnlyMemory<byte> Message);
