using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using SipPush.Msrp;

namespace SipPush;

/// <summary>What a <see cref="PushInbox"/> takes.</summary>
public sealed record PushInboxOptions
{
    /// <summary>Octets in the folder, files that are still coming among them; default 10 GiB.</summary>
    public long MaximumBytes { get; init; } = 10L << 30;

    /// <summary>Files in the folder; default 10,000.</summary>
    public int MaximumFiles { get; init; } = 10_000;

    /// <summary>Octets of a file's name in UTF-8, its extension among them; default 150. Longer names are cut before the extension.</summary>
    public int MaximumNameLength
    {
        get;
        init
        {
            ArgumentOutOfRangeException.ThrowIfLessThan(value, 32);
            ArgumentOutOfRangeException.ThrowIfGreaterThan(value, 240);
            field = value;
        }
    } = 150;

    /// <summary>How long what has come of a file that broke off is kept, so that its sender can go on from there; default 1 day, zero keeps nothing. Room that is needed is taken from them first.</summary>
    public TimeSpan KeepPartial { get; init; } = TimeSpan.FromDays(1);

    /// <summary>Whether SHA-256 is computed of every file, so of one that another hash was announced of too, which is then hashed by both. Default false.</summary>
    public bool AlwaysSha256 { get; init; }

    /// <summary>Whether a file is on the disk, not in the system's cache, before it gets its name; default false.</summary>
    public bool FlushToDisk { get; init; }

    /// <summary>Retry-After of an offer for which there is no room now; default 60 s.</summary>
    public TimeSpan RetryAfter { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>The clock; the system's by default.</summary>
    public TimeProvider TimeProvider { get; init; } = TimeProvider.System;

    /// <summary>Where it logs; nowhere by default.</summary>
    public ILoggerFactory LoggerFactory { get; init; } = NullLoggerFactory.Instance;

    /// <summary>Puts a disk of a test in front of the real one.</summary>
    internal Func<MsrpSink, MsrpSink>? Disk { get; init; }
}
