namespace SipPush.Sdp;

/// <summary>What the application says to an offered MSRP session that could be taken.</summary>
public sealed record MediaDecision
{
    private MediaDecision()
    {
    }

    /// <summary>It is taken.</summary>
    public static MediaDecision Accept { get; } = new() { IsAccepted = true };

    /// <summary>It is refused: port 0.</summary>
    public static MediaDecision Refuse { get; } = new();

    /// <summary>Whether it is taken.</summary>
    public bool IsAccepted { get; private init; }

    /// <summary>The file that was asked for; null where none was.</summary>
    public FileTransfer? File { get; private init; }

    /// <summary>
    /// Sends the file that the offer asks for (RFC 5547 §8.3.2). Transfer id and range are those of the offer, whatever stands here; the
    /// selector should have the SHA-1 hash and may have the type.
    /// </summary>
    public static MediaDecision Send(FileTransfer file) => new() { IsAccepted = true, File = file ?? throw new ArgumentNullException(nameof(file)) };
}
