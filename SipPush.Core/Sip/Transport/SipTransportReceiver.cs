namespace SipPush.Sip;

/// <summary>
/// What a <see cref="SipTransport"/> reports to. Calls come on the transport's own threads, on several at once for
/// different flows (and on UDP for one flow too), and must not throw or block.
/// </summary>
public abstract class SipTransportReceiver
{
    /// <summary>One whole message has come. <paramref name="message"/> is borrowed: valid until the call returns.</summary>
    public abstract void Received(SipFlow flow, ReadOnlySpan<byte> message);

    /// <summary>
    /// A stream can't be framed any further. <paramref name="head"/> holds what there is of the message, borrowed until the call
    /// returns. The transport closes the flow after this call; an answer sent from within it is still written.
    /// </summary>
    public abstract void Unframeable(SipFlow flow, ReadOnlySpan<byte> head, SipFramingError error);

    /// <summary>A connection has ended, by either side. <paramref name="reason"/> is null when it was closed in order.</summary>
    public abstract void Closed(SipFlow flow, Exception? reason);
}

/// <summary>Why a stream can't be cut into messages (RFC 3261 §18.3); the connection does not survive any of them.</summary>
public enum SipFramingError
{
    /// <summary>The header section has no Content-Length: 400.</summary>
    MissingContentLength,

    /// <summary>Content-Length is not a number, or two of them disagree: 400.</summary>
    InvalidContentLength,

    /// <summary>The header section is longer than the limit: 513.</summary>
    HeaderSectionTooLarge,

    /// <summary>The announced body is longer than the limit: 413.</summary>
    BodyTooLarge,
}
