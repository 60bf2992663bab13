using System.Security.Cryptography;

namespace SipPush.Samples.PushReceiver;

/// <summary>Copies a content to where it is to go and hashes it on the way: however large it is, it is read once and never held whole.</summary>
/// <param name="content">The content.</param>
/// <param name="rate">Octets a second, at most; null for as fast as it comes.</param>
/// <param name="clock">What the rate is measured by.</param>
public sealed class ContentCopy(Stream content, int? rate, TimeProvider clock)
{
    /// <summary>The most octets that <see cref="Beginning"/> has.</summary>
    public const int MostBeginning = 200;

    private const int LargestRead = 256 * 1024;

    /// <summary>The octets that were copied.</summary>
    public long Bytes { get; private set; }

    /// <summary>Their SHA-256 in lower-case hexadecimal; empty before all have been.</summary>
    public string Sha256 { get; private set; } = "";

    /// <summary>The first of them.</summary>
    public ReadOnlyMemory<byte> Beginning { get; private set; }

    /// <summary>Copies all of it.</summary>
    /// <exception cref="IOException">It did not come whole, or can't be written.</exception>
    public async Task RunAsync(Stream destination, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(destination);
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        var buffer = new byte[rate is { } limit ? Math.Clamp(limit / 10, 1, LargestRead) : LargestRead];
        var began = clock.GetTimestamp();

        while (await content.ReadAsync(buffer, cancellationToken) is > 0 and var read)
        {
            var octets = buffer.AsMemory(0, read);
            if (Beginning.Length < MostBeginning)
            {
                Beginning = (byte[])[.. Beginning.Span, .. octets.Span[..Math.Min(read, MostBeginning - Beginning.Length)]];
            }

            // Hashed while it is being written.
            var writing = destination.WriteAsync(octets, cancellationToken);
            hash.AppendData(octets.Span);
            await writing;
            Bytes += read;

            if (rate is { } most && TimeSpan.FromSeconds((double)Bytes / most) - clock.GetElapsedTime(began) is var ahead && ahead > TimeSpan.Zero)
            {
                await Task.Delay(ahead, clock, cancellationToken);
            }
        }

        Sha256 = Convert.ToHexStringLower(hash.GetCurrentHash());
    }
}
