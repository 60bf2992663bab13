using System.IO.Pipelines;
using System.Runtime.InteropServices;
using Microsoft.Extensions.Logging;
using SipPush.Msrp.Chunking;
using SipPush.Msrp.Diagnostics;
using SipPush.Msrp.Framing;
using SipPush.Msrp.Transport;

namespace SipPush.Msrp.Connections;

/// <summary>
/// One connection with the sessions that are bound to it: a read loop, a write loop, one timer. <see cref="Sync"/> guards what the loops, the timer and the application share: sessions, transactions,
/// the queue of the scheduler. It is never held over an await, a callback of the application or a flush.
/// </summary>
internal sealed class MsrpConnection
{
    // Answers that wait because the peer takes none: beyond this its requests are not read.
    private const int MaximumUrgent = 512 * 1024;

    // The same of a stranger, whose requests for no session cost him nothing.
    private const int MaximumUnbound = 16 * 1024;

    private readonly MsrpLink _link;
    private readonly PipeReader _input;
    private readonly ConnectionWriter _writer;
    private readonly MsrpFlow? _flow;
    private readonly List<MsrpSession> _sessions = new(capacity: 1);
    private readonly List<MsrpRelayLease> _leases = [];
    private readonly long _openedAt;

    private readonly PendingRequests _requests = new();

    // There when there is somebody who waits for it.
    private TaskCompletionSource? _lost;

    private ITimer? _timer;
    private long _timerAt = long.MaxValue;
    private Exception? _failure;
    private (MsrpSession, int)? _refused;
    private bool _isClosing;
    private bool _isWritten;
    private bool _isEnded;

    public MsrpConnection(MsrpEndpoint endpoint, MsrpLink link, MsrpUri? dialed)
    {
        Endpoint = endpoint;
        Dialed = dialed;
        _link = link;
        var output = link.Output;
        _input = link.Input;
        if (endpoint.Options.Tap is { } tap)
        {
            _flow = new MsrpFlow(link.LocalEndPoint, link.RemoteEndPoint, link.IsSecure);
            _input = new TappedReader(_input, _flow, tap);
            output = new TappedWriter(output, _flow, tap);
        }

        _writer = new ConnectionWriter(this, output, endpoint.Options.Identifiers);
        _openedAt = Now;
        Reading = new ReadWatch(this, Limits);
        Completion = Task.CompletedTask;
    }

    public Lock Sync { get; } = new();

    public MsrpEndpoint Endpoint { get; }

    public MsrpLink Link => _link;

    /// <summary>What the read loop waits for.</summary>
    public ReadWatch Reading { get; }

    /// <summary>The URI whose host and port were dialed; null when the far end did.</summary>
    public MsrpUri? Dialed { get; }

    /// <summary>Both loops have ended and everything has been given back.</summary>
    public Task Completion { get; private set; }

    /// <summary>Completes when the connection has been given up, for whoever waits for something else meanwhile.</summary>
    public Task Lost
    {
        get
        {
            lock (Sync)
            {
                return _failure is not null ? Task.CompletedTask : (_lost ??= new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously)).Task;
            }
        }
    }

    public long Now => Endpoint.Now;

    public long WriteTimeout => Endpoint.Options.Limits.WriteTimeout.Ticks;

    public long PartialMessageTimeout => Endpoint.Options.Limits.PartialMessageTimeout.Ticks;

    public bool IsOpen
    {
        get
        {
            lock (Sync)
            {
                return !_isClosing && !_isEnded;
            }
        }
    }

    /// <summary>Whether it was given up. Under the lock.</summary>
    public bool HasFailed => _failure is not null;

    private MsrpLimits Limits => Endpoint.Options.Limits;

    private ILogger Logger => Endpoint.Logger;

    /// <summary>Begins to read and write.</summary>
    public void Start()
    {
        if (Dialed is null)
        {
            ShowDeadline(_openedAt + Limits.UnboundConnectionTimeout.Ticks);
        }

        Completion = RunAsync();
    }

    /// <summary>The far end is given up; both loops end.</summary>
    public void Fail(Exception failure)
    {
        lock (Sync)
        {
            _failure ??= failure;
            _lost?.TrySetResult();
            Reading.Release();
        }

        _link.Abort();
    }

    /// <summary>What waits is written, then the connection is closed.</summary>
    public void Close()
    {
        lock (Sync)
        {
            _isClosing = true;
        }

        _writer.Close(chunks: true);
    }

    // ---- Sessions

    /// <summary>Binds a session of this end, which its own first SEND announces. False when the connection has ended.</summary>
    public bool Attach(MsrpSession session)
    {
        lock (Sync)
        {
            if (_isClosing || _isEnded)
            {
                return false;
            }

            _sessions.Add(session);
            session.IsBoundTo(this);
            return true;
        }
    }

    /// <summary>A SEND for that session has come here: 200 when it belongs here (from now on, perhaps), or why not.</summary>
    public int Bind(MsrpSession session)
    {
        return session.Connection == this && session.IsOpen ? MsrpStatus.Ok : session.TryBind(this);
    }

    /// <summary>The session has ended. The last one closes the connection.</summary>
    public void Detach(MsrpSession session)
    {
        bool isLast;
        lock (Sync)
        {
            isLast = _sessions.Remove(session) && _sessions.Count == 0 && _leases.Count == 0;
        }

        if (isLast)
        {
            Close();
        }
    }

    /// <summary>Whether a session or a lease is bound to it.</summary>
    public bool IsUsed
    {
        get
        {
            lock (Sync)
            {
                return _sessions.Count > 0 || _leases.Count > 0;
            }
        }
    }

    /// <summary>Closes the connection when it has no session.</summary>
    public void CloseIfUnused()
    {
        if (!IsUsed)
        {
            Close();
        }
    }

    /// <summary>A lease of the relay at the far end keeps the connection open. False when it has ended.</summary>
    public bool Hold(MsrpRelayLease lease)
    {
        lock (Sync)
        {
            if (_isClosing || _isEnded)
            {
                return false;
            }

            _leases.Add(lease);
            return true;
        }
    }

    /// <summary>The lease has ended.</summary>
    public void LetGo(MsrpRelayLease lease)
    {
        lock (Sync)
        {
            _leases.Remove(lease);
        }

        CloseIfUnused();
    }

    /// <summary>The session that a To-Path names, or null.</summary>
    public MsrpSession? FindSession(ReadOnlySpan<byte> toPath, PathCache paths)
    {
        if (paths.SessionOf(toPath) is { } last)
        {
            return last;
        }

        var session = Endpoint.FindSession(toPath);
        if (session is not null)
        {
            paths.Remember(toPath, session);
        }

        return session;
    }

    // ---- What the read loop has to say

    public void OnResponse(MsrpHead head, PathCache paths)
    {
        if (head.TransactionId.Length != MsrpIdentifiers.TransactionIdLength || head.Error.Fault != MsrpFault.None)
        {
            MsrpLog.Stray(Logger, head.StatusCode);
            return;
        }

        var id = MemoryMarshal.Read<UInt128>(head.TransactionId);
        PendingRequest? request;
        var isKnown = true;
        lock (Sync)
        {
            if (!_requests.TryTake(id, out request))
            {
                isKnown = FindSession(head.ToPath, paths) is { } session && session.Connection == this
                    ? session.Outgoing.OnResponse(id, head.StatusCode)
                    : AnySessionKnows(id, head.StatusCode);
            }
        }

        request?.Complete(MsrpResponse.Of(head));
        if (!isKnown)
        {
            MsrpLog.Stray(Logger, head.StatusCode);
        }

        EndRefused();
    }

    // A middlebox may have changed the path of a response; the id still says whose it is.
    private bool AnySessionKnows(UInt128 id, int status)
    {
        foreach (var session in _sessions)
        {
            if (session.Outgoing.OnResponse(id, status))
            {
                return true;
            }
        }

        return false;
    }

    public void OnReport(MsrpHead head, PathCache paths)
    {
        if (FindSession(head.ToPath, paths) is { } session && session.Connection == this)
        {
            lock (Sync)
            {
                session.Outgoing.OnReport(head);
            }

            EndRefused();
        }
    }

    /// <summary>The far end does not have that session. Under the lock.</summary>
    public void IsRefused(MsrpSession session, int status) => _refused = (session, status);

    // Ending a session takes its own lock, which comes before this one.
    private void EndRefused()
    {
        (MsrpSession Session, int Status)? refused;
        lock (Sync)
        {
            refused = _refused;
            _refused = null;
        }

        if (refused is var (session, status))
        {
            session.IsRefused(status);
        }
    }

    public void IsMalformed(MsrpParseError error) => MsrpLog.Malformed(Logger, error.Fault, error.Header);

    /// <summary>A request of the far end is refused, whether or not it wants to hear of it.</summary>
    public void Refuses(int status, string? reason)
    {
        MsrpMetrics.RequestRefused(status);
        MsrpLog.Refused(Logger, status, reason ?? MsrpStatus.ReasonOf(status));
    }

    public void IsUnframeable(MsrpParseError error)
    {
        MsrpMetrics.Unframeable.Add(1);
        MsrpLog.Unframeable(Logger, error.Fault, error.Header);
    }

    // ---- What is written

    /// <summary>Responses and reports, to go out before anything else; the buffer is emptied.</summary>
    public void SendUrgent(RentedBuffer frames)
    {
        lock (Sync)
        {
            TakeUrgent(frames);
        }

        _writer.WakeHere();
    }

    /// <summary>As <see cref="SendUrgent"/>, but under the lock, followed by <see cref="Wake"/>, and nothing of it is left.</summary>
    public void TakeUrgent(RentedBuffer frames)
    {
        if (TakesUrgent && frames.Length > 0)
        {
            var urgent = _writer.Urgent;
            frames.Written.CopyTo(urgent.GetSpan(frames.Length));
            urgent.Advance(frames.Length);
        }

        frames.Clear();
    }

    /// <summary>Where a frame can be written that is to go out before anything else. Under the lock, and followed by <see cref="Wake"/>.</summary>
    public RentedBuffer Urgent => _writer.Urgent;

    /// <summary>Whether anything is still written. Under the lock.</summary>
    public bool TakesUrgent => !_isEnded && !_isWritten;

    /// <summary>Completes when the peer has taken enough of its answers for more to be made.</summary>
    public ValueTask UrgentHasRoomAsync()
    {
        lock (Sync)
        {
            if (_isEnded || _isWritten || _writer.Urgent.Length < (_sessions.Count == 0 && Dialed is null ? MaximumUnbound : MaximumUrgent))
            {
                return ValueTask.CompletedTask;
            }

            return new ValueTask(_writer.UrgentIsLowAsync());
        }
    }

    /// <summary>A message of a bound session has something to write. Under the lock.</summary>
    public void Schedule(OutgoingTransfer transfer)
    {
        if (_isEnded)
        {
            transfer.Release();
            return;
        }

        _writer.Scheduler.Add(transfer);
        _writer.Wake();
    }

    public void Wake() => _writer.Wake();

    /// <summary>Whether the write loop may be looking into the source of that message. Under the lock.</summary>
    public bool MayTouch(OutgoingTransfer transfer) => _writer.MayTouch(transfer);

    /// <summary>A request without a body that gets a response of its own: AUTH, and the SEND that binds a session.</summary>
    /// <exception cref="MsrpException">No answer in 30 s, or the connection was lost.</exception>
    public async Task<MsrpResponse> RequestAsync(ReadOnlyMemory<byte> method, ReadOnlyMemory<byte> toPath, ReadOnlyMemory<byte> fromPath, ReadOnlyMemory<byte> headers, CancellationToken cancellationToken)
    {
        var request = new PendingRequest(Now + MsrpEndpoint.TransactionTimeout);
        var id = Write(request);
        ShowDeadline(request.Deadline);
        _writer.Wake();
        try
        {
            return await request.Response.WaitAsync(cancellationToken).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (request.Response.IsCompletedSuccessfully)
        {
            // The answer was here first: a far end that refuses and leaves at once must not look as if it had only left.
            return await request.Response.ConfigureAwait(false);
        }
        finally
        {
            lock (Sync)
            {
                _requests.Remove(id);
            }
        }

        UInt128 Write(PendingRequest pending)
        {
            Span<byte> transactionId = stackalloc byte[MsrpIdentifiers.TransactionIdLength];
            Endpoint.Options.Identifiers.WriteTransactionId(transactionId);
            var key = MemoryMarshal.Read<UInt128>(transactionId);
            lock (Sync)
            {
                if (_isEnded || _isClosing)
                {
                    throw new MsrpException("The connection has ended", 0, _failure);
                }

                _requests.Add(key, pending);
                MsrpFrameWriter.WriteBodiless(_writer.Urgent, transactionId, method.Span, toPath.Span, fromPath.Span, headers.Span);
            }

            return key;
        }
    }

    // ---- Time

    /// <summary>Something has to be looked at by then.</summary>
    public void ShowDeadline(long deadline)
    {
        if (deadline >= Volatile.Read(ref _timerAt))
        {
            return;
        }

        lock (Sync)
        {
            if (deadline >= _timerAt || _isEnded)
            {
                return;
            }

            Volatile.Write(ref _timerAt, deadline);
            _timer ??= Endpoint.CreateTimer(static state => ((MsrpConnection)state!).OnTimer(), this);
            _timer.Change(Endpoint.Until(deadline), Timeout.InfiniteTimeSpan);
        }
    }

    private void OnTimer()
    {
        Exception? failure;
        long next;
        lock (Sync)
        {
            if (_isEnded)
            {
                return;
            }

            Volatile.Write(ref _timerAt, long.MaxValue);
            next = long.MaxValue;
            var now = Now;
            failure = CheckBound(now, ref next) ?? Reading.Check(now, ref next) ?? CheckWriting(now, ref next);
            _requests.Check(now, ref next);
            foreach (var session in _sessions)
            {
                next = Math.Min(next, session.OnTimer(now, isRead: !Reading.IsSuspended));
            }
        }

        if (failure is not null)
        {
            MsrpLog.GivenUp(Logger, failure.Message);
            Fail(failure);
        }
        else if (next != long.MaxValue)
        {
            ShowDeadline(next);
        }

        _writer.Wake();
    }

    private MsrpException? CheckBound(long now, ref long next)
    {
        if (_sessions.Count == 0 && Dialed is null)
        {
            var deadline = _openedAt + Limits.UnboundConnectionTimeout.Ticks;
            if (deadline <= now)
            {
                return new MsrpException("No session was bound to the connection in time");
            }

            next = Math.Min(next, deadline);
        }

        return null;
    }

    private MsrpException? CheckWriting(long now, ref long next)
    {
        if (_writer.FlushingSince is long.MaxValue)
        {
            return null;
        }

        var deadline = _writer.FlushingSince + WriteTimeout;
        if (deadline <= now)
        {
            return new MsrpException("The far end has taken nothing for too long");
        }

        next = Math.Min(next, deadline);
        return null;
    }

    // ---- Life

    private async Task RunAsync()
    {
        Exception? failure = null;
        var reader = new ConnectionReader(this, _input, Limits);
        var writing = WriteAsync();
        try
        {
            await reader.RunAsync().ConfigureAwait(false);
        }
        catch (Exception exception)
        {
            failure = exception;
        }

        // The far end has closed, or its octets can't be read any further: nobody would answer a chunk, but the answers to what was read still go out.
        lock (Sync)
        {
            _isClosing = true;
        }

        if (failure is not (null or MsrpException))
        {
            _link.Abort();
        }

        // The sessions are over now, not when a far end that may read nothing has taken its last answers.
        _writer.Close(chunks: false);
        EndSessions(failure);
        await writing.ConfigureAwait(false);
        End();
        reader.Dispose();
        await _link.DisposeAsync().ConfigureAwait(false);
        if (_flow is not null)
        {
            Endpoint.Options.Tap!.Closed(_flow);
        }

        Endpoint.HasEnded(this);
    }

    private async Task WriteAsync()
    {
        try
        {
            await _writer.RunAsync().ConfigureAwait(false);
        }
        catch (Exception exception)
        {
            Fail(exception);
        }

        // Broken, or closed by this end or by both: nothing is answered any more, so nothing is read, and the read loop must not wait for its answers to go.
        lock (Sync)
        {
            _isWritten = true;
            _writer.ReleaseUrgent();
        }

        _link.Input.CancelPendingRead();
    }

    private void EndSessions(Exception? failure)
    {
        MsrpSession[] sessions;
        MsrpRelayLease[] leases;
        lock (Sync)
        {
            failure = _failure ?? failure;
            sessions = [.. _sessions];
            _sessions.Clear();
            leases = [.. _leases];
            _leases.Clear();
            _requests.FailAll(failure);
        }

        foreach (var session in sessions)
        {
            session.ConnectionEnded(failure);
        }

        foreach (var lease in leases)
        {
            lease.ConnectionEnded(failure);
        }
    }

    private void End()
    {
        lock (Sync)
        {
            _isEnded = true;
            _writer.Release();
            _timer?.Dispose();
            _timer = null;
        }
    }
}
