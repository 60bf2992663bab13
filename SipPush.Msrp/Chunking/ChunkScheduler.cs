using System.Diagnostics.CodeAnalysis;

namespace SipPush.Msrp.Chunking;

/// <summary>Whose turn it is on a connection: every message that has something to write gets one turn after another, in a circle. Those that wait for data or for their session's window are not in it. Belongs to the lock of the connection.</summary>
internal sealed class ChunkScheduler
{
    private readonly Queue<OutgoingTransfer> _ready = new();

    /// <summary>Whether anybody waits for a turn.</summary>
    public bool HasNext => _ready.Count > 0;

    /// <summary>Puts a message at the end of the circle.</summary>
    public void Add(OutgoingTransfer transfer)
    {
        transfer.State = TransferState.Ready;
        _ready.Enqueue(transfer);
    }

    /// <summary>Takes the next one out of the circle.</summary>
    public bool TryNext([NotNullWhen(true)] out OutgoingTransfer? transfer) => _ready.TryDequeue(out transfer);
}
