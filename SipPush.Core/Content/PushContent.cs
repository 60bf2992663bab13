using System.Runtime.InteropServices;
using System.Text;

namespace SipPush;

/// <summary>What an application hands over to be pushed: octets, from memory, a stream or a file, and their media type.</summary>
public sealed class PushContent
{
    private PushContent(ReadOnlyMemory<byte> bytes, string contentType)
    {
        Bytes = bytes;
        ContentType = contentType;
        Length = bytes.Length;
    }

    private PushContent(string contentType, long? length)
    {
        ContentType = contentType;
        Length = length;
    }

    /// <summary>The media type with its parameters, as it stands in a Content-Type header.</summary>
    public string ContentType { get; }

    /// <summary>The octets, when they are in memory; otherwise empty. Of <see cref="FromBytes"/> it is the caller's own memory.</summary>
    public ReadOnlyMemory<byte> Bytes { get; }

    /// <summary>How many octets there are; null when nobody knows before they have been read.</summary>
    public long? Length { get; }

    /// <summary>Whether the octets are in memory: only then can a MESSAGE carry them.</summary>
    public bool IsInMemory => Stream is null && FilePath is null;

    internal Stream? Stream { get; private init; }

    internal string? FilePath { get; private init; }

    /// <summary>Text, encoded as UTF-8.</summary>
    /// <exception cref="ArgumentException"><paramref name="contentType"/> is no media type, or names a charset that the
    /// UTF-8 octets of the text are not; or the text holds half a surrogate pair.</exception>
    public static PushContent FromText(string text, string contentType = "text/plain;charset=utf-8")
    {
        ArgumentNullException.ThrowIfNull(text);
        contentType = FieldText.CheckedMediaType(contentType, nameof(contentType));

        if (CharsetOf(contentType) is { Length: > 0 } charset
            && !charset.Equals("utf-8", StringComparison.OrdinalIgnoreCase)
            && !(charset.Equals("us-ascii", StringComparison.OrdinalIgnoreCase) && Ascii.IsValid(text)))
        {
            throw new ArgumentException($"Text is sent as UTF-8, which is not the charset of '{contentType}'", nameof(contentType));
        }

        try
        {
            return new PushContent(new UTF8Encoding(false, throwOnInvalidBytes: true).GetBytes(text), contentType);
        }
        catch (EncoderFallbackException e)
        {
            throw new ArgumentException("The text holds half a surrogate pair, which UTF-8 cannot carry", nameof(text), e);
        }
    }

    /// <summary>Octets as they are. The memory is not copied: it must not change until the push has ended.</summary>
    /// <exception cref="ArgumentException"><paramref name="contentType"/> is no media type.</exception>
    public static PushContent FromBytes(ReadOnlyMemory<byte> bytes, string contentType) =>
        new(bytes, FieldText.CheckedMediaType(contentType, nameof(contentType)));

    /// <summary>
    /// A stream from where it stands to its end, or so many octets of it; read while it is being sent, once. It is the caller's to close, after the push. Session mode only.
    /// </summary>
    /// <exception cref="ArgumentException"><paramref name="contentType"/> is no media type.</exception>
    public static PushContent FromStream(Stream stream, string contentType, long? length = null)
    {
        ArgumentNullException.ThrowIfNull(stream);
        if (length is { } given)
        {
            ArgumentOutOfRangeException.ThrowIfNegative(given, nameof(length));
        }

        return new(FieldText.CheckedMediaType(contentType, nameof(contentType)), length ?? (stream.CanSeek ? stream.Length - stream.Position : null)) { Stream = stream };
    }

    /// <summary>A file, opened when it is sent. Session mode only.</summary>
    /// <exception cref="ArgumentException"><paramref name="contentType"/> is no media type.</exception>
    /// <exception cref="IOException">There is no such file.</exception>
    public static PushContent FromFile(string path, string contentType)
    {
        var file = new FileInfo(path);
        return new(FieldText.CheckedMediaType(contentType, nameof(contentType)), file.Length) { FilePath = file.FullName };
    }

    /// <summary>What is in memory, as a stream that reads it where it is.</summary>
    internal static MemoryStream Open(ReadOnlyMemory<byte> bytes) => MemoryMarshal.TryGetArray(bytes, out var array) && array.Array is not null
        ? new MemoryStream(array.Array, array.Offset, array.Count, writable: false)
        : new MemoryStream(bytes.ToArray(), writable: false);

    /// <summary>What is in a file, or in memory, from its beginning; the stream is the caller's to close.</summary>
    internal Stream Open() => FilePath is { } path
        ? new FileStream(path, new FileStreamOptions { BufferSize = 0, Options = FileOptions.Asynchronous | FileOptions.SequentialScan, Share = FileShare.Read })
        : Open(Bytes);

    private static ReadOnlySpan<char> CharsetOf(ReadOnlySpan<char> contentType)
    {
        foreach (var range in contentType.Split(';'))
        {
            var parameter = contentType[range].Trim(" \t");
            var equals = parameter.IndexOf('=');

            if (equals > 0 && parameter[..equals].TrimEnd(" \t").Equals("charset", StringComparison.OrdinalIgnoreCase))
            {
                return parameter[(equals + 1)..].Trim(" \t\"");
            }
        }

        return default;
    }
}
