using SipPush.Msrp;
using SipPush.Sip;

namespace SipPush;

/// <summary>Reads what a message of a session begins with: the envelope, if it has one. The content behind it is left to the application.</summary>
internal static class ContentReader
{
    /// <summary>The push that a message brings; null, and its sender is told, when it is of a type that is not taken, or its envelope can't be read.</summary>
    /// <exception cref="IOException">The message ended before its envelope did.</exception>
    public static async ValueTask<IncomingPush?> ReadAsync(IncomingMsrpMessage message, PushOffer offer, MessageReader reader, bool isTrusted, bool lenient)
    {
        var contentType = message.ContentType;
        PushMessage? envelope = null;
        var length = message.AnnouncedLength ?? -1;
        if (MediaType.TryParse(contentType, out var type) && type.Is(PushMessage.MediaType))
        {
            if (await EnvelopeReader.ReadAsync(message.Body, lenient).ConfigureAwait(false) is not var (read, octets))
            {
                message.Report(MsrpStatus.UnsupportedMediaType);
                return null;
            }

            envelope = read;
            contentType = read.ContentType;
            length = length < 0 ? length : length - octets;
        }

        if (!reader.Takes(contentType))
        {
            message.Report(MsrpStatus.UnsupportedMediaType);
            return null;
        }

        var flags = envelope?.Flags ?? PushFlags.None;
        return new IncomingPush(
            offer with
            {
                ContentType = contentType,
                Length = length,
                Envelope = envelope,
                Flags = isTrusted ? flags : flags.WithoutTrust(),
            },
            message,
            message.AsStream());
    }
}
