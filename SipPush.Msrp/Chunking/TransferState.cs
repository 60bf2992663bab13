namespace SipPush.Msrp.Chunking;

/// <summary>Where an outgoing message stands.</summary>
internal enum TransferState : byte
{
    /// <summary>The session has no connection yet.</summary>
    Queued,

    /// <summary>In the queue of the scheduler.</summary>
    Ready,

    /// <summary>In the hands of the write loop.</summary>
    Writing,

    /// <summary>Its source has nothing at the moment.</summary>
    WaitingForData,

    /// <summary>The window of its session is full.</summary>
    WaitingForWindow,

    /// <summary>Its last chunk has been written; answers or reports may be due.</summary>
    Written,

    /// <summary>Nothing more is written of it.</summary>
    Ended,
}
