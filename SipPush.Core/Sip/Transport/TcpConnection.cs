using System.Net.Security;
using System.Net.Sockets;
using System.Runtime.CompilerServices;
using System.Threading.Tasks.Sources;

namespace SipPush.Sip;

/// <summary>
/// One connection: a loop that reads and delivers, and a loop that writes whatever has gathered meanwhile in one go. It works on a
/// <see cref="Stream"/>, so that what encrypts can stand between it and the socket.
/// </summary>
/// <remarks>
/// The writing loop sleeps on itself as a value task source. Whoever adds the first octets wakes it through the thread pool's common queue, so that
/// senders already waiting there get their octets into the same write; the reading loop, at the end of a batch, runs it in
/// place and saves the hop.
/// </remarks>
internal sealed class TcpConnection : SipFlow, IValueTaskSource, IThreadPoolWorkItem
{
    /// <summary>How long the far end may take to close after this side has. Closing at once, with octets of it unread,
    /// would reset the connection and could take the last answer with it.</summary>
    private static readonly TimeSpan Linger = TimeSpan.FromSeconds(1);

    // Gathered during a batch beyond this, octets are written while the batch is still being delivered.
    private const int BatchWrite = 64 * 1024;

    private const long NoMessage = -1;

    private readonly ConnectionPool _pool;
    private readonly SipTransportReceiver _receiver;
    private readonly SipTransportOptions _options;
    private readonly Socket _socket;
    private readonly Stream _stream;
    private readonly StreamFramer _framer;
    private readonly Lock _gate = new();
    private readonly TaskCompletionSource _closing = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource _hurry = new(TaskCreationOptions.RunContinuationsAsynchronously);

    // All below is guarded by the gate, but the signal, which has one waiter and one setter at a time (_asleep decides which).
    private SendQueue _queue;
    private TaskCompletionSource? _room;
    private ManualResetValueTaskSourceCore<bool> _signal;
    private Exception? _reason;
    private KeepAlive? _keepAlive;
    private bool _asleep;
    private bool _inBatch;
    private volatile bool _isOpen = true;

    // What the sweep judges by. The loops only count: nobody asks for the time while octets flow.
    private long _reads;
    private long _messageBegan = NoMessage;
    private long _activity;
    private long _quietSince;

    public TcpConnection(
        SipTransport transport, ConnectionPool pool, SipTransportReceiver receiver, SipTransportOptions options,
        Socket socket, Stream stream, SipEndPoint local, SipEndPoint remote)
        : base(transport, local, remote)
    {
        _pool = pool;
        _receiver = receiver;
        _options = options;
        _socket = socket;
        _stream = stream;
        _framer = new StreamFramer(options.MessageLimits.HeaderSection, options.MessageLimits.Body);
        _queue = new SendQueue(options.Limits.ConnectionQueueBytes);
        _quietSince = options.TimeProvider.GetTimestamp();
    }

    public override bool IsOpen => _isOpen;

    internal override KeepAlive KeepAlive =>
        Volatile.Read(ref _keepAlive)
        ?? Interlocked.CompareExchange(ref _keepAlive, new KeepAlive(_options.TimeProvider, _options.Limits.PongTimeout, TryPing, GiveUp), null)
        ?? _keepAlive;

    /// <summary>Whom the server proved to be when this side opened a connection on TLS; otherwise null.</summary>
    public string? Domain { get; init; }

    /// <summary>True when the far end opened the connection.</summary>
    public bool IsAccepted { get; init; }

    /// <summary>Ends when both loops have and the end has been reported; never fails.</summary>
    public Task Completion { get; private set; } = Task.CompletedTask;

    /// <summary>Writes made so far, each of all that had gathered.</summary>
    internal long Writes { get; private set; }

    public void Start() => Completion = Task.Run(RunAsync);

    public ValueTask SendAsync(ReadOnlyMemory<byte> message, CancellationToken cancellationToken) =>
        TryQueue(message.Span) ? ValueTask.CompletedTask : QueueWhenRoomAsync(message, cancellationToken);

    /// <summary>Takes no more messages, writes what it has, and ends. The first reason counts.</summary>
    public void Close(Exception? reason)
    {
        bool wake;
        TaskCompletionSource? room;

        lock (_gate)
        {
            if (!_isOpen)
            {
                return;
            }

            _isOpen = false;
            _reason = reason;
            wake = TakeWake();
            room = _room;
            _room = null;
        }

        if (wake)
        {
            Wake();
        }
        room?.TrySetResult();
        _closing.TrySetResult();
    }

    /// <summary>As <see cref="Close"/>, without waiting long for the far end.</summary>
    public void CloseSoon()
    {
        _hurry.TrySetResult();
        Close(reason: null);
    }

    /// <summary>
    /// Closes the connection when the message on its way has been so for too long, or when nothing has come or gone for too long. Called now and
    /// then, by one at a time, with the clock's timestamp.
    /// </summary>
    public void CloseIfOverdue(long now)
    {
        var limits = _options.Limits;
        var began = Volatile.Read(ref _messageBegan);
        var activity = Volatile.Read(ref _reads) + Writes;

        if (began != NoMessage && IsOver(limits.MessageTimeout, began))
        {
            Close(new IOException($"{Remote} has not ended a message within {limits.MessageTimeout}"));
        }
        else if (activity != _activity)
        {
            _activity = activity;
            _quietSince = now;
        }
        else if (IsOver(limits.IdleTimeout, _quietSince))
        {
            Close(new IOException($"Nothing came from {Remote} and nothing went there for {limits.IdleTimeout}"));
        }

        bool IsOver(TimeSpan limit, long since) =>
            limit != Timeout.InfiniteTimeSpan && _options.TimeProvider.GetElapsedTime(since, now) >= limit;
    }

    private void Abort(Exception reason)
    {
        Close(reason);
        _stream.Dispose();
    }

    private async Task RunAsync()
    {
        var reading = ReadLoopAsync();
        var writing = WriteLoopAsync();
        await _closing.Task.ConfigureAwait(false);

        if (!await EndsAsync(writing, _options.Limits.SendTimeout, whenHurried: Linger).ConfigureAwait(false))
        {
            lock (_gate)
            {
                _reason ??= new IOException($"The last octets could not be written to {Remote} in time");
            }
        }
        await EndsAsync(reading, Linger, whenHurried: TimeSpan.Zero).ConfigureAwait(false);

        await _stream.DisposeAsync().ConfigureAwait(false);
        await reading.ConfigureAwait(false);
        await writing.ConfigureAwait(false);

        lock (_gate)
        {
            _queue.Drop();
        }

        Volatile.Read(ref _keepAlive)?.Dispose();
        _pool.Remove(this);
        Guard(() => _receiver.Closed(this, _reason));
    }

    private async Task<bool> EndsAsync(Task loop, TimeSpan timeout, TimeSpan whenHurried)
    {
        // Disposing is bounded by real time: a test's clock may stand still meanwhile.
        using var waited = new CancellationTokenSource(timeout, _options.TimeProvider);
        var timedOut = Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System, waited.Token);
        await Task.WhenAny(loop, timedOut, _hurry.Task).ConfigureAwait(false);

        if (!loop.IsCompleted && _hurry.Task.IsCompleted)
        {
            await loop.WaitAsync(whenHurried, TimeProvider.System).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }

        await waited.CancelAsync().ConfigureAwait(false);
        return loop.IsCompleted;
    }

    private async Task ReadLoopAsync()
    {
        using var buffer = new ReceiveBuffer();

        try
        {
            while (true)
            {
                var count = await _stream.ReadAsync(buffer.Space()).ConfigureAwait(false);

                if (count == 0)
                {
                    Close(buffer.Unconsumed.ContainsAnyExcept("\r\n"u8)
                        ? new EndOfStreamException($"{Remote} ended the connection within a message")
                        : null);
                    return;
                }

                _reads++;
                buffer.Received(count);
                DeliverBatch(buffer);
                buffer.Settle(count);

                // Whoever sends requests and does not read the answers is not read either.
                if (Volatile.Read(ref _room) is not null)
                {
                    await WaitForRoomAsync(CancellationToken.None).ConfigureAwait(false);
                }
            }
        }
        catch (Exception failure) when (IsOfStream(failure))
        {
            Close(failure);
        }
    }

    private void DeliverBatch(ReceiveBuffer buffer)
    {
        lock (_gate)
        {
            _inBatch = true;
        }

        var keepAlive = Volatile.Read(ref _keepAlive);
        var ended = false;

        while (_isOpen && DeliverNext(buffer, keepAlive, ref ended))
        {
        }

        var isReceiving = buffer.Unconsumed.ContainsAnyExcept("\r\n"u8);
        keepAlive?.OnReceived(ended, isReceiving);
        if (isReceiving && _messageBegan == NoMessage)
        {
            Volatile.Write(ref _messageBegan, _options.TimeProvider.GetTimestamp());
        }

        if (!_isOpen)
        {
            // What comes after the end is read only so that the far end can finish.
            buffer.Consume(buffer.Unconsumed.Length);
        }

        bool wake;
        lock (_gate)
        {
            _inBatch = false;
            wake = _queue.Waiting > 0 && TakeWake();
        }

        if (wake)
        {
            _signal.SetResult(true);
        }
    }

    private bool DeliverNext(ReceiveBuffer buffer, KeepAlive? keepAlive, ref bool ended)
    {
        var unconsumed = buffer.Unconsumed;

        if (unconsumed.IsEmpty)
        {
            return false;
        }

        var next = _framer.Next(unconsumed, keepAlive is { PongAwaited: true });

        switch (next.Status)
        {
            case FramingStatus.Done:
                ended = true;
                Deliver(unconsumed.Slice(next.Leading, next.Length));
                break;

            case FramingStatus.Pong:
                keepAlive?.OnPong();
                break;

            // A pong for which there is no room is not worth waiting for.
            case FramingStatus.KeepAlive:
                TryPong();
                break;

            case FramingStatus.Error:
                Report(unconsumed.Slice(next.Leading, next.Length), next.Error);
                Close(new InvalidDataException($"What {Remote} sent can't be framed: {next.Error}"));
                break;
        }

        buffer.Consume(next.Consumed);
        return next.Status is FramingStatus.Done or FramingStatus.KeepAlive or FramingStatus.Pong;
    }

    private async Task WriteLoopAsync()
    {
        var taken = ArraySegment<byte>.Empty;

        try
        {
            while (true)
            {
                bool sleep;
                TaskCompletionSource? room;

                lock (_gate)
                {
                    _queue.Written(taken);
                    taken = [];
                    room = _room;
                    _room = null;

                    if (_queue.Waiting == 0 && !_isOpen)
                    {
                        break;
                    }

                    // Octets that came during a write are not written on the waker's thread: it has its own work to do.
                    sleep = _queue.Waiting == 0;
                    _asleep = sleep;
                    _signal.Reset();
                }

                var signalled = new ValueTask(this, _signal.Version);
                room?.TrySetResult();

                if (!sleep)
                {
                    Wake();
                }
                await signalled.ConfigureAwait(false);

                lock (_gate)
                {
                    taken = _queue.Take();
                }

                if (taken.Count > 0)
                {
                    Writes++;
                    await _stream.WriteAsync(taken).ConfigureAwait(false);
                }
            }

            if (_stream is SslStream tls)
            {
                // close_notify: the far end knows that nothing was cut off (RFC 8446 §6.1).
                await tls.ShutdownAsync().ConfigureAwait(false);
            }
            _socket.Shutdown(SocketShutdown.Send);
        }
        catch (Exception failure) when (IsOfStream(failure))
        {
            Abort(failure);
        }
        finally
        {
            lock (_gate)
            {
                _queue.Written(taken);
            }
        }
    }

    private bool TryQueue(ReadOnlySpan<byte> octets)
    {
        bool wake;
        lock (_gate)
        {
            ThrowIfClosed();

            // Those who wait for room go first.
            if (_room is not null || !_queue.TryAdd(octets))
            {
                _room ??= new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
                return false;
            }

            wake = (!_inBatch || _queue.Waiting >= BatchWrite) && TakeWake();
        }

        if (wake)
        {
            Wake();
        }
        return true;
    }

    private async ValueTask QueueWhenRoomAsync(ReadOnlyMemory<byte> message, CancellationToken cancellationToken)
    {
        do
        {
            await WaitForRoomAsync(cancellationToken).ConfigureAwait(false);
        }
        while (!TryQueue(message.Span));
    }

    private async Task WaitForRoomAsync(CancellationToken cancellationToken)
    {
        if (Volatile.Read(ref _room) is not { } room)
        {
            return;
        }

        try
        {
            await room.Task.WaitAsync(_options.Limits.SendTimeout, _options.TimeProvider, cancellationToken).ConfigureAwait(false);
        }
        catch (TimeoutException)
        {
            var stuck = new IOException($"{Remote} has not read for {_options.Limits.SendTimeout}");
            Abort(stuck);
            throw stuck;
        }
    }

    private void TryPong()
    {
        lock (_gate)
        {
            if (_isOpen)
            {
                _queue.TryAdd("\r\n"u8);
            }
        }
    }

    private bool TryPing()
    {
        bool queued, wake;
        lock (_gate)
        {
            queued = _isOpen && _queue.TryAdd("\r\n\r\n"u8);
            wake = queued && !_inBatch && TakeWake();
        }

        if (wake)
        {
            Wake();
        }
        return queued;
    }

    private void GiveUp()
    {
        // One that is closing has its own time for that.
        if (_isOpen)
        {
            Abort(new IOException($"{Remote} has not answered a ping within {_options.Limits.PongTimeout}"));
        }
    }

    private void Deliver(ReadOnlySpan<byte> message)
    {
        Volatile.Write(ref _messageBegan, NoMessage);
#pragma warning disable CA1031 // What a receiver throws ends its connection, not the process.
        try
        {
            _receiver.Received(this, message);
        }
        catch (Exception fault)
        {
            Fault(fault);
        }
    }

    private void Report(ReadOnlySpan<byte> head, SipFramingError error)
    {
        try
        {
            _receiver.Unframeable(this, head, error);
        }
        catch (Exception fault)
        {
            Fault(fault);
        }
    }

    private void Guard(Action report)
    {
        try
        {
            report();
        }
        catch (Exception fault)
        {
            Fault(fault);
        }
#pragma warning restore CA1031
    }

    private void Fault(Exception fault)
    {
        _options.ReceiverFault?.Invoke(fault);
        Close(fault);
    }

    /// <summary>What a stream throws when it can't go on. From TLS that may be anything that the system's library says of a record.</summary>
    private bool IsOfStream(Exception failure) =>
        failure is IOException or ObjectDisposedException or SocketException || _stream is SslStream;

    private void ThrowIfClosed()
    {
        if (!_isOpen)
        {
            throw new IOException($"The connection to {Remote} has been closed", _reason);
        }
    }

    /// <summary>True for the one who has to wake the writing loop; under the gate.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private bool TakeWake()
    {
        var wake = _asleep;
        _asleep = false;
        return wake;
    }

    private void Wake() => ThreadPool.UnsafeQueueUserWorkItem(this, preferLocal: false);

    void IThreadPoolWorkItem.Execute() => _signal.SetResult(true);

    void IValueTaskSource.GetResult(short token) => _signal.GetResult(token);

    ValueTaskSourceStatus IValueTaskSource.GetStatus(short token) => _signal.GetStatus(token);

    void IValueTaskSource.OnCompleted(
        Action<object?> continuation, object? state, short token, ValueTaskSourceOnCompletedFlags flags) =>
        _signal.OnCompleted(continuation, state, token, flags);
}
