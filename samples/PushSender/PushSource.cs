using System.Security.Cryptography;

namespace SipPush.Samples.PushSender;

/// <summary>What one push sends, opened for it: from memory what a MESSAGE may have to carry, anything else as a stream that is hashed while it is sent.</summary>
public sealed class PushSource : IDisposable
{
    // No MESSAGE carries more, whatever is round it.
    private const int LargestInMemory = 64 * 1024;

    private readonly HashingStream? _stream;

    private PushSource(PushContent content, HashingStream? stream)
    {
        Content = content;
        _stream = stream;
    }

    /// <summary>The content.</summary>
    public PushContent Content { get; }

    /// <summary>Its SHA-256 in lower-case hexadecimal; null when it was not read to its end.</summary>
    public string? Sha256 => _stream is null ? Convert.ToHexStringLower(SHA256.HashData(Content.Bytes.Span))
        : _stream.Count == Content.Length ? _stream.Sha256
        : null;

    /// <summary>Opens what the settings name.</summary>
    /// <exception cref="SampleException">There is no such file, it is too large for the mode, or what it is said to be is no media type.</exception>
    public static async Task<PushSource> OpenAsync(SenderSettings settings, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(settings);
        try
        {
            if (settings.Text is { } text)
            {
                return Of(settings.ContentType is { } type ? PushContent.FromText(text, type) : PushContent.FromText(text), settings.Mode);
            }

            var file = settings.File!;
            var contentType = settings.ContentType ?? ContentTypes.Of(file);
            var stream = ContentFile.Open(file);
            if (stream.Length > LargestInMemory)
            {
                if (settings.Mode == SenderMode.Message)
                {
                    var length = stream.Length;
                    await stream.DisposeAsync();
                    throw new SampleException($"{file} has {length} octets, which no MESSAGE can carry", SampleExit.Usage);
                }

                return Of(stream, stream.Length, contentType);
            }

            await using (stream)
            {
                var octets = new byte[stream.Length];
                await stream.ReadExactlyAsync(octets, cancellationToken);
                return Of(PushContent.FromBytes(octets, contentType), settings.Mode);
            }
        }
        catch (Exception problem) when (problem is IOException or UnauthorizedAccessException or ArgumentException)
        {
            throw new SampleException(problem.Message, SampleExit.Usage);
        }
    }

    /// <summary>Closes the file.</summary>
    public void Dispose() => _stream?.Dispose();

    // A stream always goes in a session.
    private static PushSource Of(PushContent content, SenderMode mode) => mode == SenderMode.Session
        ? Of(new MemoryStream(content.Bytes.ToArray(), writable: false), content.Bytes.Length, content.ContentType)
        : new PushSource(content, null);

    private static PushSource Of(Stream stream, long length, string contentType)
    {
        var hashing = new HashingStream(stream);
        return new PushSource(PushContent.FromStream(hashing, contentType, length), hashing);
    }
}
