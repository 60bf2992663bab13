namespace SipPush.Sdp;

/// <summary>What an offer and its answer have made of one media description.</summary>
public sealed record NegotiatedLine
{
    /// <summary>Its number, from 0.</summary>
    public required int Index { get; init; }

    /// <summary>Why there is no session; <see cref="LineRefusal.None"/> when there is one.</summary>
    public LineRefusal Refusal { get; init; }

    /// <summary>What is wrong with the peer's description when it is <see cref="LineRefusal.Unusable"/>.</summary>
    public MessageMediaFault Fault { get; init; }

    /// <summary>What the own description says; null when it is refused or not MSRP.</summary>
    public MessageMedia? Local { get; init; }

    /// <summary>What the peer's description says; null when it can't be read.</summary>
    public MessageMedia? Remote { get; init; }

    /// <summary>Who connects, where to, and what may be sent; null when it is refused.</summary>
    public MessageRoute? Route { get; init; }

    /// <summary>Whether the file transfer is new; only in what an answerer makes of an offer.</summary>
    public FileTransferNovelty Novelty { get; init; }

    /// <summary>Whether there is a session.</summary>
    public bool IsAccepted => Refusal == LineRefusal.None;
}
