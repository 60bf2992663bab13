namespace SipPush.Msrp.Connections;

/// <summary>Why the reader stopped where it is.</summary>
internal enum ReadStep : byte
{
    /// <summary>Nothing stops it.</summary>
    Next,

    /// <summary>The SEND at hand is for a session that has not been told of its far end yet.</summary>
    WaitForStart,

    /// <summary>The application has to take a message first.</summary>
    WaitForApplication,

    /// <summary>The stream can't be read any further.</summary>
    Fail,
}
