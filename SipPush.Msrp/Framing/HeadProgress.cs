namespace SipPush.Msrp.Framing;

/// <summary>How far <see cref="MsrpHead.Scan"/> has come.</summary>
internal enum HeadProgress : byte
{
    /// <summary>The head goes on behind what has come.</summary>
    Incomplete,

    /// <summary>All of it is there.</summary>
    Complete,

    /// <summary>The stream can't be framed.</summary>
    Broken,
}
