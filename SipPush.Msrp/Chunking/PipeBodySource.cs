using System.Buffers;
using System.IO.Pipelines;
using System.Runtime.CompilerServices;

namespace SipPush.Msrp.Chunking;

/// <summary>A body that comes through a pipe, to its end or so many octets of it.</summary>
internal class PipeBodySource(PipeReader reader, long? length) : BodySource
{
    private long _left = length ?? long.MaxValue;
    private ReadResult _result;
    private ReadOnlyMemory<byte> _available;
    private ConfiguredValueTaskAwaitable<ReadResult>.ConfiguredValueTaskAwaiter _read;
    private bool _isReading;
    private Action? _ready;
    private Action? _onRead;
    private bool _hasResult;
    private bool _isAtEnd;
    private Exception? _failure;

    public sealed override ReadOnlyMemory<byte> Available
    {
        get
        {
            Take();
            return _available;
        }
    }

    public sealed override bool IsEnding
    {
        get
        {
            Take();
            return _available.Length == _left || (_isAtEnd && _hasResult is false) || (_isAtEnd && _available.Length == _result.Buffer.Length);
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
        _left -= count;
        var rest = _result.Buffer.Slice(count);
        if (rest.IsEmpty || _left == 0)
        {
            reader.AdvanceTo(rest.Start);
            _hasResult = false;
            _available = default;
        }
        else
        {
            _result = new ReadResult(rest, isCanceled: false, _result.IsCompleted);
            _available = Limit(FirstOf(rest));
        }
    }

    public sealed override bool Wait(Action ready)
    {
        if (HasNews())
        {
            return false;
        }

        if (!_isReading)
        {
            try
            {
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

    public override ValueTask DisposeAsync()
    {
        // A read that nobody answers any more is ended before the reader is.
        if (_isReading && !_read.IsCompleted)
        {
            reader.CancelPendingRead();
        }

        return reader.CompleteAsync();
    }

    // Until this has been called the result is left alone: it is taken once.
    private void OnRead()
    {
        var ready = _ready!;
        Volatile.Write(ref _ready, null);
        ready();
    }

    private bool HasNews()
    {
        Take();
        return !_available.IsEmpty || _isAtEnd || _left == 0 || _failure is not null;
    }

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
            _result = _read.GetResult();
        }
        catch (Exception failure)
        {
            _failure = failure;
            return;
        }

        _hasResult = true;
        _isAtEnd = _result.IsCompleted;
        _available = Limit(FirstOf(_result.Buffer));
        if (_result.Buffer.IsEmpty)
        {
            reader.AdvanceTo(_result.Buffer.End);
            _hasResult = false;
        }

        if (_isAtEnd && length is not null && _result.Buffer.Length < _left)
        {
            _failure = new EndOfStreamException($"The body ended {_left - _result.Buffer.Length} octets before the length that was given for it");
        }
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

    private ReadOnlyMemory<byte> Limit(ReadOnlyMemory<byte> octets) => octets.Length <= _left ? octets : octets[..(int)_left];
}
