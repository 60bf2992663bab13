namespace SipPush.Msrp.Framing;

/// <summary>What the next octets of a connection belong to.</summary>
internal enum MsrpFramePhase : byte
{
    /// <summary>A head, or what may stand before it. The head of the frame before is still to be seen.</summary>
    Between,

    /// <summary>As before, but that head is gone.</summary>
    Head,

    Body,

    /// <summary>An end-line that has been found already.</summary>
    End,

    /// <summary>Nothing: the stream can't be framed any further.</summary>
    Broken,
}
