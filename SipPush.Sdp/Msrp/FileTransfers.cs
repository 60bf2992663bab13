namespace SipPush.Sdp;

/// <summary>
/// The file transfer ids that a session has seen, so that a description which is sent again starts nothing again (RFC 5547 §8.1). One
/// for each session; at most <see cref="Capacity"/> transfers, and 4 Mi characters of what is said of them, then no further one is new. The answerer adds what is offered to it; who
/// offers adds its own transfers once they are answered, since the other side may offer them again.
/// </summary>
public sealed class FileTransfers
{
    /// <summary>How many transfers a session can have in its life.</summary>
    public const int Capacity = 10_000;

    // Names are as long as their sender likes.
    private const int MostCharacters = 4 << 20;

    private readonly Dictionary<string, (FileSelector Selector, bool IsAccepted)> _seen = new(StringComparer.Ordinal);
    private int _characters;

    /// <summary>What an offered transfer is, seen from those before it.</summary>
    /// <exception cref="ArgumentException">The transfer has no id.</exception>
    public FileTransferNovelty Classify(FileTransfer transfer)
    {
        ArgumentNullException.ThrowIfNull(transfer);
        return !_seen.TryGetValue(IdOf(transfer), out var known) ? (HasRoom ? FileTransferNovelty.New : FileTransferNovelty.OtherFile)
            : known.Selector.IsSameFile(transfer.Selector) ? FileTransferNovelty.Known
            : FileTransferNovelty.OtherFile;
    }

    /// <summary>True when the transfer of that id was taken when it was new.</summary>
    /// <exception cref="ArgumentException">The transfer has no id.</exception>
    public bool WasAccepted(FileTransfer transfer)
    {
        ArgumentNullException.ThrowIfNull(transfer);
        return _seen.TryGetValue(IdOf(transfer), out var known) && known.IsAccepted;
    }

    /// <summary>Keeps a new transfer that was offered, whether it was taken or not: its id is used.</summary>
    /// <exception cref="ArgumentException">The transfer has no id.</exception>
    public void Add(FileTransfer transfer, bool isAccepted)
    {
        ArgumentNullException.ThrowIfNull(transfer);
        if (HasRoom && _seen.TryAdd(IdOf(transfer), (transfer.Selector, isAccepted)))
        {
            _characters += IdOf(transfer).Length + transfer.Selector.ToString().Length;
        }
    }

    private bool HasRoom => _seen.Count < Capacity && _characters < MostCharacters;

    private static string IdOf(FileTransfer transfer) => transfer.TransferId ?? throw new ArgumentException("The transfer has no id.", nameof(transfer));
}
