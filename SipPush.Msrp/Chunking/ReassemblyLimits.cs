namespace SipPush.Msrp.Chunking;

/// <summary>What one message may cost while it comes.</summary>
/// <param name="MessageSize">Octets of the whole message.</param>
/// <param name="GapBuffer">Octets held that came before their turn.</param>
/// <param name="Ranges">Separate ranges.</param>
internal readonly record struct ReassemblyLimits(long MessageSize, int GapBuffer, int Ranges);
