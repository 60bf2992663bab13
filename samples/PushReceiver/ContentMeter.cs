namespace SipPush.Samples.PushReceiver;

/// <summary>Looks at a content while it goes by, and slows it down to a rate.</summary>
/// <param name="rate">Octets a second, at most; null for as fast as it comes.</param>
/// <param name="clock">What the rate is measured by.</param>
public sealed class ContentMeter(int? rate, TimeProvider clock)
{
    /// <summary>The most octets that <see cref="Beginning"/> has.</summary>
    public const int MostBeginning = 200;

    private readonly long _began = clock.GetTimestamp();

    /// <summary>The octets that have gone by.</summary>
    public long Bytes { get; private set; }

    /// <summary>The first of them.</summary>
    public ReadOnlyMemory<byte> Beginning { get; private set; }

    /// <summary>Takes the next of them, and is done when the rate allows more.</summary>
    public async ValueTask TakeAsync(ReadOnlyMemory<byte> octets, CancellationToken cancellationToken)
    {
        if (Beginning.Length < MostBeginning)
        {
            Beginning = (byte[])[.. Beginning.Span, .. octets.Span[..Math.Min(octets.Length, MostBeginning - Beginning.Length)]];
        }

        Bytes += octets.Length;
        if (rate is { } most && TimeSpan.FromSeconds((double)Bytes / most) - clock.GetElapsedTime(_began) is var ahead && ahead > TimeSpan.Zero)
        {
            await Task.Delay(ahead, clock, cancellationToken);
        }
    }
}
