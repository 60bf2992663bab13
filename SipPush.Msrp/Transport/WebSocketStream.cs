using System.Buffers;
using System.Net.WebSockets;
using SipPush.Msrp.Framing;

namespace SipPush.Msrp.Transport;

/// <summary>
/// MSRP on a WebSocket (RFC 7977 §4, §5.1): what is written is cut so that each frame of MSRP is one message, however it was cut before; text and binary messages are read alike, as octets.
/// One may read and one may write at a time.
/// </summary>
internal sealed class WebSocketStream(WebSocket socket) : Stream
{
    private const int BufferSize = 64 * 1024;

    // Of frames that this library has written itself.
    private static readonly MsrpFrameLimits OwnFrames = new(Head: 1 << 20, Headers: 1024, NonSendBody: 10_240);

    // How long the far end may take for its part of closing. It is real time: a test's clock may stand still meanwhile.
    private static readonly TimeSpan Linger = TimeSpan.FromSeconds(1);

    private readonly MsrpFrameState _frames = new(OwnFrames);
    private readonly byte[] _buffer = ArrayPool<byte>.Shared.Rent(BufferSize);
    private byte[] _undecided = [];
    private ReadOnlyMemory<byte> _received;
    private Task<ValueWebSocketReceiveResult>? _receiving;

    public override bool CanRead => true;

    public override bool CanSeek => false;

    public override bool CanWrite => true;

    public override long Length => throw new NotSupportedException();

    public override long Position
    {
        get => throw new NotSupportedException();
        set => throw new NotSupportedException();
    }

    /// <exception cref="IOException">The connection broke.</exception>
    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        while (_received.IsEmpty)
        {
            if (!await ReceiveAsync(cancellationToken).ConfigureAwait(false))
            {
                return 0;
            }
        }

        var count = Math.Min(buffer.Length, _received.Length);
        _received[..count].CopyTo(buffer);
        _received = _received[count..];
        return count;
    }

    /// <exception cref="IOException">The connection broke.</exception>
    public override async ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
    {
        try
        {
            while (!buffer.IsEmpty)
            {
                var length = TakeFrame(buffer, out var isWhole);
                await socket.SendAsync(buffer[..length], WebSocketMessageType.Binary, isWhole, cancellationToken).ConfigureAwait(false);
                buffer = buffer[length..];
            }
        }
        catch (WebSocketException failure)
        {
            throw new IOException(failure.Message, failure);
        }
    }

    /// <summary>Closes the WebSocket in order, where it still can be, and waits a moment for the far end to do so too.</summary>
    public override async ValueTask DisposeAsync()
    {
        using var bounded = new CancellationTokenSource(Linger, TimeProvider.System);
        try
        {
            if (socket.State is WebSocketState.Open or WebSocketState.CloseReceived)
            {
                await socket.CloseOutputAsync(WebSocketCloseStatus.NormalClosure, null, bounded.Token).ConfigureAwait(false);
                while (await ReceiveAsync(bounded.Token).ConfigureAwait(false))
                {
                    _received = default;
                }
            }
        }
        catch (Exception failure) when (failure is WebSocketException or OperationCanceledException or IOException or ObjectDisposedException)
        {
            // It is over in any case.
        }

        socket.Dispose();
        if (_receiving is { } receiving)
        {
            await ((Task)receiving).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }

        ArrayPool<byte>.Shared.Return(_buffer);
        _frames.Dispose();
        await base.DisposeAsync().ConfigureAwait(false);
    }

    public override Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
        ReadAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    public override Task WriteAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
        WriteAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    public override Task FlushAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public override void Flush()
    {
    }

    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    // False when the far end has closed. A WebSocket whose receiving is cancelled is broken: so only the wait is, and what it waited for is kept.
    private async ValueTask<bool> ReceiveAsync(CancellationToken cancellationToken)
    {
        try
        {
            _receiving ??= socket.ReceiveAsync(_buffer.AsMemory(), CancellationToken.None).AsTask();
            var result = await _receiving.WaitAsync(cancellationToken).ConfigureAwait(false);
            _receiving = null;
            _received = _buffer.AsMemory(0, result.Count);
            return result.MessageType != WebSocketMessageType.Close;
        }
        catch (WebSocketException failure)
        {
            _receiving = null;
            throw new IOException(failure.Message, failure);
        }
    }

    // How many of the octets belong to the frame that is being written: up to its end, or all of them.
    private int TakeFrame(ReadOnlyMemory<byte> octets, out bool isWhole)
    {
        var before = _undecided.Length;
        var buffer = new ReadOnlySequence<byte>(before == 0 ? octets : (byte[])[.. _undecided, .. octets.Span]);
        var reader = new MsrpFrameReader(buffer, _frames);
        while (reader.Read())
        {
            if (reader.Token == MsrpFrameToken.End)
            {
                _undecided = [];
                isWhole = true;
                return (int)buffer.GetOffset(reader.Consumed) - (int)buffer.GetOffset(buffer.Start) - before;
            }
        }

        _undecided = buffer.Slice(reader.Consumed).ToArray();
        isWhole = false;
        return octets.Length;
    }
}
