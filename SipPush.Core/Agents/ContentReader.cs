using System.Buffers;
using System.IO.Pipelines;
using SipPush.Msrp;
using SipPush.Sip;

namespace SipPush;

/// <summary>Reads what a message of a session begins with: the envelope, if it has one. The content behind it is left to the application.</summary>
internal static class ContentReader
{
    // Every field may be folded and of its full length; nobody needs so much.
    public const int LongestEnvelope = 64 * 1024;

    /// <summary>The push that a message brings; null, and its sender is told, when it is of a type that is not taken, its envelope can't be read, or its content is too large.</summary>
    /// <exception cref="IOException">The message ended before its envelope did.</exception>
    public static async ValueTask<IncomingPush?> ReadAsync(IncomingMsrpMessage message, PushOffer offer, MessageReader reader, bool isTrusted, bool lenient)
    {
        var contentType = message.ContentType;
        PushMessage? envelope = null;
        var length = message.AnnouncedLength ?? -1;
        if (MediaType.TryParse(contentType, out var type) && type.Is(PushMessage.MediaType))
        {
            if (await ReadEnvelopeAsync(message.Body, lenient).ConfigureAwait(false) is not var (read, octets))
            {
                message.Report(MsrpStatus.UnsupportedMediaType);
                return null;
            }

            envelope = read;
            contentType = read.ContentType;
            length = length < 0 ? length : length - octets;
        }

        if (!reader.Takes(contentType) || length > reader.MaxSize)
        {
            message.Report(length > reader.MaxSize ? MsrpStatus.MessageTooLarge : MsrpStatus.UnsupportedMediaType);
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

    private static async ValueTask<(PushMessage Envelope, int Octets)?> ReadEnvelopeAsync(PipeReader body, bool lenient)
    {
        while (true)
        {
            var result = await body.ReadAsync().ConfigureAwait(false);
            var buffer = result.Buffer;
            if (EndOf(buffer, lenient) is { } end)
            {
                var head = buffer.Slice(0, end).ToArray();
                var error = PushMessage.TryRead(head, lenient: true, out var envelope);
                body.AdvanceTo(error == PushMessageError.None ? buffer.GetPosition(end) : buffer.Start);
                return error == PushMessageError.None ? (envelope!, (int)end) : null;
            }

            if (result.IsCompleted || buffer.Length > LongestEnvelope)
            {
                body.AdvanceTo(buffer.Start);
                return null;
            }

            body.AdvanceTo(buffer.Start, buffer.End);
        }
    }

    // Octets up to and with the empty line; null when it is not here yet.
    private static long? EndOf(in ReadOnlySequence<byte> buffer, bool lenient)
    {
        var reader = new SequenceReader<byte>(buffer);
        while (reader.TryReadTo(out ReadOnlySequence<byte> line, (byte)'\n'))
        {
            if (line.IsEmpty ? lenient : line.Length == 1 && line.FirstSpan[0] == '\r')
            {
                return reader.Consumed;
            }
        }

        return null;
    }
}
