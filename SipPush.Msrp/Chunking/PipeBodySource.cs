using System.Buffers;
using System.IO.Pipelines;
using System.Runtime.CompilerServices;

namespace SipPush.Msrp.Chunking;

/// <summary>A body that comes through a pipe, to its end or so many octets of it.</summary>
internal class PipeBodySource(PipeReader reader, long? length) : BodySource
{
    private long _left = length ?? long.MaxValue;
    private ReadOnlySequence<byte> _buffer;
    private ConfiguredValueTaskAwaitable<ReadResult>.ConfiguredValueTaskAwaiter _read;
    private bool _isReading;
    private Action? _ready;
    private Action? _onRead;
    private bool _hasResult;
    private bool _isAtEnd;
    private Exception? _failure;

    public sealed override long Buffered
    {
        get
        {
            Take();
            return Math.Min(_buffer.Length, _left);
        }
    }

    public sealed override ReadOnlyMemory<byte> Available
    {
        get
        {
            Take();
            var first = FirstOf(_buffer);
            return first.Length <= _left ? first : first[..(int)_left];
        }
    }

    public sealed override ReadOnlySequence<byte> Octets
    {
        get
        {
            Take();
            return _buffer;
        }
    }

    public sealed override bool IsEnding
    {
        get
        {
            Take();
            return _isAtEnd || _buffer.Length >= _left;
        }
    }

    public sealed override Exception? Failure
    {
        get
        {
            Take();
            return _failure;
        }
    }

    public sealed override void Advance(int count)
    {
        if (count == 0)
        {
            return;
        }

        _left -= count;
        _buffer = _buffer.Slice(count);
        if (_buffer.IsEmpty || _left == 0)
        {
            GiveBack(_buffer.Start);
        }
    }

    public sealed override bool Wait(Action ready)
    {
        Take();
        if (_isAtEnd || _buffer.Length >= _left || _failure is not null)
        {
            return false;
        }

        if (!_isReading)
        {
            try
            {
                if (_hasResult)
                {
                    // All of it has been seen, and more is wanted.
                    reader.AdvanceTo(_buffer.Start, _buffer.End);
                    _hasResult = false;
                    _buffer = default;
                }

                // The awaiter is kept, and its result taken once, by Take.
#pragma warning disable CA2012
                _read = reader.ReadAsync().ConfigureAwait(false).GetAwaiter();
#pragma warning restore CA2012
                _isReading = true;
            }
            catch (Exception failure)
            {
                _failure = failure;
                return false;
            }
        }

        if (Volatile.Read(ref _ready) is not null)
        {
            // It has been asked for already.
            return true;
        }

        if (_read.IsCompleted)
        {
            return false;
        }

        _ready = ready;
        _read.UnsafeOnCompleted(_onRead ??= OnRead);
        return true;
    }

    public override async ValueTask DisposeAsync()
    {
        // A read that nobody answers any more is ended before the reader is: it may be writing into what the reader would give back.
        if (_isReading && Volatile.Read(ref _ready) is not null)
        {
            var ended = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            if (Interlocked.Exchange(ref _ready, ended.SetResult) is not null)
            {
                reader.CancelPendingRead();
                await ended.Task.ConfigureAwait(false);
            }
        }

        await reader.CompleteAsync().ConfigureAwait(false);
    }

    // Until this has been called the result is left alone: it is taken once.
    private void OnRead() => Interlocked.Exchange(ref _ready, null)?.Invoke();

    // What a read has brought is looked at here, by the write loop, not where the read happened to end.
    private void Take()
    {
        if (!_isReading || Volatile.Read(ref _ready) is not null || !_read.IsCompleted)
        {
            return;
        }

        _isReading = false;
        try
        {
            var result = _read.GetResult();
            _isAtEnd = result.IsCompleted;
            _buffer = result.Buffer;
            _hasResult = true;
        }
        catch (Exception failure)
        {
            _failure = failure;
            return;
        }

        if (_isAtEnd && length is not null && _buffer.Length < _left)
        {
            _failure = new EndOfStreamException($"The body ended {_left - _buffer.Length} octets before the length that was given for it");
        }

        if (_buffer.IsEmpty)
        {
            GiveBack(_buffer.End);
        }
    }

    private void GiveBack(SequencePosition consumed)
    {
        reader.AdvanceTo(consumed);
        _hasResult = false;
        _buffer = default;
    }

    // The first segment of a slice can be what is left of one that was used up: nothing.
    private static ReadOnlyMemory<byte> FirstOf(in ReadOnlySequence<byte> octets)
    {
        foreach (var memory in octets)
        {
            if (!memory.IsEmpty)
            {
                return memory;
            }
        }

        return default;
    }
}
