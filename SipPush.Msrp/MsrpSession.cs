using System.Runtime.CompilerServices;
using System.Text;
using System.Threading.Channels;
using SipPush.Msrp.Chunking;
using SipPush.Msrp.Connections;
using SipPush.Msrp.Diagnostics;
using SipPush.Msrp.Framing;
using SipPush.Msrp.Reports;
using SipPush.Msrp.Sessions;

namespace SipPush.Msrp;

/// <summary>
/// One MSRP session: two paths, messages in both directions. It is created by its <see cref="MsrpEndpoint"/>, told of its far end by <see cref="StartAsync"/>, and over when
/// <see cref="Completion"/> says so. All members may be called by any thread.
/// </summary>
public sealed class MsrpSession : IAsyncDisposable
{
    private readonly TaskCompletionSource<MsrpSessionEnd> _completion = new(TaskCreationOptions.RunContinuationsAsynchronously);

    private Channel<IncomingMsrpMessage>? _arrivals;
    private MsrpConnection? _connection;
    private MsrpRemote? _remote;

    // There when somebody waits for it, under the gate.
    private TaskCompletionSource? _started;
    private TaskCompletionSource? _bound;
    private bool _isEnding;

    // There when something has been sent.
    private byte[]? _sendPaths;

    internal MsrpSession(MsrpEndpoint endpoint, MsrpPath localPath, MsrpSessionOptions options, MsrpRelayLease? lease = null)
    {
        Endpoint = endpoint;
        Lease = lease;
        LocalPath = localPath;
        Options = options;
        LocalUri = localPath.Last;
        LocalUriOctets = Encoding.ASCII.GetBytes(LocalUri.ToString());
        Incoming = new IncomingMessages(this);
        Outgoing = new OutgoingMessages(this);
    }

    /// <summary>The path of this end, for its session description: where the far end connects first, this session last. Another one once a renewed lease has brought one
    /// (see <see cref="MsrpRelayOptions.OnPathChanged"/>).</summary>
    public MsrpPath LocalPath { get; private set; }

    /// <summary>The URI of this end.</summary>
    public MsrpUri LocalUri { get; private set; }

    /// <summary>How the session was set up.</summary>
    public MsrpSessionOptions Options { get; }

    /// <summary>The far end; null before <see cref="StartAsync"/>.</summary>
    public MsrpRemote? Remote => Volatile.Read(ref _remote);

    /// <summary>Completes when the session has ended, and says how. It never fails.</summary>
    public Task<MsrpSessionEnd> Completion => _completion.Task;

    /// <summary>What ended the session, when it was not meant to end; null otherwise.</summary>
    public Exception? Failure { get; private set; }

    internal MsrpEndpoint Endpoint { get; }

    /// <summary>The path through relays of this end that it is reached by; null when it has none.</summary>
    internal MsrpRelayLease? Lease { get; }

    /// <summary>Guards what begins, binds and ends. It is taken before the lock of the connection, never after.</summary>
    internal Lock Gate { get; } = new();

    internal MsrpLimits Limits => Endpoint.Options.Limits;

    /// <summary>Octets after which a chunk is ended: never more than half of the window, so that there is always one to wait for and one to send.</summary>
    internal int ChunkSize => Math.Min(Options.ChunkSize, Math.Max(1, Options.Window / 2));

    internal long RemoteMaxSize => Remote?.MaxSize ?? long.MaxValue;

    internal byte[] LocalUriOctets { get; private set; }

    /// <summary>Both path lines of what this end sends, once it has been started. Not under the lock of the connection.</summary>
    internal byte[] SendPaths
    {
        get
        {
            if (Volatile.Read(ref _sendPaths) is { } made)
            {
                return made;
            }

            lock (Gate)
            {
                return _sendPaths ??= SendPathsTo(_remote!);
            }
        }
    }

    internal IncomingMessages Incoming { get; }

    internal OutgoingMessages Outgoing { get; }

    internal MsrpConnection? Connection => Volatile.Read(ref _connection);

    internal bool IsOpen => !Volatile.Read(ref _isEnding);

    internal bool IsStarted => Remote is not null;

    /// <summary>
    /// Tells the session of its far end, and has it connected: as the active end it connects and sends a SEND at once (bodiless, unless a message already waits); as the
    /// passive end it waits for the SEND of the far end. Returns when the session is bound to its connection.
    /// </summary>
    /// <exception cref="MsrpException">It could not be connected, was refused, or nobody came within <see cref="MsrpEndpointOptions.BindTimeout"/>. The session has ended then.</exception>
    public async ValueTask StartAsync(MsrpRemote remote, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(remote);
        lock (Gate)
        {
            if (_remote is not null || _isEnding)
            {
                throw new InvalidOperationException("The session has been started before, or has ended");
            }

            if (remote.LocalPath is { } shown && Lease is null)
            {
                if (shown.Last.SessionId != LocalUri.SessionId)
                {
                    throw new ArgumentException("The path names another session", nameof(remote));
                }

                LocalPath = shown;
                LocalUri = shown.Last;
                LocalUriOctets = Encoding.ASCII.GetBytes(LocalUri.ToString());
            }

            Volatile.Write(ref _remote, remote);
            _started?.TrySetResult();
        }

        try
        {
            var connected = remote is { Role: MsrpRole.Passive, ConnectAfter: null } ? PeerInTimeAsync(cancellationToken) : ConnectInTimeAsync(remote, cancellationToken);
            await connected.ConfigureAwait(false);
        }
        catch (Exception failure)
        {
            End(failure is MsrpException { StatusCode: MsrpStatus.NoSuchSession or MsrpStatus.SessionInUse } ? MsrpSessionEnd.Refused : MsrpSessionEnd.NeverConnected, failure);
            throw;
        }

        MsrpLog.SessionBegan(Endpoint.Logger, LocalUri.SessionId, remote.Path);
    }

    /// <summary>
    /// Sends a message and waits for what becomes of it: until every chunk has been answered, where answers are wanted, and until the report has come, where one was asked
    /// for. Several messages can be under way at once; they take turns. Before the session is connected they wait.
    /// </summary>
    /// <exception cref="OperationCanceledException">Given up by the token: the far end is told by an aborted chunk.</exception>
    /// <exception cref="ArgumentException">A message with this Message-ID is under way.</exception>
    /// <exception cref="IOException">The source of the message failed; the far end is told by an aborted chunk.</exception>
    public ValueTask<MsrpSendResult> SendAsync(OutgoingMsrpMessage message, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(message);
        return Outgoing.SendAsync(message, cancellationToken);
    }

    /// <summary>The messages of the far end, each as soon as its first chunk has begun. Ends when the session does. For one reader at a time; while nobody takes messages, few are
    /// read ahead (<see cref="MsrpLimits.WaitingMessages"/>), and answers to what this end sends stand behind them: whoever waits for a <see cref="SendAsync"/> before he takes the next message
    /// may wait for himself.</summary>
    public async IAsyncEnumerable<IncomingMsrpMessage> ReceiveAllAsync([EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        await foreach (var message in Arrivals.Reader.ReadAllAsync(cancellationToken).ConfigureAwait(false))
        {
            yield return message;
        }
    }

    /// <summary>Waits until what is being sent has come to its end; what became of each message is told to whoever sent it. The session goes on: this is for ending something else first, such as a dialog.</summary>
    public async ValueTask DrainAsync(CancellationToken cancellationToken = default)
    {
        if (IsStarted)
        {
            // The token only ends the wait.
            await Task.WhenAll(Outgoing.Running()).WaitAsync(cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    /// <summary>Ends the session: what is being sent is brought to its end first, for as long as the token allows; then the connection is closed if no other session uses it.</summary>
    public async ValueTask CloseAsync(CancellationToken cancellationToken = default)
    {
        await DrainAsync(cancellationToken).ConfigureAwait(false);
        End(MsrpSessionEnd.Closed, null);
    }

    /// <summary>Ends the session at once: what is being sent ends as <see cref="MsrpSendOutcome.SessionEnded"/>.</summary>
    public ValueTask DisposeAsync()
    {
        End(MsrpSessionEnd.Closed, null);
        return ValueTask.CompletedTask;
    }

    /// <summary>Whether a media type is taken (RFC 4975 §7.3.1, §8.6).</summary>
    internal bool Accepts(ReadOnlySpan<byte> contentType) => AcceptedTypes.Match(Options.AcceptTypes, contentType);

    /// <summary>A message that begins with this SEND; null when the application does not want it.</summary>
    internal IncomingTransfer? CreateTransfer(MsrpHead head, byte[] fromPath)
    {
        var headers = new List<KeyValuePair<string, string>>();
        for (var i = 0; i < head.HeaderCount; i++)
        {
            var name = Encoding.UTF8.GetString(head.HeaderName(i));
            if (!HeaderText.IsOwn(name))
            {
                headers.Add(new(name, Encoding.UTF8.GetString(head.HeaderValue(i))));
            }
        }

        var message = new IncomingMsrpMessage(this, Encoding.UTF8.GetString(head.MessageId), Encoding.UTF8.GetString(head.ContentType), head.ByteRange?.Total, head.SuccessReport, headers);
        IncomingTransfer transfer;
        MsrpSink? sink = null;
        try
        {
            sink = Options.OpenSink?.Invoke(message);
        }
        catch (Exception failure)
        {
            MsrpLog.SinkFailed(Endpoint.Logger, failure);
            return null;
        }

        if (sink is not null)
        {
            var toSink = new SinkTransfer(this, head, fromPath, sink);
            Endpoint.Run(toSink.PumpAsync);
            transfer = toSink;
        }
        else
        {
            transfer = new StreamedTransfer(this, head, fromPath);
        }

        transfer.Message = message;
        message.Transfer = transfer;
        return transfer;
    }

    /// <summary>Hands a message to the application; false when too many wait already.</summary>
    internal bool TryOffer(IncomingTransfer transfer) => Arrivals.Writer.TryWrite(transfer.Message!) || !IsOpen;

    /// <summary>Completes when there is room for one message more, or the session has ended.</summary>
    internal Task RoomForMessageAsync() => Arrivals.Writer.WaitToWriteAsync().AsTask();

    /// <summary>Waits until the session has been started; not for ever.</summary>
    internal async ValueTask StartedWithinAsync(TimeSpan time)
    {
        Task started;
        lock (Gate)
        {
            if (_remote is not null)
            {
                return;
            }

            started = (_started ??= new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously)).Task;
        }

        try
        {
            await Task.WhenAny(started, _completion.Task).WaitAsync(time, Endpoint.Options.TimeProvider).ConfigureAwait(false);
        }
        catch (TimeoutException)
        {
            // The caller sees that it has not been started.
        }
    }

    /// <summary>A SEND for this session has come in on a connection: 200 when that is, or becomes, the session's connection.</summary>
    internal int TryBind(MsrpConnection connection)
    {
        lock (Gate)
        {
            if (_isEnding || _remote is not { } remote)
            {
                return MsrpStatus.NoSuchSession;
            }

            if (_connection is not null)
            {
                return _connection == connection ? MsrpStatus.Ok : MsrpStatus.SessionInUse;
            }

            if (Lease is { } lease)
            {
                // Only the relay has the path, and only on this connection is it valid (RFC 4976 §6.3).
                if (lease.Connection != connection)
                {
                    return MsrpStatus.SessionInUse;
                }
            }
            else if (!MsrpEndpoint.IsExpected(remote, connection))
            {
                MsrpLog.WrongFingerprint(Endpoint.Logger, LocalUri.SessionId);
                return MsrpStatus.Forbidden;
            }

            if (!connection.Attach(this))
            {
                return MsrpStatus.NoSuchSession;
            }
        }

        return MsrpStatus.Ok;
    }

    /// <summary>The connection has it from now on. Under its lock and the session's own.</summary>
    internal void IsBoundTo(MsrpConnection connection)
    {
        Volatile.Write(ref _connection, connection);
        Outgoing.IsBoundTo(connection);
        _bound?.TrySetResult();
        _bound = null;
    }

    /// <summary>The connection has ended; its read loop touches nothing of this session any more.</summary>
    internal void ConnectionEnded(Exception? failure)
    {
        lock (Connection!.Sync)
        {
            Incoming.FailAll("The connection was lost", failure);
        }

        End(failure is null ? MsrpSessionEnd.ClosedByPeer : MsrpSessionEnd.ConnectionLost, failure);
    }

    /// <summary>The lease has ended, and with it the way to this session.</summary>
    internal void LeaseEnded(MsrpSessionEnd end, Exception? failure) => End(end, failure);

    /// <summary>The lease was renewed with another path: what is sent from now on goes through it.</summary>
    internal void Move(MsrpPath localPath)
    {
        lock (Gate)
        {
            LocalPath = localPath;
            _sendPaths = null;
        }
    }

    /// <summary>The far end says that it does not have this session.</summary>
    internal void IsRefused(int status) => End(MsrpSessionEnd.Refused, new MsrpException($"The far end answered {status}", status));

    /// <summary>What has to be looked at now; gives when to look again. Under the lock of the connection.</summary>
    /// <param name="now">The time.</param>
    /// <param name="isRead">Whether the connection is being read: otherwise the chunks that are missing may be here already.</param>
    internal long OnTimer(long now, bool isRead)
    {
        var timeout = Connection!.PartialMessageTimeout;
        var oldest = isRead ? Incoming.DropBefore(now - timeout) : Incoming.Count > 0 ? now : long.MaxValue;
        return Math.Min(Outgoing.OnTimer(now), oldest == long.MaxValue ? oldest : oldest + timeout);
    }

    /// <summary>Writes a report on a message.</summary>
    internal void WriteReport(IncomingTransfer transfer, ByteRange range, int status, RentedBuffer output) =>
        WriteReport(transfer.ReportPath, transfer.MessageId, range, status, output);

    /// <summary>Writes a report on the message with that id.</summary>
    internal void WriteReport(byte[] path, byte[] messageId, ByteRange range, int status, RentedBuffer output)
    {
        Span<byte> transactionId = stackalloc byte[MsrpIdentifiers.TransactionIdLength];
        Endpoint.Options.Identifiers.WriteTransactionId(transactionId);
        MsrpFrameWriter.WriteReport(output, transactionId, path, LocalUriOctets, messageId, range, status);
    }

    /// <summary>The application reports on a message.</summary>
    internal void Report(IncomingTransfer transfer, int status)
    {
        var connection = Connection!;
        lock (connection.Sync)
        {
            ByteRange range;
            if (transfer.IsReported)
            {
                return;
            }

            if (status == MsrpStatus.Ok)
            {
                if (!transfer.IsEnded || !transfer.IsComplete || !transfer.TryTakeReport(out range))
                {
                    return;
                }
            }
            else if (transfer.FailureReport == FailureReportMode.No)
            {
                return;
            }
            else
            {
                range = FailureReport.RangeOf(new ByteRange(1, null, transfer.Total), transfer.Contiguous);
            }

            transfer.IsReported = true;
            if (IsOpen && connection.TakesUrgent)
            {
                WriteReport(transfer, range, status, connection.Urgent);
                connection.Wake();
            }
        }
    }

    /// <summary>A message that is read as a stream is here: its success is reported, behind the answers that wait.</summary>
    internal void ReportReceived(IncomingTransfer transfer, RentedBuffer answers)
    {
        lock (Connection!.Sync)
        {
            if (Options.ReportTiming == MsrpReportTiming.WhenReceived && !transfer.IsReported && transfer.TryTakeReport(out var range))
            {
                transfer.IsReported = true;
                WriteReport(transfer, range, MsrpStatus.Ok, answers);
            }
        }
    }

    /// <summary>The application, or a limit, refuses a message that is not whole.</summary>
    internal void Refuse(IncomingTransfer transfer, int status, string reason)
    {
        lock (Connection!.Sync)
        {
            Incoming.Refuse(transfer, status, reason);
        }
    }

    /// <summary>A sink has all of its message.</summary>
    internal void SinkIsComplete(IncomingTransfer transfer)
    {
        if (Options.ReportTiming == MsrpReportTiming.WhenReceived)
        {
            Report(transfer, MsrpStatus.Ok);
        }
    }

    /// <summary>A sink could not take its message: the sender is stopped, or, when it has sent everything, told.</summary>
    internal void SinkHasFailed(IncomingTransfer transfer, MsrpException reason)
    {
        MsrpLog.SinkFailed(Endpoint.Logger, reason);
        lock (Connection!.Sync)
        {
            Incoming.Refuse(transfer, MsrpStatus.MessageTooLarge, reason.Message);
            if (transfer is { IsEnded: true, IsComplete: true })
            {
                Report(transfer, reason.StatusCode);
            }
        }
    }

    internal void SinkIsNotClosed(Exception failure) => MsrpLog.SinkFailed(Endpoint.Logger, failure);

    private Channel<IncomingMsrpMessage> Arrivals
    {
        get
        {
            lock (Gate)
            {
                if (_arrivals is null)
                {
                    _arrivals = Channel.CreateBounded<IncomingMsrpMessage>(new BoundedChannelOptions(Limits.WaitingMessages) { SingleWriter = true });
                    if (_isEnding)
                    {
                        _arrivals.Writer.TryComplete();
                    }
                }

                return _arrivals;
            }
        }
    }

    private byte[] SendPathsTo(MsrpRemote remote) =>
        Encoding.ASCII.GetBytes($"To-Path: {MsrpEndpoint.ToPathOf(this, remote)}\r\nFrom-Path: {LocalUri}\r\n");

    // As ConnectInTimeAsync, for an end that never connects: many may wait so at once, and there is nothing to stop when the time is up.
    private async ValueTask PeerInTimeAsync(CancellationToken cancellationToken)
    {
        var bound = BoundOrEnded();
        using var timer = Endpoint.CreateTimer(
            static bound => ((TaskCompletionSource)bound!).TrySetException(new MsrpException("The session was not connected in time", MsrpStatus.RequestTimeout)), bound);
        timer.Change(Endpoint.Options.BindTimeout, Timeout.InfiniteTimeSpan);
        await bound.Task.WaitAsync(cancellationToken).ConfigureAwait(false);
        ThrowIfUnbound();
    }

    private async ValueTask ConnectInTimeAsync(MsrpRemote remote, CancellationToken cancellationToken)
    {
        using var timeout = new CancellationTokenSource(Endpoint.Options.BindTimeout, Endpoint.Options.TimeProvider);
        using var both = CancellationTokenSource.CreateLinkedTokenSource(timeout.Token, cancellationToken);
        try
        {
            if (remote.Role == MsrpRole.Active)
            {
                var connecting = ConnectAsync(remote, both.Token).AsTask();
                if (await Task.WhenAny(connecting, _completion.Task).ConfigureAwait(false) != connecting)
                {
                    await both.CancelAsync().ConfigureAwait(false);
                }

                await connecting.ConfigureAwait(false);
            }
            else
            {
                await PeerOrConnectAsync(remote, remote.ConnectAfter!.Value, both.Token).ConfigureAwait(false);
            }
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            throw IsOpen ? new MsrpException("The session was not connected in time", MsrpStatus.RequestTimeout) : new MsrpException("The session has ended", 0, Failure);
        }
    }

    private async ValueTask PeerOrConnectAsync(MsrpRemote remote, TimeSpan patience, CancellationToken cancellationToken)
    {
        var bound = BoundOrEnded().Task;
        await bound.WaitAsync(patience, Endpoint.Options.TimeProvider, cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        cancellationToken.ThrowIfCancellationRequested();
        if (!bound.IsCompleted)
        {
            try
            {
                await ConnectAsync(remote, cancellationToken).ConfigureAwait(false);
                return;
            }
            catch (MsrpException)
            {
                // It can't be reached, or has come meanwhile: nothing is lost by waiting on.
            }
        }

        await bound.WaitAsync(cancellationToken).ConfigureAwait(false);
        ThrowIfUnbound();
    }

    private TaskCompletionSource BoundOrEnded()
    {
        lock (Gate)
        {
            _bound ??= new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            if (_connection is not null || _isEnding)
            {
                _bound.TrySetResult();
            }

            return _bound;
        }
    }

    private void ThrowIfUnbound()
    {
        if (Connection is null)
        {
            throw new MsrpException("The session has ended", 0, Failure);
        }
    }

    private async ValueTask ConnectAsync(MsrpRemote remote, CancellationToken cancellationToken)
    {
        var connection = Lease?.Connection ?? await Endpoint.ConnectAsync(remote, cancellationToken).ConfigureAwait(false);
        var announces = !Outgoing.CanAnnounce;
        lock (Gate)
        {
            if (_isEnding || _connection is not null || !connection.Attach(this))
            {
                connection.CloseIfUnused();
                throw new MsrpException("The session, or its connection, has ended");
            }
        }

        if (announces)
        {
            var headers = Encoding.ASCII.GetBytes($"Message-ID: {Endpoint.Options.Identifiers.NewMessageId()}\r\nByte-Range: 1-0/0\r\n");
            var response = await connection.RequestAsync("SEND"u8.ToArray(), Encoding.ASCII.GetBytes(MsrpEndpoint.ToPathOf(this, remote)), LocalUriOctets, headers, cancellationToken).ConfigureAwait(false);
            if (response.Status is < 200 or >= 300)
            {
                throw new MsrpException($"The far end answered {response.Status} {response.Comment}", response.Status);
            }
        }
    }

    private void End(MsrpSessionEnd end, Exception? failure)
    {
        MsrpConnection? connection;
        TaskCompletionSource? bound;
        lock (Gate)
        {
            if (_isEnding)
            {
                return;
            }

            Volatile.Write(ref _isEnding, true);
            Failure = failure;
            connection = _connection;
            _arrivals?.Writer.TryComplete();
            bound = _bound;
        }

        if (connection is not null)
        {
            lock (connection.Sync)
            {
                Incoming.RefuseAll("The session has ended");
            }
        }

        Outgoing.EndAll(end is MsrpSessionEnd.ConnectionLost or MsrpSessionEnd.ClosedByPeer ? MsrpSendOutcome.ConnectionLost : MsrpSendOutcome.SessionEnded);
        Endpoint.Forget(this);
        connection?.Detach(this);
        MsrpLog.SessionEnded(Endpoint.Logger, LocalUri.SessionId, end, failure);
        _completion.TrySetResult(end);
        bound?.TrySetResult();
    }
}
