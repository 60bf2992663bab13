namespace SipPush.Msrp.Connections;

/// <summary>What a connection waits for while it reads.</summary>
internal enum ReadPhase : byte
{
    /// <summary>For the next frame.</summary>
    Idle,

    /// <summary>For the rest of a head.</summary>
    Head,

    /// <summary>For the rest of a body.</summary>
    Body,

    /// <summary>For this end: a reader, the application, or its own responses.</summary>
    Suspended,
}
