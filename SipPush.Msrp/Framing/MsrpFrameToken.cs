namespace SipPush.Msrp.Framing;

/// <summary>What <see cref="MsrpFrameReader.Read"/> has found.</summary>
internal enum MsrpFrameToken : byte
{
    None,

    /// <summary>A whole head.</summary>
    Head,

    /// <summary>Octets of the body, in order.</summary>
    Body,

    /// <summary>The end-line, with its flag.</summary>
    End,
}
