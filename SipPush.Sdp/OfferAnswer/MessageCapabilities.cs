namespace SipPush.Sdp;

/// <summary>What one side can do with MSRP, from which its offers and answers are made.</summary>
public sealed record MessageCapabilities
{
    /// <summary>The <c>o=</c> line of a first description; <see cref="OfferAnswerExchange"/> counts its version afterwards.</summary>
    public required Origin Origin { get; init; }

    /// <summary>Content that is taken. An answerer refuses an offer that has no type in common with it (RFC 4975 §8.6).</summary>
    public required AcceptTypes AcceptTypes { get; init; }

    /// <summary>Content that is taken inside a container of <see cref="AcceptTypes"/> only; null for none.</summary>
    public AcceptTypes? AcceptWrappedTypes { get; init; }

    /// <summary>
    /// Makes the path of a new MSRP session: the own URI, last, with relays before it (RFC 4976). It is given the number of the media
    /// description, from 0, and whether TLS is spoken, which decides between <c>msrp</c> and <c>msrps</c>. The session id is random, 80 bits
    /// at least, and no other session has it (RFC 4975 §14.1). Where only connections are opened, port 9 takes the place of the port.
    /// </summary>
    public required Func<int, bool, IReadOnlyList<PathUri>> NewPath { get; init; }

    /// <summary>Octets of a message that is taken; null for no limit. A larger file is refused.</summary>
    public long? MaxSize { get; init; }

    /// <summary>Which way messages may go. Both, unless set.</summary>
    public MediaDirection Direction { get; init; } = MediaDirection.SendReceive;

    /// <summary>Whether the peer can connect here, directly or to a relay. True unless set; then the own address is global, or the peer is near.</summary>
    public bool IsReachable { get; init; } = true;

    /// <summary>Whether middleboxes may anchor the connection (RFC 6714). False unless set.</summary>
    public bool SupportsCema { get; init; }

    /// <summary>Whether TLS is spoken. Never, unless set.</summary>
    public TlsUse Tls { get; init; }

    /// <summary>The fingerprints of the own certificate: <see cref="Fingerprint.Of"/>. None where a name in it is what the peer checks.</summary>
    public IReadOnlyList<Fingerprint> Fingerprints { get; init; } = [];

    /// <summary>How many MSRP sessions are taken in one answer; the others have port 0. 16 unless set.</summary>
    public int MaxSessions { get; init; } = 16;

    /// <summary>The status of an offer of which nothing is taken: 488, or 606 where no other device of the user would take it. 488 unless set.</summary>
    public int RefusalStatus { get; init; } = 488;

    /// <summary>
    /// Says what becomes of an offered session that could be taken, by the number of its media description, from 0; all are taken where
    /// this is null, but no file is sent. It is not asked for a transfer that is already known.
    /// </summary>
    public Func<int, MessageMedia, MediaDecision>? Decide { get; init; }

    /// <summary>
    /// Says whether two hosts that are written differently, and of which one is a name, are the same: have an address in common (RFC 6714
    /// §4.4). Where this is null they are taken for the same.
    /// </summary>
    public Func<string, string, bool>? IsSameHost { get; init; }
}
