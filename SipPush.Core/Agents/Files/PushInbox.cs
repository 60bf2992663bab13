using System.Buffers;
using System.Globalization;
using System.IO.Pipelines;
using System.Security.Cryptography;
using System.Text;
using Microsoft.Extensions.Logging;
using SipPush.Diagnostics;
using SipPush.Msrp;

namespace SipPush;

/// <summary>
/// A folder into which pushes are written safely, whatever their senders call them: under names made fit, never over another file, under a temporary name until they are whole and their length and hash
/// are right, and no more of them than there is room for. Safe for concurrent use; for one process at a time.
/// </summary>
/// <remarks>
/// <para>What is still coming is in the folder <c>.incoming</c> within. What a crash or a lost connection leaves there is known by its name, <c>*.part</c>: of a file whose name, size and hash were
/// announced it is kept for <see cref="PushInboxOptions.KeepPartial"/>, and a later offer of the same file can go on behind it; of anything else it is removed when the inbox is opened.</para>
/// <para>Files may be moved away or deleted at any time, which makes room.</para>
/// </remarks>
public sealed class PushInbox
{
    private const string Incoming = ".incoming";

    // What is asked for at once while nobody knows how much will come.
    private const long RoomStep = 1 << 20;

    private const int MostNames = 10_000;

    private readonly string _folder;
    private readonly string _incoming;
    private readonly PushInboxOptions _options;
    private readonly ILogger _log;
    private readonly Lock _gate = new();
    private readonly HashSet<string> _live = [];
    private long _stored;
    private long _reserved;
    private int _files;
    private int _writing;
    private long _serial;

    private PushInbox(string folder, PushInboxOptions options)
    {
        _folder = Path.GetFullPath(folder);
        _incoming = Path.Combine(_folder, Incoming);
        _options = options;
        _log = options.LoggerFactory.CreateLogger(SipPushTelemetry.PushCategory);
    }

    /// <summary>Opens an inbox: makes the folder where there is none, removes what an earlier process left of files that can't be resumed or have become too old, and counts what is there.</summary>
    /// <exception cref="IOException">The folder can't be made or read.</exception>
    /// <exception cref="UnauthorizedAccessException">The folder may not be written.</exception>
    public static PushInbox Open(string folder, PushInboxOptions? options = null)
    {
        ArgumentException.ThrowIfNullOrEmpty(folder);
        var inbox = new PushInbox(folder, options ?? new PushInboxOptions());
        Directory.CreateDirectory(inbox._folder);
        Directory.CreateDirectory(inbox._incoming);
        inbox.RemoveLeftovers();
        lock (inbox._gate)
        {
            inbox.Count();
        }

        return inbox;
    }

    /// <summary>
    /// Decides on an offer by the room that there is, for <see cref="PushReceiverOptions.DecideAsync"/>: all of it, or those of its files for which there is room and, where they are resumed, the
    /// beginning; none at all is refused with 413 when the inbox could never take it, and with 480 and Retry-After when it can't now.
    /// </summary>
    public PushDecision Decide(PushOffer offer)
    {
        ArgumentNullException.ThrowIfNull(offer);
        lock (_gate)
        {
            var decision = Decide(offer, Room());
            return decision.Status < 300 && (decision.Files?.Count ?? 0) == offer.Files.Count ? decision : Decide(offer, RoomFor(offer));
        }
    }

    /// <summary>
    /// Writes a push into the folder while it comes, and checks it. Whoever has saved it says so by <see cref="IncomingPush.CompleteAsync"/>. The content must not have been read before.
    /// </summary>
    /// <param name="push">The push. It is still the caller's to dispose, which stops its sender if it was not saved.</param>
    /// <param name="cancellationToken">Gives it up.</param>
    /// <exception cref="InvalidDataException">The file is not what was said of it; its sender has been told, and nothing of it is left.</exception>
    /// <exception cref="IOException">There is no room, the disk is full or fails, or the content did not come whole. What can be resumed is kept.</exception>
    public ValueTask<InboxFile> SaveAsync(IncomingPush push, CancellationToken cancellationToken = default) => SaveAsync(push, null, cancellationToken);

    /// <summary>As <see cref="SaveAsync(IncomingPush, CancellationToken)"/>, for an application that wants to see the octets on their way: to count, to look into them, or to take them slowly.</summary>
    /// <param name="push">The push.</param>
    /// <param name="onOctets">Is given the octets in order, each piece before it is written and good only until the task is done; waiting slows the sender. An <see cref="InvalidDataException"/>
    /// refuses the content, as when its hash were wrong; anything else that is thrown gives it up. Of a file that is resumed it sees what comes now. Null for none.</param>
    /// <param name="cancellationToken">Gives it up.</param>
    /// <exception cref="InvalidDataException">The file is not what was said of it, or was refused; its sender has been told, and nothing of it is left.</exception>
    /// <exception cref="IOException">There is no room, the disk is full or fails, or the content did not come whole. What can be resumed is kept.</exception>
    public async ValueTask<InboxFile> SaveAsync(IncomingPush push, Func<ReadOnlyMemory<byte>, CancellationToken, ValueTask>? onOctets, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(push);
        var file = push.File;
        var start = file?.Start ?? 0;
        if (TakePart(file, start) is not { } part)
        {
            push.Fail();
            throw new IOException("The beginning of the file is not here, or is being written");
        }

        var whole = Path.ChangeExtension(part, ".whole");
        try
        {
            using var room = new Reservation(this);
            room.Need(start + (push.Mode == PushMode.Message ? push.Bytes.Length : Math.Max(0, push.Length)));
            var sink = await OpenAsync(file, part, whole, start, cancellationToken).ConfigureAwait(false);
            await using (sink.ConfigureAwait(false))
            {
                var body = push.Body ?? PipeReader.Create(new ReadOnlySequence<byte>(push.Bytes));
                var length = await CopyAsync(body, _options.Disk?.Invoke(sink) ?? sink, start, room, onOctets, cancellationToken).ConfigureAwait(false);
                await sink.CompleteAsync(length, cancellationToken).ConfigureAwait(false);
                var path = Publish(whole, InboxName.Make(file?.Name, push.ContentType, _options.MaximumNameLength));
                room.IsStored(start + length);
                push.Judge(isRight: true);
                return new InboxFile
                {
                    Path = path,
                    Length = start + length,
                    ContentType = push.ContentType,
                    Sha1 = HashOf(sink, HashAlgorithmName.SHA1),
                    Sha256 = HashOf(sink, HashAlgorithmName.SHA256),
                    ResumedFrom = start,
                };
            }
        }
        catch (InvalidDataException)
        {
            File.Delete(part);
            push.Judge(isRight: false);
            throw;
        }
        catch (IOException failure) when (failure is not MsrpException)
        {
            // This end can't keep it, which its sender had better know at once.
            push.Fail(MsrpStatus.MessageTooLarge);
            throw;
        }
        finally
        {
            lock (_gate)
            {
                _live.Remove(part);
                _stored += LengthOf(part);
            }
        }
    }

    // Under the lock.
    private PushDecision Decide(PushOffer offer, (long Bytes, int Files) room)
    {
        if (offer.Files.Count == 0)
        {
            return Math.Max(0, offer.Length) > _options.MaximumBytes ? PushDecision.Reject(413)
                : room.Bytes < Math.Max(1, offer.Length) || room.Files < 1 ? PushDecision.Reject(480, retryAfter: _options.RetryAfter)
                : PushDecision.Accept;
        }

        var taken = new List<PushFileOffer>();
        var isPossible = false;
        foreach (var file in offer.Files)
        {
            var length = file.Length ?? 0;
            var isHere = file.Start == 0 || (file.ReachesEnd && LeftoverLength(file) >= file.Start);
            isPossible |= file.Size is null || file.Size <= _options.MaximumBytes;
            if (isHere && length <= room.Bytes && room.Files > 0)
            {
                taken.Add(file);
                room = (room.Bytes - length, room.Files - 1);
            }
        }

        return taken.Count > 0 ? PushDecision.AcceptFiles(taken)
            : !isPossible ? PushDecision.Reject(413)
            : offer.Files.All(file => file.Start > 0) ? PushDecision.Reject(488)
            : PushDecision.Reject(480, retryAfter: _options.RetryAfter);
    }

    private static long LengthOf(string path) => LengthOf(new FileInfo(path));

    // It may be taken away at any time.
    private static long LengthOf(FileInfo file) => file.Exists ? file.Length : 0;

    private static string? HashOf(MsrpFileSink sink, HashAlgorithmName algorithm)
    {
        foreach (var hash in sink.Digests)
        {
            if (hash.Algorithm == algorithm)
            {
                return Convert.ToHexStringLower(hash.Digest.Span);
            }
        }

        return null;
    }

    private static async ValueTask<long> CopyAsync(
        PipeReader body, MsrpSink sink, long start, Reservation room, Func<ReadOnlyMemory<byte>, CancellationToken, ValueTask>? onOctets, CancellationToken cancellationToken)
    {
        var written = 0L;
        while (true)
        {
            var result = await body.ReadAsync(cancellationToken).ConfigureAwait(false);
            foreach (var segment in result.Buffer)
            {
                room.Need(start + written + segment.Length);
                if (onOctets is not null)
                {
                    await onOctets(segment, cancellationToken).ConfigureAwait(false);
                }

                await sink.WriteAsync(written, segment, cancellationToken).ConfigureAwait(false);
                written += segment.Length;
            }

            body.AdvanceTo(result.Buffer.End);
            if (result.IsCompleted)
            {
                return written;
            }
        }
    }

    private async ValueTask<MsrpFileSink> OpenAsync(PushFileOffer? file, string part, string whole, long start, CancellationToken cancellationToken)
    {
        var expected = file?.Expected ?? [];
        if (start == 0)
        {
            // It may be there from an earlier attempt, of which nothing is wanted.
            await using (new FileStream(part, FileMode.Create, FileAccess.Write, FileShare.None).ConfigureAwait(false))
            {
            }
        }

        File.Delete(whole);
        return await MsrpFileSink.OpenAsync(
            new MsrpFileSinkOptions
            {
                Path = whole,
                Length = file is { ReachesEnd: true } ? file.Size : null,
                Expected = expected,
                Compute = expected.Count > 0 && !_options.AlwaysSha256 ? [] : [HashAlgorithmName.SHA256],
                KeepPartial = file is not null && KeyOf(file) is not null && _options.KeepPartial > TimeSpan.Zero,
                PartialPath = part,
                ResumeFrom = start,
                FlushToDisk = _options.FlushToDisk,
            },
            cancellationToken).ConfigureAwait(false);
    }

    // The temporary file of a push. That of a file which can be resumed is found again by what was said of the file; two of the same at once have each its own. Null when there is nothing to go on
    // behind.
    private string? TakePart(PushFileOffer? file, long start)
    {
        lock (_gate)
        {
            var part = file is not null && KeyOf(file) is { } key ? Path.Combine(_incoming, $"{key}.part") : null;
            if (start > 0 && (part is null || !file!.ReachesEnd || _live.Contains(part) || LengthOf(part) < start))
            {
                return null;
            }

            while (part is null || !_live.Add(part))
            {
                part = Path.Combine(_incoming, string.Create(CultureInfo.InvariantCulture, $"{++_serial}.part"));
            }

            _stored -= LengthOf(part);
            return part;
        }
    }

    // Name, size and hash: what makes sure that it is the same file.
    private static string? KeyOf(PushFileOffer file)
    {
        var expected = file.Expected;
        return file.Size is not { } size || expected.Count == 0
            ? null
            : Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(string.Create(CultureInfo.InvariantCulture, $"{size}\n{string.Join(',', expected)}\n{file.Name}"))).AsSpan(0, 16));
    }

    private long LeftoverLength(PushFileOffer file) =>
        KeyOf(file) is { } key && Path.Combine(_incoming, $"{key}.part") is var part && !_live.Contains(part) ? LengthOf(part) : 0;

    // Renaming looks and moves, and somebody may come between: the name is taken by an empty file first, which only one can make.
    private string Publish(string whole, string name)
    {
        try
        {
            for (var number = 1; number <= MostNames; number++)
            {
                var path = Path.Combine(_folder, number == 1 ? name : InboxName.WithNumber(name, number));
                if (!Path.Exists(path) && TryCreate(path))
                {
                    MoveOver(whole, path);
                    return path;
                }
            }
        }
        catch
        {
            File.Delete(whole);
            throw;
        }

        File.Delete(whole);
        throw new IOException($"There are {MostNames} files of that name already");
    }

    private static bool TryCreate(string path)
    {
        try
        {
            File.OpenHandle(path, FileMode.CreateNew, FileAccess.Write).Dispose();
            return true;
        }
        catch (IOException) when (Path.Exists(path))
        {
            return false;
        }
    }

    private static void MoveOver(string whole, string path)
    {
        try
        {
            File.Move(whole, path, overwrite: true);
        }
        catch
        {
            File.Delete(path);
            throw;
        }
    }

    private void RemoveLeftovers()
    {
        var oldest = _options.TimeProvider.GetUtcNow() - _options.KeepPartial;
        foreach (var left in new DirectoryInfo(_incoming).EnumerateFiles())
        {
            var isResumable = left.Extension == ".part" && left.Name.Length == 32 + ".part".Length && left.LastWriteTimeUtc > oldest.UtcDateTime && LengthOf(left) > 0;
            if (!isResumable)
            {
                Remove(left);
            }
        }
    }

    private bool Remove(FileInfo left)
    {
        try
        {
            left.Delete();
            return true;
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            PushLog.LeftoverNotRemoved(_log, left.FullName, failure);
            return false;
        }
    }

    // Under the lock.
    private void Count()
    {
        _stored = 0;
        _files = 0;
        foreach (var file in new DirectoryInfo(_folder).EnumerateFiles())
        {
            _stored += LengthOf(file);
            _files++;
        }

        foreach (var left in Leftovers())
        {
            _stored += LengthOf(left);
        }
    }

    private IEnumerable<FileInfo> Leftovers() => new DirectoryInfo(_incoming).EnumerateFiles().Where(left => !_live.Contains(left.FullName) && !_live.Contains(Path.ChangeExtension(left.FullName, ".part")));

    private (long Bytes, int Files) Room() => (_options.MaximumBytes - _stored - _reserved, _options.MaximumFiles - _files - _writing);

    // What TryMakeRoom could make: what was counted may have been taken away meanwhile, and what can be resumed gives way, unless it is gone on with now. Under the lock.
    private (long Bytes, int Files) RoomFor(PushOffer offer)
    {
        Count();
        var (bytes, files) = Room();
        return (bytes + Leftovers().Sum(LengthOf) - offer.Files.Where(file => file.Start > 0).Sum(LeftoverLength), files);
    }

    // What can be resumed gives way to what comes now. Under the lock.
    private bool TryMakeRoom(long bytes, int files)
    {
        bool Fits() => Room() is var room && room.Bytes >= bytes && room.Files >= files;
        if (Fits())
        {
            return true;
        }

        Count();
        if (Fits() || bytes > _options.MaximumBytes)
        {
            return Fits();
        }

        foreach (var left in Leftovers().OrderBy(left => left.LastWriteTimeUtc).ToList())
        {
            if (Remove(left))
            {
                Count();
                if (Fits())
                {
                    return true;
                }
            }
        }

        return false;
    }

    /// <summary>Room for one push; it grows as the push does.</summary>
    private sealed class Reservation : IDisposable
    {
        private readonly PushInbox _inbox;
        private long _bytes;

        public Reservation(PushInbox inbox)
        {
            _inbox = inbox;
            lock (inbox._gate)
            {
                if (!inbox.TryMakeRoom(0, 1))
                {
                    throw Full();
                }

                inbox._writing++;
            }
        }

        public void Need(long bytes)
        {
            if (bytes <= _bytes)
            {
                return;
            }

            lock (_inbox._gate)
            {
                // A little ahead, unless that is what there is no room for.
                var ahead = _bytes == 0 ? bytes : Math.Max(bytes, _bytes + RoomStep);
                if (!_inbox.TryMakeRoom(ahead - _bytes, 0))
                {
                    ahead = bytes;
                    if (!_inbox.TryMakeRoom(ahead - _bytes, 0))
                    {
                        throw Full();
                    }
                }

                _inbox._reserved += ahead - _bytes;
                _bytes = ahead;
            }
        }

        public void IsStored(long bytes)
        {
            lock (_inbox._gate)
            {
                _inbox._stored += bytes;
                _inbox._files++;
            }
        }

        public void Dispose()
        {
            lock (_inbox._gate)
            {
                _inbox._reserved -= _bytes;
                _inbox._writing--;
            }
        }

        private static IOException Full() => new("The inbox is full");
    }
}
