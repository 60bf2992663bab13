namespace SipPush.Sdp;

/// <summary>What can be wrong with an answer.</summary>
public enum AnswerFaultKind
{
    /// <summary>It has not as many media descriptions as the offer (RFC 3264 §6).</summary>
    OtherCount,

    /// <summary>The <c>t=</c> line is not that of the offer (RFC 3264 §6).</summary>
    OtherTime,

    /// <summary>The kind of media is another one.</summary>
    OtherMedia,

    /// <summary>The protocol is another one: TCP/MSRP for TCP/TLS/MSRP, for instance.</summary>
    OtherProtocol,

    /// <summary>No format is common.</summary>
    NoCommonFormat,

    /// <summary>A port other than 0 where the offer has 0 (RFC 3264 §8.2).</summary>
    PortWithoutOffer,

    /// <summary>The directions don't fit: sending only for sending only (RFC 3264 §6.1).</summary>
    WrongDirection,

    /// <summary>The setup role does not fit that of the offer (RFC 4145 §4.1).</summary>
    WrongSetup,

    /// <summary>It can't be spoken MSRP by: <see cref="AnswerFault.MediaFault"/>.</summary>
    UnusableMedia,

    /// <summary><c>msrp-cema</c> where the offer has none.</summary>
    CemaWithoutOffer,

    /// <summary>The file transfer id is missing or another one (RFC 5547 §8.1).</summary>
    OtherTransferId,

    /// <summary>The file selector is missing or that of another file.</summary>
    OtherFile,

    /// <summary>The range is missing or another one (RFC 5547 §8.3.1).</summary>
    OtherRange,

    /// <summary>An attribute that only the sender of a file may write (RFC 5547 §8.3.1).</summary>
    SenderAttribute,
}
