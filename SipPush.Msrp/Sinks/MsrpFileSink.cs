using System.Buffers;
using System.Runtime.CompilerServices;
using System.Security.Cryptography;
using Microsoft.Win32.SafeHandles;

namespace SipPush.Msrp;

/// <summary>Receives a message into a file. It is written under a temporary name in the folder of the file to be, checked against the length and the
/// digests that were announced, and gets its own name only when it is whole, never over another file. Until then, and when it is
/// aborted or disposed, the temporary file is removed, unless <see cref="MsrpFileSinkOptions.KeepPartial"/> says otherwise.</summary>
public sealed class MsrpFileSink : MsrpSink
{
    private const int ReadSize = 256 * 1024;

    private readonly MsrpFileSinkOptions _options;
    private readonly SafeFileHandle _handle;
    private readonly IncrementalHash[] _hashes;

    // Up to here everything has been written without a gap, and hashed as long as _hashAgain is false.
    private long _inOrder;
    private bool _hashAgain;
    private bool _isWrong;
    private bool _closed;

    private MsrpFileSink(MsrpFileSinkOptions options, string partialPath, SafeFileHandle handle, IncrementalHash[] hashes)
    {
        _options = options;
        _handle = handle;
        _hashes = hashes;
        PartialPath = partialPath;
    }

    /// <summary>The temporary file.</summary>
    public string PartialPath { get; }

    /// <summary>Octets at the start of the file that have come without a gap, those taken over included: after an abort with
    /// <see cref="MsrpFileSinkOptions.KeepPartial"/> what a later transfer can resume from. Octets that came before their turn may be left out.</summary>
    public long PartialLength => _inOrder;

    /// <summary>Where the file is; null until it is complete.</summary>
    public string? FilePath { get; private set; }

    /// <summary>The digests that were expected or to be computed, one an algorithm; empty until the file is complete.</summary>
    public IReadOnlyList<MsrpFileHash> Digests { get; private set; } = [];

    /// <summary>Creates the temporary file, or takes over and hashes what an earlier transfer left.</summary>
    /// <exception cref="IOException">The file exists already, or the temporary one can't be opened.</exception>
    /// <exception cref="InvalidDataException">The partial file is shorter than <see cref="MsrpFileSinkOptions.ResumeFrom"/>.</exception>
    /// <exception cref="CryptographicException">A digest is of an algorithm that .NET does not have.</exception>
    public static async ValueTask<MsrpFileSink> OpenAsync(MsrpFileSinkOptions options, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(options);
        ArgumentException.ThrowIfNullOrEmpty(options.Path);
        ArgumentOutOfRangeException.ThrowIfNegative(options.ResumeFrom);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(options.ResumeFrom, options.Length ?? long.MaxValue);

        if (options.ResumeFrom > 0 && options.PartialPath is null)
        {
            throw new ArgumentException("To resume, the partial file has to be named.", nameof(options));
        }

        options = options with { Path = Path.GetFullPath(options.Path) };
        ThrowIfExists(options.Path);

        var partialPath = Path.GetFullPath(options.PartialPath ?? Path.Combine(Path.GetDirectoryName(options.Path)!, $".{Path.GetRandomFileName()}.part"));
        var mode = options.PartialPath is null ? FileMode.CreateNew : FileMode.Open;
        var hashes = CreateHashes(options);
        SafeFileHandle? handle = null;

        try
        {
            handle = File.OpenHandle(partialPath, mode, FileAccess.ReadWrite, FileShare.Read, FileOptions.Asynchronous);
            var sink = new MsrpFileSink(options, partialPath, handle, hashes);

            if (options.PartialPath is not null)
            {
                await sink.TakeOverAsync(cancellationToken).ConfigureAwait(false);
            }
            return sink;
        }
        catch
        {
            // A partial file that could not be taken over stays as it was.
            handle?.Dispose();
            DisposeAll(hashes);
            throw;
        }
    }

    /// <inheritdoc/>
    /// <exception cref="InvalidDataException">They lie beyond the announced length.</exception>
    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder))]
    public override async ValueTask WriteAsync(long offset, ReadOnlyMemory<byte> octets, CancellationToken cancellationToken = default)
    {
        ObjectDisposedException.ThrowIf(_closed, this);
        ArgumentOutOfRangeException.ThrowIfNegative(offset);

        if (offset > (_options.Length ?? long.MaxValue) - _options.ResumeFrom - octets.Length)
        {
            throw new InvalidDataException($"The file is longer than the {_options.Length} octets announced.");
        }

        var start = _options.ResumeFrom + offset;
        var end = start + octets.Length;

        try
        {
            var write = RandomAccess.WriteAsync(_handle, octets, start, cancellationToken);

            // The octets are hashed while they are being written.
            if (start != _inOrder)
            {
                _hashAgain = true;
            }
            else if (!_hashAgain)
            {
                foreach (var hash in _hashes)
                {
                    hash.AppendData(octets.Span);
                }
            }

            await write.ConfigureAwait(false);
        }
        catch
        {
            // What the file has here now is not known.
            _hashAgain = true;
            _inOrder = Math.Min(_inOrder, start);
            throw;
        }

        if (start <= _inOrder)
        {
            _inOrder = Math.Max(_inOrder, end);
        }
    }

    /// <inheritdoc/>
    /// <exception cref="IOException">A file of that name has come into being meanwhile, or the disk failed.</exception>
    public override async ValueTask CompleteAsync(long length, CancellationToken cancellationToken = default)
    {
        ObjectDisposedException.ThrowIf(_closed, this);
        ArgumentOutOfRangeException.ThrowIfNegative(length);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(length, long.MaxValue - _options.ResumeFrom);

        var whole = _options.ResumeFrom + length;
        var written = RandomAccess.GetLength(_handle);

        if (whole != (_options.Length ?? whole))
        {
            throw Wrong($"The file has {whole} octets, {_options.Length} were announced.");
        }

        if (written < whole)
        {
            throw Wrong($"Only {written} octets of {whole} were written.");
        }

        if (written > whole)
        {
            RandomAccess.SetLength(_handle, whole);
        }

        if (_hashAgain || _inOrder != whole)
        {
            _hashAgain = true;
            await HashFileAsync(whole, cancellationToken).ConfigureAwait(false);
        }

        var digests = Array.ConvertAll(_hashes, hash => new MsrpFileHash(hash.AlgorithmName, hash.GetHashAndReset()));
        _hashAgain = true;

        foreach (var expected in _options.Expected)
        {
            if (!digests.Contains(expected))
            {
                throw Wrong($"The file does not have the digest {expected}.");
            }
        }

        if (_options.FlushToDisk)
        {
            RandomAccess.FlushToDisk(_handle);
        }

        _inOrder = whole;
        _handle.Dispose();
        ThrowIfExists(_options.Path);
        File.Move(PartialPath, _options.Path, overwrite: false);
        FilePath = _options.Path;
        Digests = digests;
        Close();
    }

    /// <inheritdoc/>
    public override ValueTask AbortAsync(Exception reason)
    {
        Close();
        return ValueTask.CompletedTask;
    }

    /// <summary>Unless the file is complete, as <see cref="AbortAsync"/>.</summary>
    public override ValueTask DisposeAsync()
    {
        Close();
        return ValueTask.CompletedTask;
    }

    private static IncrementalHash[] CreateHashes(MsrpFileSinkOptions options)
    {
        var hashes = new List<IncrementalHash>();

        try
        {
            foreach (var algorithm in options.Expected.Select(hash => hash.Algorithm).Concat(options.Compute).Distinct())
            {
                hashes.Add(IncrementalHash.CreateHash(algorithm));
            }
            return [.. hashes];
        }
        catch
        {
            DisposeAll(hashes);
            throw;
        }
    }

    private static void DisposeAll(IEnumerable<IncrementalHash> hashes)
    {
        foreach (var hash in hashes)
        {
            hash.Dispose();
        }
    }

    private static void ThrowIfExists(string path)
    {
        if (Path.Exists(path))
        {
            throw new IOException($"'{path}' exists already.");
        }
    }

    private async ValueTask TakeOverAsync(CancellationToken cancellationToken)
    {
        if (RandomAccess.GetLength(_handle) < _options.ResumeFrom)
        {
            throw new InvalidDataException($"'{PartialPath}' is shorter than {_options.ResumeFrom} octets.");
        }

        await HashFileAsync(_options.ResumeFrom, cancellationToken).ConfigureAwait(false);
        RandomAccess.SetLength(_handle, _options.ResumeFrom);
        _inOrder = _options.ResumeFrom;
    }

    /// <summary>Hashes that many octets of the file from its start, whatever was hashed before.</summary>
    private async ValueTask HashFileAsync(long length, CancellationToken cancellationToken)
    {
        if (_hashes.Length == 0)
        {
            return;
        }

        foreach (var hash in _hashes)
        {
            hash.GetHashAndReset();
        }

        var buffer = ArrayPool<byte>.Shared.Rent(ReadSize);

        try
        {
            for (var offset = 0L; offset < length;)
            {
                var count = await RandomAccess.ReadAsync(_handle, buffer.AsMemory(0, (int)Math.Min(buffer.Length, length - offset)), offset, cancellationToken).ConfigureAwait(false);

                if (count == 0)
                {
                    throw new EndOfStreamException($"'{PartialPath}' became shorter while it was read.");
                }

                foreach (var hash in _hashes)
                {
                    hash.AppendData(buffer, 0, count);
                }
                offset += count;
            }
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    private InvalidDataException Wrong(string message)
    {
        _isWrong = true;
        Close();
        return new InvalidDataException(message);
    }

    private void Close()
    {
        if (_closed)
        {
            return;
        }

        _closed = true;
        var keep = _options.KeepPartial && !_isWrong && _inOrder > 0;

        try
        {
            // Behind the first gap lies what a later transfer could not tell from a hole.
            if (FilePath is null && keep && !_handle.IsClosed)
            {
                RandomAccess.SetLength(_handle, _inOrder);
            }
        }
        finally
        {
            _handle.Dispose();
            DisposeAll(_hashes);
        }

        if (FilePath is null && !keep)
        {
            File.Delete(PartialPath);
        }
    }
}
