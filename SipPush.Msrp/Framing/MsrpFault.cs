namespace SipPush.Msrp.Framing;

/// <summary>What can be wrong with a frame. Those of the first group end the connection, since nobody knows where the next frame
/// begins; those of the second are answered with 400 where the frame can be answered, and the next frame is intact.</summary>
internal enum MsrpFault : byte
{
    None,

    // The stream can't be framed.
    NotMsrp,
    BadTransactionId,
    HeadTooLarge,
    TooManyHeaders,
    BareLineFeed,
    BodyTooLarge,

    // The frame has an end, but its head is not right.
    BadStartLine,
    MissingPath,
    MisplacedPath,
    DuplicateHeader,
    BadHeaderLine,
    BadByteRange,
    BadMessageId,
    MissingMessageId,
    BadStatus,
    BadReportMode,
    BodyWithoutContentType,
    ContentTypeWithoutBody,
}
