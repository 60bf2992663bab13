using System.Runtime.CompilerServices;
using System.Threading.Channels;
using Microsoft.Extensions.Logging;
using SipPush.Diagnostics;
using SipPush.Sip;

namespace SipPush;

/// <summary>
/// Keeps registrations in memory and in one file, so that a sender that is started again knows who is reachable. The application opens
/// it, before the stack listens, and disposes it after the agent; the agent does not. One process at a time, one store for a file.
/// </summary>
/// <remarks>
/// <para>
/// The file is a log: a header line, then one line of JSON with a checksum for each change, the last of a user being the one that counts. When
/// more of it is dead than alive it is written anew as <c>FILE.new</c>, flushed, and renamed over the old one. Only the user it runs as
/// may read what it makes; a file that was there before keeps its mode until it is written anew.
/// </para>
/// <para>
/// After a crash the record that was being written is cut off when the file is opened. A record that is damaged anywhere else is passed over
/// with a warning: what comes after it is newer and proves itself, so the most that damage does is that the user it was about is known as he
/// was before, until that lapses. Both are logged. Nothing is loaded that was not written.
/// </para>
/// <para>
/// A disk that is full or fails is logged and stops nobody: the registrations in memory go on, and every 10 s, and on disposal, the file is
/// tried to be written anew from them, for which there must be room beside the old one.
/// </para>
/// </remarks>
public sealed class FileRegistrationStore : RegistrationStore, IAsyncDisposable
{
    private const int LargestBatch = 4_096;
    private static readonly TimeSpan RetryDelay = TimeSpan.FromSeconds(10);

    private readonly string _path;
    private readonly FileRegistrationStoreOptions _options;
    private readonly ILogger _logger;
    private readonly MemoryRegistrationStore _memory;
    private readonly RegistrationLog _log;
    private readonly CancellationTokenSource _stopping = new();

    // Only of whom something has changed: what is written is how he is known when his turn comes, so whoever changed it last wins in both places.
    private readonly Channel<(SipUri? Aor, TaskCompletionSource? Done)> _changes;
    private readonly HashSet<SipUri> _batch = [];
    private readonly List<TaskCompletionSource> _done = [];
    private readonly Task _writing;
    private long _compactionSize;
    private bool _unflushed;
    private bool _behind;
    private int _disposed;

    private FileRegistrationStore(string path, FileRegistrationStoreOptions options, ILogger logger, MemoryRegistrationStore memory, RegistrationLog log)
    {
        _path = path;
        _options = options;
        _logger = logger;
        _memory = memory;
        _log = log;
        _compactionSize = options.CompactionSize;
        _changes = Channel.CreateBounded<(SipUri?, TaskCompletionSource?)>(new BoundedChannelOptions(options.MaximumWaiting) { SingleReader = true });
        _writing = Task.Run(WriteAsync);
    }

    /// <summary>Opens the file and reads it; makes it where there is none.</summary>
    /// <param name="path">The file; its folder must be there. Beside it, the same name with <c>.new</c> is the store's as well.</param>
    /// <param name="options">How it writes; null for the defaults.</param>
    /// <param name="cancellationToken">Ends the reading.</param>
    /// <exception cref="IOException">The file can't be read or made, or another store, in this process or another, has it open.</exception>
    /// <exception cref="UnauthorizedAccessException">The file may not be read and written.</exception>
    /// <exception cref="InvalidDataException">The file is something else, or of a later version; it is left as it is.</exception>
    public static async ValueTask<FileRegistrationStore> OpenAsync(
        string path, FileRegistrationStoreOptions? options = null, CancellationToken cancellationToken = default)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        options ??= new FileRegistrationStoreOptions();
        options.Check();

        var logger = options.LoggerFactory.CreateLogger(SipPushTelemetry.PushCategory);
        var memory = new MemoryRegistrationStore(options.MaximumRegistrations);
        var noRoom = 0;
        var log = await RegistrationLog.OpenAsync(
            path,
            options,
            (aor, registration) =>
            {
                if (registration is null)
                {
                    memory.Remove(aor);
                }
                else if (!memory.TrySet(registration))
                {
                    noRoom++;
                }
            },
            cancellationToken).ConfigureAwait(false);

        Tell(logger, path, log, noRoom);
        PushLog.RegistrationsRead(logger, memory.Count, path);
        return new FileRegistrationStore(path, options, logger, memory, log);
    }

    /// <inheritdoc/>
    public override ValueTask<PushRegistration?> FindAsync(SipUri aor, CancellationToken cancellationToken) => _memory.FindAsync(aor, cancellationToken);

    /// <inheritdoc/>
    public override async ValueTask<bool> SetAsync(PushRegistration registration, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(registration);
        ObjectDisposedException.ThrowIf(_disposed != 0, this);
        cancellationToken.ThrowIfCancellationRequested();

        if (!_memory.TrySet(registration))
        {
            return false;
        }

        await HaveWrittenAsync(registration.Aor).ConfigureAwait(false);
        return true;
    }

    /// <inheritdoc/>
    public override ValueTask RemoveAsync(SipUri aor, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(aor);
        ObjectDisposedException.ThrowIf(_disposed != 0, this);
        cancellationToken.ThrowIfCancellationRequested();

        return _memory.Remove(aor) ? HaveWrittenAsync(aor) : ValueTask.CompletedTask;
    }

    /// <inheritdoc/>
    public override async IAsyncEnumerable<PushRegistration> ListAsync([EnumeratorCancellation] CancellationToken cancellationToken)
    {
        await foreach (var registration in _memory.ListAsync(cancellationToken).ConfigureAwait(false))
        {
            yield return registration;
        }
    }

    /// <summary>Writes what is not written, has it on the disk and closes the file.</summary>
    public async ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref _disposed, 1) == 0)
        {
            _changes.Writer.TryComplete();
        }

        await _writing.ConfigureAwait(false);
    }

    /// <summary>Has everything until now on the disk, or the attempt behind it.</summary>
    internal async ValueTask FlushAsync()
    {
        var done = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await _changes.Writer.WriteAsync((null, done)).ConfigureAwait(false);
        await done.Task.ConfigureAwait(false);
    }

    // Not to be cancelled: memory says it already. The wait ends, because the writing task takes changes also when it can't write them.
    private async ValueTask HaveWrittenAsync(SipUri aor)
    {
        var done = _options.FlushInterval == TimeSpan.Zero ? new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously) : null;
        try
        {
            await _changes.Writer.WriteAsync((aor, done)).ConfigureAwait(false);
        }
        catch (ChannelClosedException)
        {
            throw new ObjectDisposedException(nameof(FileRegistrationStore));
        }

        if (done is not null)
        {
            await done.Task.ConfigureAwait(false);
        }
    }

    private async Task WriteAsync()
    {
        var arrived = _changes.Reader.WaitToReadAsync().AsTask();
        Task? due = null;

        while (true)
        {
            await Task.WhenAny(arrived, due ?? arrived).ConfigureAwait(false);

            if (arrived.IsCompleted)
            {
                if (!await arrived.ConfigureAwait(false))
                {
                    break;
                }

                WriteBatch();
                arrived = _changes.Reader.WaitToReadAsync().AsTask();
            }

            if (due is { IsCompleted: true })
            {
                Save();
                due = null;
            }

            if (due is null && (_unflushed || _behind))
            {
                due = Task.Delay(_behind ? RetryDelay : _options.FlushInterval, _options.TimeProvider, _stopping.Token);
            }
        }

        await _stopping.CancelAsync().ConfigureAwait(false);
        Save();
        _log.Dispose();
        _stopping.Dispose();
    }

    private void WriteBatch()
    {
        var flush = false;
        while (_batch.Count < LargestBatch && _changes.Reader.TryRead(out var change))
        {
            if (change.Aor is not null)
            {
                _batch.Add(change.Aor);
            }

            if (change.Done is not null)
            {
                _done.Add(change.Done);
                flush |= change.Aor is null || !_behind;
            }
        }

        // What can't be written now is in memory, from which all of it is written later.
        if (!_behind && _batch.Count > 0)
        {
            Attempt(Append);
        }

        if (flush)
        {
            Save();
        }

        _batch.Clear();
        foreach (var done in _done)
        {
            done.SetResult();
        }

        _done.Clear();
        Compact();
    }

    private void Append()
    {
        foreach (var aor in _batch)
        {
            if (!_log.Add(aor, _memory.Find(aor)))
            {
                PushLog.RegistrationTooLarge(_logger, aor, _options.MaximumRecord, _path);
            }
        }

        _log.Write();
        _unflushed = true;
    }

    private void Save()
    {
        if (_behind)
        {
            Attempt(() =>
            {
                _log.Rewrite(_memory.All);
                _unflushed = _behind = false;
                _compactionSize = _options.CompactionSize;
                PushLog.RegistrationsSaved(_logger, _path);
            });
        }
        else if (_unflushed)
        {
            Attempt(() =>
            {
                _log.Flush();
                _unflushed = false;
            });
        }
    }

    private void Compact()
    {
        if (_behind || _log.Length < _compactionSize || _log.Records <= _options.CompactionRatio * _memory.Count)
        {
            return;
        }

        var before = _log.Length;
        try
        {
            _log.Rewrite(_memory.All);
            _unflushed = false;
            _compactionSize = _options.CompactionSize;
            PushLog.RegistrationsCompacted(_logger, _path, before, _log.Length);
        }
        catch (Exception error)
        {
            // The old file is good and goes on growing; it is not tried again for every record.
            _compactionSize = _log.Length + Math.Max(_options.CompactionSize, _log.Length / 2);
            PushLog.RegistrationsNotCompacted(_logger, _path, error);
        }
    }

    // After a failed flush nobody knows what is on the disk (the system may have dropped it), so nothing but writing all of it anew helps.
    private void Attempt(Action write)
    {
        try
        {
            write();
        }
        catch (Exception error)
        {
            _behind = true;
            PushLog.RegistrationsNotSaved(_logger, _path, RetryDelay, error);
        }
    }

    private static void Tell(ILogger logger, string path, RegistrationLog log, int noRoom)
    {
        var (torn, damaged, unknown) = log.Found;
        if (torn > 0)
        {
            PushLog.RegistrationsTorn(logger, torn, path);
        }

        if (damaged > 0)
        {
            PushLog.RegistrationsDamaged(logger, damaged, path);
        }

        if (unknown > 0)
        {
            PushLog.RegistrationsUnknown(logger, unknown, path);
        }

        if (noRoom > 0)
        {
            PushLog.RegistrationsOver(logger, noRoom, path);
        }
    }
}
