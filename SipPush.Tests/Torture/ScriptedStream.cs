namespace SipPush.Tests.Torture;

/// <summary>
/// A stream of which the far end is a test: a read yields exactly one of the pieces that were given, so a cut is a cut; what is
/// written is kept. What the reader does with a piece it does on the thread that gave it.
/// </summary>
internal sealed class ScriptedStream : Stream
{
    private readonly Lock _gate = new();
    private readonly Queue<ReadOnlyMemory<byte>> _pieces = new();
    private readonly MemoryStream _written = new();
    private TaskCompletionSource<int>? _reading;
    private Memory<byte> _destination;
    private TaskCompletionSource? _idle;
    private TaskCompletionSource? _blocked;
    private TaskCompletionSource? _more;
    private Exception? _failure;
    private bool _ended;
    private bool _disposed;
    private bool _stopped;

    /// <summary>True once the system under test has closed its end.</summary>
    public bool IsDisposed
    {
        get
        {
            lock (_gate)
            {
                return _disposed;
            }
        }
    }

    public override bool CanRead => true;

    public override bool CanSeek => false;

    public override bool CanWrite => true;

    public override long Length => throw new NotSupportedException();

    public override long Position
    {
        get => throw new NotSupportedException();
        set => throw new NotSupportedException();
    }

    /// <summary>A copy of all that has been written.</summary>
    public byte[] Written()
    {
        lock (_gate)
        {
            return _written.ToArray();
        }
    }

    /// <summary>Reads what has been written from that position on, for which it waits; 0 when there will be no more.</summary>
    public async ValueTask<int> ReadWrittenAsync(int position, Memory<byte> buffer)
    {
        while (true)
        {
            Task wait;
            lock (_gate)
            {
                // Who reads into nothing only wants to know that there is something.
                var left = (int)_written.Length - position;
                if (left > 0 || _disposed || _failure is not null)
                {
                    var count = Math.Min(left, buffer.Length);
                    _written.GetBuffer().AsSpan(position, count).CopyTo(buffer.Span);
                    return count;
                }

                wait = (_more ??= new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously)).Task;
            }

            await wait;
        }
    }

    /// <summary>Ends when somebody waits for a piece and there is none.</summary>
    public Task WhenIdle()
    {
        lock (_gate)
        {
            if (_disposed || (_reading is not null && _pieces.Count == 0))
            {
                return Task.CompletedTask;
            }

            _idle ??= new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            return _idle.Task;
        }
    }

    public void Give(ReadOnlyMemory<byte> piece) => Change(() => _pieces.Enqueue(piece));

    /// <summary>No more pieces: the far end has shut down its sending half.</summary>
    public void End() => Change(() => _ended = true);

    /// <summary>The far end is gone: reading and writing fail.</summary>
    public void Reset() => Change(() => _failure = new IOException("Connection reset by peer"));

    /// <summary>The far end reads no more, so writing waits, or reads again.</summary>
    public void StopReading(bool stopped)
    {
        TaskCompletionSource? blocked;
        lock (_gate)
        {
            _stopped = stopped;
            blocked = _blocked;
            _blocked = null;
        }

        blocked?.TrySetResult();
    }

    public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        TaskCompletionSource? idle = null;
        ValueTask<int> result;
        lock (_gate)
        {
            if (TryTake(buffer, out var count, out var failure))
            {
                return failure is null ? new ValueTask<int>(count) : ValueTask.FromException<int>(failure);
            }

            _destination = buffer;
            _reading = new TaskCompletionSource<int>();
            result = new ValueTask<int>(_reading.Task);
            (idle, _idle) = (_idle, null);
        }

        idle?.TrySetResult();
        return result;
    }

    public override async ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
    {
        while (true)
        {
            Task wait;
            lock (_gate)
            {
                if (_failure is not null || _disposed)
                {
                    throw _failure ?? new ObjectDisposedException(nameof(ScriptedStream));
                }

                if (!_stopped)
                {
                    _written.Write(buffer.Span);
                    _more?.TrySetResult();
                    _more = null;
                    return;
                }

                wait = (_blocked ??= new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously)).Task;
            }

            await wait;
        }
    }

    public override void Flush()
    {
    }

    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    protected override void Dispose(bool disposing)
    {
        TaskCompletionSource? blocked, idle;
        lock (_gate)
        {
            (blocked, _blocked) = (_blocked, null);
            (idle, _idle) = (_idle, null);
        }

        Change(() => _disposed = true);
        blocked?.TrySetResult();
        idle?.TrySetResult();
        base.Dispose(disposing);
    }

    private void Change(Action change)
    {
        TaskCompletionSource<int>? reading = null;
        var count = 0;
        Exception? failure = null;
        lock (_gate)
        {
            change();
            if (_disposed || _failure is not null)
            {
                _more?.TrySetResult();
                _more = null;
            }

            if (_reading is not null && TryTake(_destination, out count, out failure))
            {
                (reading, _reading) = (_reading, null);
            }
        }

        if (failure is not null)
        {
            reading?.TrySetException(failure);
        }
        else
        {
            reading?.TrySetResult(count);
        }
    }

    private bool TryTake(Memory<byte> buffer, out int count, out Exception? failure)
    {
        count = 0;
        failure = _disposed ? new ObjectDisposedException(nameof(ScriptedStream)) : _failure;
        if (failure is not null)
        {
            return true;
        }

        if (!_pieces.TryPeek(out var piece))
        {
            return _ended;
        }

        // A piece that does not fit comes in several reads.
        _pieces.Dequeue();
        count = Math.Min(piece.Length, buffer.Length);
        piece[..count].CopyTo(buffer);
        if (count < piece.Length)
        {
            var rest = _pieces.ToArray();
            _pieces.Clear();
            _pieces.Enqueue(piece[count..]);
            foreach (var later in rest)
            {
                _pieces.Enqueue(later);
            }
        }

        return true;
    }
}
