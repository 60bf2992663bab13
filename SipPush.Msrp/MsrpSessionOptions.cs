namespace SipPush.Msrp;

/// <summary>How a session sends and what it takes.</summary>
public sealed record MsrpSessionOptions
{
    /// <summary>Media types that are taken, such as <c>text/plain</c>, <c>text/*</c> or <c>*</c>; all by default. Others get 415. multipart/mixed and
    /// multipart/alternative are always taken (RFC 4975 §7.3.1).</summary>
    public IReadOnlyList<string> AcceptTypes { get; init; } = ["*"];

    /// <summary>The largest message that is taken, in octets; 256 MiB by default. Larger ones get 413.</summary>
    public long MaxSize { get; init => field = Positive(value); } = 256L << 20;

    /// <summary>Octets after which a chunk is ended and another begun; 256 KiB by default, at most half of <see cref="Window"/>. Chunks above 2,048 octets can be interrupted
    /// anywhere, so a large one costs nobody his turn.</summary>
    public int ChunkSize { get; init => field = (int)Positive(value); } = 256 * 1024;

    /// <summary>Octets that may be unanswered at once; 4 MiB by default.</summary>
    public int Window { get; init => field = (int)Positive(value); } = 4 * 1024 * 1024;

    /// <summary>Whether chunks are sent before earlier ones have been answered; yes by default. Without it there is one unanswered chunk at a time, as in the printed flows.</summary>
    public bool Pipelining { get; init; } = true;

    /// <summary>When a success report that was asked for is sent.</summary>
    public MsrpReportTiming ReportTiming { get; init; }

    /// <summary>Octets after which a message that is still coming is reported as far as it has come, when success reports are asked for; null by default: one
    /// report, at its end.</summary>
    public long? ReportEvery { get; init => field = value is { } octets ? Positive(octets) : null; }

    /// <summary>Gives the sink for a message that goes to a random-access target, or null for one that is read as a stream. Called when its first chunk has begun, on the
    /// thread of the connection: it must not block, and only what describes the message can be asked of it yet. What it throws ends the message with 413. Null by default: all are read as streams.</summary>
    public Func<IncomingMsrpMessage, MsrpSink?>? OpenSink { get; init; }

    /// <summary>Where a message goes that is read as a stream, and more slowly than <see cref="MsrpLimits.MinimumReaderRate"/>; null by default: it is ended with 413.</summary>
    public MsrpSpillOptions? Spill { get; init; }

    /// <summary>Whether the session id alone finds the session, whatever host and port its URI names, for middleboxes that rewrite SDP without MSRP; not by default
    /// (RFC 4975 §6.1 compares the whole URI).</summary>
    public bool MatchSessionIdOnly { get; init; }

    private static long Positive(long value)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(value, 1);
        return value;
    }
}
