namespace SipPush.Sdp;

/// <summary>How large a session description may be. What is larger is refused before anything is made of it.</summary>
public sealed record SdpLimits
{
    internal static SdpLimits Default { get; } = new();

    /// <summary>Octets of the whole. 65,536 unless set.</summary>
    public int MaxLength { get; init; } = 64 * 1024;

    /// <summary>Lines of the whole. 2,000 unless set.</summary>
    public int MaxLines { get; init; } = 2_000;

    /// <summary>Media descriptions. 64 unless set.</summary>
    public int MaxMedia { get; init; } = 64;
}
