using System.IO.Pipelines;

namespace SipPush.Msrp.Chunking;

/// <summary>A body read from a stream. A pipe stands between, so that the next piece is read while one is being sent.</summary>
internal sealed class StreamBodySource : PipeBodySource
{
    private const int PieceSize = 64 * 1024;

    private readonly Stream _stream;
    private readonly bool _ownsStream;
    private readonly CancellationTokenSource _stop = new();
    private readonly Task _reading;

    public StreamBodySource(Stream stream, bool ownsStream, long? length)
        : this(stream, ownsStream, length, new Pipe(new PipeOptions(pauseWriterThreshold: 4 * PieceSize, resumeWriterThreshold: 2 * PieceSize, minimumSegmentSize: PieceSize, useSynchronizationContext: false)))
    {
    }

    private StreamBodySource(Stream stream, bool ownsStream, long? length, Pipe pipe)
        : base(pipe.Reader, length)
    {
        _stream = stream;
        _ownsStream = ownsStream;
        _reading = ReadAsync(pipe.Writer, length ?? long.MaxValue);
    }

    public override async ValueTask DisposeAsync()
    {
        await base.DisposeAsync().ConfigureAwait(false);
        await _stop.CancelAsync().ConfigureAwait(false);
        await _reading.ConfigureAwait(false);
        _stop.Dispose();
        if (_ownsStream)
        {
            await _stream.DisposeAsync().ConfigureAwait(false);
        }
    }

    private async Task ReadAsync(PipeWriter output, long left)
    {
        // Not on the thread of whoever sends: a stream may well block.
        await Task.CompletedTask.ConfigureAwait(ConfigureAwaitOptions.ForceYielding);
        Exception? failure = null;
        try
        {
            while (left > 0)
            {
                var piece = output.GetMemory(PieceSize);
                var count = await _stream.ReadAsync(piece[..(int)Math.Min(piece.Length, left)], _stop.Token).ConfigureAwait(false);
                if (count == 0)
                {
                    break;
                }

                left -= count;
                output.Advance(count);
                if ((await output.FlushAsync(_stop.Token).ConfigureAwait(false)).IsCompleted)
                {
                    break;
                }
            }
        }
        catch (Exception exception)
        {
            failure = exception;
        }

        await output.CompleteAsync(failure).ConfigureAwait(false);
    }
}
