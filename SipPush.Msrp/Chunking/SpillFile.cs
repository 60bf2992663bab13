using System.Buffers;
using System.IO.Pipelines;
using SipPush.Msrp.Connections;

namespace SipPush.Msrp.Chunking;

/// <summary>
/// The rest of a message whose reader is slow: octets written here go through a temporary file into the pipe of the reader, at the pace of the reader. The read loop writes and flushes; the pump is the only
/// one that writes into the pipe from now on, and the one that gives everything back.
/// </summary>
#pragma warning disable CA1001 // The pump disposes of the file: it runs until the message has ended, whatever happens.
internal sealed class SpillFile(MsrpSpillOptions options, PipeWriter reader) : IBufferWriter<byte>
#pragma warning restore CA1001
{
    private const int CopySize = 64 * 1024;

    private readonly SemaphoreSlim _gate = new(1, 1);
    private readonly AsyncSignal _signal = new();

    // Octets that have not been written to the file yet. They are the read loop's until End, and the pump's afterwards.
    private readonly RentedBuffer _staged = new();

    // Under the gate: octets written to the file, and read from it again.
    private FileStream? _file;
    private long _written;
    private long _copied;

    private volatile bool _isReaderGone;
    private volatile bool _hasEnded;
    private volatile Exception? _reason;

    /// <summary>Whether nobody reads the message any more.</summary>
    public bool IsReaderGone => _isReaderGone;

    public void Advance(int count) => _staged.Advance(count);

    public Memory<byte> GetMemory(int sizeHint = 0) => _staged.GetMemory(sizeHint);

    public Span<byte> GetSpan(int sizeHint = 0) => _staged.GetSpan(sizeHint);

    /// <summary>Writes to the file what has been appended. Gives null, or why that is not possible.</summary>
    public async ValueTask<string?> FlushAsync()
    {
        await _gate.WaitAsync().ConfigureAwait(false);
        try
        {
            if (IsReaderGone)
            {
                _staged.Clear();
            }

            if (_hasEnded || _staged.Length == 0)
            {
                return null;
            }

            if (_written - _copied + _staged.Length > options.Limit)
            {
                return "The application reads too slowly, and too much waits for it";
            }

            _file ??= Open();
            await RandomAccess.WriteAsync(_file.SafeFileHandle, _staged.WrittenMemory, _written).ConfigureAwait(false);
            _written += _staged.Length;
            _staged.Clear();
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            return failure.Message;
        }
        finally
        {
            _gate.Release();
        }

        _signal.Set();
        return null;
    }

    /// <summary>The message has ended: with a reason, its reader gets that at once; otherwise after the last octet.</summary>
    public void End(Exception? reason)
    {
        _reason = reason;
        _hasEnded = true;
        reader.CancelPendingFlush();
        _signal.Set();
    }

    /// <summary>Copies to the reader until the message has ended and has been read, has failed, or nobody reads it any more. Never throws.</summary>
    /// <param name="ending">Ends it: the endpoint is being disposed of.</param>
    public async Task PumpAsync(CancellationToken ending)
    {
        Exception? failure;
        using (ending.UnsafeRegister(static state => ((SpillFile)state!).End(new MsrpException("The endpoint has ended")), this))
        {
            try
            {
                failure = await CopyAsync().ConfigureAwait(false);
            }
            catch (IOException exception)
            {
                failure = new MsrpException("The rest of the message could not be read back", 0, exception);
                _isReaderGone = true;
                await reader.CompleteAsync(failure).ConfigureAwait(false);
            }

            // What is appended meanwhile is given back with the rest.
            while (!_hasEnded)
            {
                await _signal.WaitAsync().ConfigureAwait(false);
            }
        }

        await _gate.WaitAsync(CancellationToken.None).ConfigureAwait(false);
        _staged.Clear();
        if (_file is { } file)
        {
            await file.DisposeAsync().ConfigureAwait(false);
        }

        _gate.Release();
        await reader.CompleteAsync(failure).ConfigureAwait(false);
    }

    private async Task<Exception?> CopyAsync()
    {
        while (true)
        {
            // It is read before the file is: whatever was written before the end is copied before the end is seen.
            var hasEnded = _hasEnded;
            if (_reason is { } reason)
            {
                return reason;
            }

            if (IsReaderGone && hasEnded)
            {
                return null;
            }

            if (!IsReaderGone && await CopySomeAsync().ConfigureAwait(false))
            {
                var result = await reader.FlushAsync().ConfigureAwait(false);
                _isReaderGone = result.IsCompleted;
            }
            else if (hasEnded)
            {
                reader.Write(_staged.Written);
                return null;
            }
            else
            {
                await _signal.WaitAsync().ConfigureAwait(false);
            }
        }
    }

    private async ValueTask<bool> CopySomeAsync()
    {
        await _gate.WaitAsync().ConfigureAwait(false);
        try
        {
            if (_copied == _written)
            {
                return false;
            }

            var octets = reader.GetMemory(CopySize);
            var count = await RandomAccess.ReadAsync(_file!.SafeFileHandle, octets[..(int)Math.Min(octets.Length, _written - _copied)], _copied).ConfigureAwait(false);
            if (count == 0)
            {
                throw new EndOfStreamException("The temporary file became shorter");
            }

            reader.Advance(count);
            _copied += count;
            if (_copied == _written)
            {
                // The file begins anew, so that it never becomes larger than what waits in it.
                _copied = _written = 0;
            }

            return true;
        }
        finally
        {
            _gate.Release();
        }
    }

    private FileStream Open()
    {
        var file = new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.ReadWrite, Share = FileShare.None, BufferSize = 0, Options = FileOptions.Asynchronous | FileOptions.DeleteOnClose };
        if (!OperatingSystem.IsWindows())
        {
            file.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        }

        return new FileStream(Path.Combine(options.Folder, $"{Path.GetRandomFileName()}.msrp"), file);
    }
}
