using System.IO.Pipelines;

namespace SipPush.Msrp;

/// <summary>A message to be sent: what it is, where its octets come from, and which answers are wanted.</summary>
public sealed record OutgoingMsrpMessage
{
    private OutgoingMsrpMessage(string contentType, object source, long? length)
    {
        ArgumentException.ThrowIfNullOrEmpty(contentType);
        ContentType = HeaderText.Checked(contentType);
        Source = source;
        Length = length;
    }

    /// <summary>The media type, with its parameters.</summary>
    public string ContentType { get; }

    /// <summary>Octets of the body, null when nobody knows before they have been read.</summary>
    public long? Length { get; }

    /// <summary>Identifies the message within the session, in all its chunks and reports; a random one when null. A message that is sent again after a loss keeps
    /// its own (RFC 4975 §5.4).</summary>
    public string? MessageId { get; init => field = value is null ? null : HeaderText.CheckedIdent(value); }

    /// <summary>Whether the far end is to report when it has the whole message; no by default. Then <see cref="MsrpSession.SendAsync"/> waits for the report.</summary>
    public bool SuccessReport { get; init; }

    /// <summary>Which answers are wanted; <see cref="FailureReportMode.Yes"/> by default.</summary>
    public FailureReportMode FailureReport { get; init; }

    /// <summary>How long to wait for the report once everything has been sent and answered; 120 s by default, <see cref="Timeout.InfiniteTimeSpan"/> for as long as the session lives.</summary>
    public TimeSpan ReportTimeout { get; init; } = TimeSpan.FromSeconds(120);

    /// <summary>Further headers of every chunk, such as Content-Disposition, in this order; none by default. Not those that the library writes itself.</summary>
    public IReadOnlyList<KeyValuePair<string, string>> Headers { get; init => field = HeaderText.Checked(value); } = [];

    /// <summary>Told of octets written, acknowledged and reported, one call at a time and none after the send has ended; null by default. What it takes, the end of the send waits for.</summary>
    public IProgress<MsrpProgress>? Progress { get; init; }

    internal object Source { get; }

    /// <summary>A message whose body is in memory. The memory must stay as it is until the send has ended.</summary>
    public static OutgoingMsrpMessage FromMemory(string contentType, ReadOnlyMemory<byte> body) => new(contentType, body, body.Length);

    /// <summary>A message read from a stream, from where it stands; the stream stays open. With <paramref name="length"/> exactly so many octets are taken, and a stream
    /// that ends before them aborts the message.</summary>
    public static OutgoingMsrpMessage FromStream(string contentType, Stream body, long? length = null)
    {
        ArgumentNullException.ThrowIfNull(body);
        if (length is < 0)
        {
            throw new ArgumentOutOfRangeException(nameof(length));
        }

        return new(contentType, body, length);
    }

    /// <summary>A message read from a pipe to its end. The reader is completed when the send has ended.</summary>
    public static OutgoingMsrpMessage FromPipe(string contentType, PipeReader body, long? length = null)
    {
        ArgumentNullException.ThrowIfNull(body);
        if (length is < 0)
        {
            throw new ArgumentOutOfRangeException(nameof(length));
        }

        return new(contentType, body, length);
    }

    /// <summary>A message read from a file, which is opened when sending begins and closed when it has ended.</summary>
    /// <exception cref="IOException">The file can't be looked at.</exception>
    public static OutgoingMsrpMessage FromFile(string contentType, string path) => new(contentType, new FileInfo(path), new FileInfo(path).Length);
}
