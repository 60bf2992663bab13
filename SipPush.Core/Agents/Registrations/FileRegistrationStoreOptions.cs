using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace SipPush;

/// <summary>How a <see cref="FileRegistrationStore"/> writes its file, and its limits.</summary>
public sealed record FileRegistrationStoreOptions
{
    /// <summary>
    /// How long what has been written may wait for the disk; default 1 s. A record goes to the operating system at once, so the end of
    /// the process, even by a signal, loses nothing that was written; a power cut loses up to this time. Zero has every change on the
    /// disk before the REGISTER is answered, many at once where many come at once: the answer then takes as long as the disk does.
    /// </summary>
    public TimeSpan FlushInterval { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>The registrations kept; over it a new one is answered 503. Default 1,000,000.</summary>
    public int MaximumRegistrations { get; init; } = 1_000_000;

    /// <summary>The changes that wait to be written; over it who makes one waits until there is room. Default 65,536.</summary>
    public int MaximumWaiting { get; init; } = 65_536;

    /// <summary>
    /// The octets a record may have, default 262,144. A larger registration, whose service information is large, is kept in memory
    /// only, and a larger record in the file is passed over.
    /// </summary>
    public int MaximumRecord { get; init; } = 262_144;

    /// <summary>The file is written anew when it has more than this many times as many records as there are registrations; default 2, at least 1.1.</summary>
    public double CompactionRatio { get; init; } = 2;

    /// <summary>The octets the file must have before it is written anew; default 1,048,576.</summary>
    public long CompactionSize { get; init; } = 1_048_576;

    /// <summary>The clock of the flushes; default the system's.</summary>
    public TimeProvider TimeProvider { get; init; } = TimeProvider.System;

    /// <summary>Where damage and failures are told; default nowhere.</summary>
    public ILoggerFactory LoggerFactory { get; init; } = NullLoggerFactory.Instance;

    /// <summary>What stands between the store and each file it writes; a flush of another stream than the file's own has to reach the disk.</summary>
    internal Func<FileStream, Stream> Open { get; init; } = file => file;

    internal void Check()
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(FlushInterval, TimeSpan.Zero);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(FlushInterval, TimeSpan.FromDays(1));
        ArgumentOutOfRangeException.ThrowIfLessThan(MaximumRegistrations, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(MaximumWaiting, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(MaximumRecord, 1_024);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(MaximumRecord, 16_777_216);
        ArgumentOutOfRangeException.ThrowIfLessThan(CompactionRatio, 1.1);
        ArgumentOutOfRangeException.ThrowIfNegative(CompactionSize);
        ArgumentNullException.ThrowIfNull(TimeProvider);
        ArgumentNullException.ThrowIfNull(LoggerFactory);
    }
}
