namespace SipPush.Sdp;

/// <summary>Why a media description has port 0 in an answer.</summary>
public enum LineRefusal
{
    /// <summary>It has not: it is taken.</summary>
    None,

    /// <summary>It has port 0 in the offer: the stream is over, or was never there.</summary>
    NotOffered,

    /// <summary>It is not MSRP, or what it says is not right: <see cref="NegotiatedLine.Fault"/>.</summary>
    Unusable,

    /// <summary>More sessions are offered than are taken.</summary>
    TooMany,

    /// <summary>TLS is offered, and not spoken here.</summary>
    TlsNotSpoken,

    /// <summary>TLS is not offered, and nothing else is spoken here.</summary>
    TlsRequired,

    /// <summary>No type is common, or that of the file is not taken.</summary>
    NoCommonType,

    /// <summary>The <c>c=</c> and <c>m=</c> lines and the path name different addresses, so a middlebox has changed one (RFC 6714 §4.3).</summary>
    AddressMismatch,

    /// <summary>Neither side can be connected to.</summary>
    Unreachable,

    /// <summary>The file is larger than what is taken.</summary>
    TooLarge,

    /// <summary>The range is not part of the file.</summary>
    BadRange,

    /// <summary>The transfer id is that of another file (RFC 5547 §8.1).</summary>
    TransferIdReused,

    /// <summary>The application has said no, or has no such file, now or when the transfer was new.</summary>
    Declined,

    /// <summary>The peer has refused it.</summary>
    ByPeer,

    /// <summary>The answer has no such media description.</summary>
    NotAnswered,
}
