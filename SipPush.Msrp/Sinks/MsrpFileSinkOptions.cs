using System.Security.Cryptography;

namespace SipPush.Msrp;

/// <summary>What an <see cref="MsrpFileSink"/> writes, and what it checks.</summary>
public sealed record MsrpFileSinkOptions
{
    /// <summary>The file to be. It must not exist, neither at the start nor at the end; its folder must. Never made from a name that a peer sent
    /// without a look at it (RFC 5547 §6).</summary>
    public required string Path { get; init; }

    /// <summary>Length of the whole file in octets, as announced; null when it was not. Octets beyond it, or another length in the end, are an error.</summary>
    public long? Length { get; init; }

    /// <summary>Digests of the whole file, as announced; all of them have to be right. None by default.</summary>
    public IReadOnlyList<MsrpFileHash> Expected { get; init; } = [];

    /// <summary>Digests to compute besides those expected. None by default.</summary>
    public IReadOnlyList<HashAlgorithmName> Compute { get; init; } = [];

    /// <summary>Whether what has come in order of a transfer that is aborted stays in <see cref="MsrpFileSink.PartialPath"/>, so that a later one can take it up.
    /// Content that is whole but not what was announced never stays. Default: no.</summary>
    public bool KeepPartial { get; init; }

    /// <summary>What an earlier sink left behind, in the folder of <see cref="Path"/>; this sink takes it over, and renames or removes it as its own.
    /// Null for a new file under a name of its own.</summary>
    public string? PartialPath { get; init; }

    /// <summary>How many octets of <see cref="PartialPath"/> are right already. The message begins behind them: its offset 0 is this one of
    /// the file (RFC 5547 §8.7). Length and digests are always of the whole file. Default: 0.</summary>
    public long ResumeFrom { get; init; }

    /// <summary>Whether the octets are on the disk, not in the system's cache, before the file gets its name. Default: no.</summary>
    public bool FlushToDisk { get; init; }
}
