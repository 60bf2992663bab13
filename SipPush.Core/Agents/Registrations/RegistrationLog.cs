using System.Buffers;
using SipPush.Sip;

namespace SipPush;

/// <summary>
/// The file of a <see cref="FileRegistrationStore"/>: a header line and records, each of which replaces those of the same user before
/// it. Records are only ever added at the end. To be rid of the dead ones the file is written anew under another name and put in the
/// place of the old one, so that one of both is there whole at any time. Not safe for concurrent use.
/// </summary>
internal sealed class RegistrationLog : IDisposable
{
    private const int ChunkSize = 65_536;

    private readonly string _path;
    private readonly FileRegistrationStoreOptions _options;
    private readonly ArrayBufferWriter<byte> _lines = new(ChunkSize);
    private readonly ArrayBufferWriter<byte> _json = new();
    private Stream _stream;

    private RegistrationLog(string path, FileRegistrationStoreOptions options, Stream stream)
    {
        _path = path;
        _options = options;
        _stream = stream;
    }

    /// <summary>The records in the file, dead ones among them.</summary>
    public long Records { get; private set; }

    /// <summary>The octets in the file.</summary>
    public long Length { get; private set; }

    /// <summary>What was found to be amiss when it was opened.</summary>
    public (long Torn, long Damaged, long Unknown) Found { get; private set; }

    private static ReadOnlySpan<byte> Header => "SipPush registrations 1\n"u8;

    // Where nobody else may open the file, it is nobody else's. On Windows an open file can be renamed only if that is said.
    private static FileShare Share => OperatingSystem.IsWindows() ? FileShare.Delete : FileShare.None;

    private string TemporaryPath => _path + ".new";

    /// <summary>Opens the file, or makes it, and gives what its records say in their order: a registration, or its end. What is torn at the end is cut off.</summary>
    /// <exception cref="IOException">It can't be read or made, or somebody has it open.</exception>
    /// <exception cref="UnauthorizedAccessException">It may not be read and written.</exception>
    /// <exception cref="InvalidDataException">It is something else, and is left as it is.</exception>
    public static async ValueTask<RegistrationLog> OpenAsync(
        string path, FileRegistrationStoreOptions options, Action<SipUri, PushRegistration?> replay, CancellationToken cancellationToken)
    {
        // A rename would put a file in the place of a link.
        path = (File.Exists(path) ? File.ResolveLinkTarget(path, returnFinalTarget: true) : null)?.FullName ?? Path.GetFullPath(path);
        var log = new RegistrationLog(path, options, Open(path, FileMode.OpenOrCreate, options));
        try
        {
            await log.ReadAsync(replay, cancellationToken).ConfigureAwait(false);
            File.Delete(log.TemporaryPath);
            return log;
        }
        catch
        {
            log.Dispose();
            throw;
        }
    }

    /// <summary>Adds a record, which <see cref="Write"/> has to follow.</summary>
    /// <returns>False when the registration is too large for one; what is added then is that there is none.</returns>
    public bool Add(SipUri aor, PushRegistration? registration)
    {
        if (_lines.WrittenCount >= ChunkSize)
        {
            Write();
        }

        var fits = TryAdd(_lines, aor, registration);
        if (!fits)
        {
            TryAdd(_lines, aor, null);
        }

        Records++;
        return fits;
    }

    /// <summary>Writes what was added. When it fails, nothing is known of what follows <see cref="Length"/> until <see cref="Rewrite"/>.</summary>
    public void Write()
    {
        _stream.Write(_lines.WrittenSpan);
        Length += _lines.WrittenCount;
        _lines.ResetWrittenCount();
    }

    /// <summary>Has what was written on the disk when it returns.</summary>
    public void Flush() => Flush(_stream);

    /// <summary>
    /// Writes the file anew, so that it says this and nothing else, and has it on the disk. When it fails the old file is left as it was.
    /// .NET can't flush a folder: after a power cut soon afterwards the old file may be there again, as it was at this moment.
    /// </summary>
    public void Rewrite(IEnumerable<PushRegistration> registrations)
    {
        _lines.ResetWrittenCount();

        // What stands there may be a link to elsewhere, or may be read by others.
        File.Delete(TemporaryPath);
        var stream = Open(TemporaryPath, FileMode.CreateNew, _options);
        var (records, length) = (0L, (long)Header.Length);
        try
        {
            stream.Write(Header);
            foreach (var registration in registrations)
            {
                if (_lines.WrittenCount >= ChunkSize)
                {
                    length += Empty(stream);
                }

                records += TryAdd(_lines, registration.Aor, registration) ? 1 : 0;
            }

            length += Empty(stream);
            Flush(stream);

            if (OperatingSystem.IsWindows())
            {
                // What is open can't be replaced there. Should somebody else open it now, the next line fails.
                _stream.Dispose();
            }

            File.Move(TemporaryPath, _path, overwrite: true);
        }
        catch
        {
            _lines.ResetWrittenCount();
            Discard(stream);
            throw;
        }

        _stream.Dispose();
        (_stream, Records, Length) = (stream, records, length);
    }

    public void Dispose() => _stream.Dispose();

    private static Stream Open(string path, FileMode mode, FileRegistrationStoreOptions options)
    {
        var how = new FileStreamOptions { Mode = mode, Access = FileAccess.ReadWrite, Share = Share, BufferSize = 0 };
        if (!OperatingSystem.IsWindows())
        {
            // Who is reachable where is nobody else's business.
            how.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        }

        return options.Open(new FileStream(path, how));
    }

    private static void Flush(Stream stream)
    {
        if (stream is FileStream file)
        {
            file.Flush(flushToDisk: true);
        }
        else
        {
            stream.Flush();
        }
    }

    private void Discard(Stream stream)
    {
        stream.Dispose();
        try
        {
            File.Delete(TemporaryPath);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            // It is written over the next time, and what is told is why it was given up.
        }
    }

    private int Empty(Stream stream)
    {
        var count = _lines.WrittenCount;
        stream.Write(_lines.WrittenSpan);
        _lines.ResetWrittenCount();
        return count;
    }

    private bool TryAdd(ArrayBufferWriter<byte> lines, SipUri aor, PushRegistration? registration)
    {
        _json.ResetWrittenCount();
        RegistrationRecord.WriteJson(_json, aor, registration);
        if (_json.WrittenCount + RegistrationRecord.Frame > _options.MaximumRecord && registration is not null)
        {
            return false;
        }

        RegistrationRecord.WriteLine(lines, _json.WrittenSpan);
        return true;
    }

    private async ValueTask ReadAsync(Action<SipUri, PushRegistration?> replay, CancellationToken cancellationToken)
    {
        if (!await ReadHeaderAsync(cancellationToken).ConfigureAwait(false))
        {
            _stream.SetLength(0);
            _stream.Write(Header);
            Flush();
            Length = Header.Length;
            return;
        }

        var lines = new Lines(this, replay);
        var buffer = new byte[_options.MaximumRecord + ChunkSize];
        int kept = 0, read;
        long seen = Header.Length;

        while ((read = await _stream.ReadAsync(buffer.AsMemory(kept), cancellationToken).ConfigureAwait(false)) > 0)
        {
            seen += read;
            kept = lines.Take(buffer.AsSpan(0, kept + read));
        }

        Length = lines.End;
        Found = (seen - lines.End, lines.Damaged, lines.Unknown);
        Records = lines.Count;
        if (seen > lines.End)
        {
            _stream.SetLength(lines.End);
        }

        _stream.Seek(lines.End, SeekOrigin.Begin);
    }

    /// <summary>False when the file is new, or has been made and no more.</summary>
    private async ValueTask<bool> ReadHeaderAsync(CancellationToken cancellationToken)
    {
        var buffer = new byte[Header.Length];
        var length = await _stream.ReadAtLeastAsync(buffer, buffer.Length, throwOnEndOfStream: false, cancellationToken).ConfigureAwait(false);
        if (!Header.StartsWith(buffer.AsSpan(0, length)))
        {
            throw new InvalidDataException($"'{_path}' is no file of registrations, or one of a later version");
        }

        return length == Header.Length;
    }

    /// <summary>Cuts what is read into lines. What is longer than a record may be is passed over to its end, without being kept.</summary>
    private sealed class Lines(RegistrationLog log, Action<SipUri, PushRegistration?> replay)
    {
        private bool _overlong;

        /// <summary>Where the last whole line ends.</summary>
        public long End { get; private set; } = Header.Length;

        public long Count { get; private set; }

        public long Damaged { get; private set; }

        public long Unknown { get; private set; }

        private long Passed { get; set; }

        /// <summary>Takes what is whole, moves what is left to the front, and says how much that is.</summary>
        public int Take(Span<byte> buffer)
        {
            ReadOnlySpan<byte> rest = buffer;
            for (int lf; (lf = rest.IndexOf((byte)'\n')) >= 0; rest = rest[(lf + 1)..])
            {
                TakeLine(rest[..lf]);
                End += Passed + lf + 1;
                Passed = 0;
            }

            if (_overlong || rest.Length > log._options.MaximumRecord)
            {
                _overlong = true;
                Passed += rest.Length;
                return 0;
            }

            rest.CopyTo(buffer);
            return rest.Length;
        }

        private void TakeLine(ReadOnlySpan<byte> line)
        {
            SipUri? aor = null;
            PushRegistration? registration = null;
            var kind = _overlong ? RegistrationRecord.Kind.Damaged : RegistrationRecord.Read(line, out aor, out registration);
            _overlong = false;
            Count++;

            switch (kind)
            {
                case RegistrationRecord.Kind.Damaged:
                    Damaged++;
                    break;
                case RegistrationRecord.Kind.Unknown:
                    Unknown++;
                    break;
                default:
                    replay(aor!, registration);
                    break;
            }
        }
    }
}
