namespace SipPush.Msrp.Chunking;

/// <summary>What became of octets given to a <see cref="Reassembler"/>.</summary>
internal enum ReassemblyOutcome : byte
{
    /// <summary>Taken, delivered, held or known already.</summary>
    Taken,

    /// <summary>The message grows beyond its limit: 413.</summary>
    MessageTooLarge,

    /// <summary>More came before its turn than the gap buffer holds, or in more pieces: 413.</summary>
    TooManyGaps,
}
