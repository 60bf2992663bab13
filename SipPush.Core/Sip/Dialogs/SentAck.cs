namespace SipPush.Sip;

/// <summary>The ACK of a 2xx as it was sent, to be sent again when that 2xx comes again (RFC 3261 §13.2.2.4).</summary>
internal sealed record SentAck(SipFlow Flow, ReadOnlyMemory<byte> Octets);
