namespace SipPush.Sip;

/// <summary>A body and what it is: a session description, most of the time.</summary>
/// <param name="ContentType">Its media type, such as <c>application/sdp</c>.</param>
/// <param name="Octets">Its octets. They are read when the message is built.</param>
public readonly record struct SipBody(string ContentType, ReadOnlyMemory<byte> Octets)
{
    /// <summary>The body of a message; null when it has none. The octets are the message's own.</summary>
    public static SipBody? Of(SipMessage message)
    {
        ArgumentNullException.ThrowIfNull(message);
        return message.Body.IsEmpty ? null : new SipBody(message[SipHeaderNames.ContentType].ToString(), message.Body);
    }
}
