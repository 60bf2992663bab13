namespace SipPush.Msrp.Chunking;

/// <summary>What one message may cost while it comes.</summary>
/// <param name="MessageSize">Octets of the whole message.</param>
/// <param name="GapBuffer">Octets held that came before their turn. What is rented for them is at most this and two pages of
/// <see cref="Reassembler.PageSize"/> octets for each of <paramref name="Ranges"/>.</param>
/// <param name="Ranges">Separate ranges beyond the one that began at the first octet.</param>
internal readonly record struct ReassemblyLimits(long MessageSize, int GapBuffer, int Ranges);
