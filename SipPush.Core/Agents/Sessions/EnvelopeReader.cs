using System.Buffers;
using System.IO.Pipelines;

namespace SipPush;

/// <summary>Reads the envelope that a content of a session begins with, in whatever pieces it comes; the content behind it is left where it is.</summary>
internal static class EnvelopeReader
{
    // Every field may be folded and of its full length; nobody needs so much.
    private const int Longest = 64 * 1024;

    /// <summary>The envelope, and the octets that it had; null when it can't be read.</summary>
    /// <param name="body">Is left at the first octet of the content.</param>
    /// <param name="lenient">As in <see cref="PushMessage.TryRead"/>.</param>
    /// <exception cref="IOException">The body ended before it was whole.</exception>
    public static async ValueTask<(PushMessage Envelope, int Octets)?> ReadAsync(PipeReader body, bool lenient)
    {
        var search = default(Search);
        while (true)
        {
            var result = await body.ReadAsync().ConfigureAwait(false);
            var buffer = result.Buffer;
            if (search.TryFind(buffer, lenient, result.IsCompleted || buffer.Length > Longest, out var end))
            {
                // XML without an envelope is known by its first octet.
                var head = end == 0 ? "<"u8.ToArray() : buffer.Slice(0, end).ToArray();
                var error = PushMessage.TryReadHead(head, lenient, out var envelope);
                body.AdvanceTo(error == PushMessageError.None ? buffer.GetPosition(end) : buffer.Start);
                return error == PushMessageError.None ? (envelope!, (int)end) : null;
            }

            if (result.IsCompleted || buffer.Length > Longest)
            {
                body.AdvanceTo(buffer.Start);
                return null;
            }

            body.AdvanceTo(buffer.Start, buffer.End);
        }
    }

    /// <summary>Looks for the end of the envelope, and at no octet twice.</summary>
    private struct Search
    {
        private long _blank;
        private long _searched;
        private long _line;
        private bool _isEnvelope;

        /// <param name="buffer">Everything that has come.</param>
        /// <param name="lenient">Whether XML may stand where the envelope is due, and lines end in LF alone.</param>
        /// <param name="isAll">Whether no more is waited for.</param>
        /// <param name="end">Octets up to and with the empty line; 0 when there is XML instead.</param>
        public bool TryFind(in ReadOnlySequence<byte> buffer, bool lenient, bool isAll, out long end)
        {
            end = 0;
            if (lenient && !_isEnvelope)
            {
                var start = new SequenceReader<byte>(buffer.Slice(_blank));
                _blank += start.AdvancePastAny((byte)' ', (byte)'\t', (byte)'\r', (byte)'\n');
                if (!start.TryPeek(out var first) && !isAll)
                {
                    return false;
                }

                if (first == '<')
                {
                    return true;
                }
            }

            _isEnvelope = true;
            while (buffer.Slice(_searched).PositionOf((byte)'\n') is { } at)
            {
                _searched = buffer.Slice(0, at).Length + 1;
                var length = _searched - _line;
                if (length == 1 ? lenient : length == 2 && buffer.Slice(_line).FirstSpan[0] == '\r')
                {
                    end = _searched;
                    return true;
                }

                _line = _searched;
            }

            _searched = buffer.Length;
            return false;
        }
    }
}
