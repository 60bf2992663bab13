using System.Buffers;
using System.IO.Pipelines;
using SipPush.Msrp.Chunking;
using SipPush.Msrp.Diagnostics;
using SipPush.Msrp.Framing;
using SipPush.Msrp.Reports;

namespace SipPush.Msrp.Connections;

/// <summary>
/// The read loop of a connection: takes frames apart, gives bodies to their messages, and collects the answers. It goes on reading only when what it has read has found room,
/// which is what slows a sender down.
/// </summary>
internal sealed class ConnectionReader(MsrpConnection connection, PipeReader input, MsrpLimits limits) : IDisposable
{
    // While there is more to read at once, answers wait for each other, but no longer than it takes to read this much: a quarter of the window that this library's senders have.
    private const int LongestAnswerDelay = 1024 * 1024;

    // So do octets for their readers, up to this much: waking one for each record of TLS costs more than the record.
    private const int MostUnshown = 256 * 1024;

    private readonly MsrpFrameStates _states = connection.Endpoint.FrameStates;
    private readonly RentedBuffer _answers = new();
    private readonly List<IncomingTransfer> _unflushed = [];
    private readonly List<(IncomingTransfer Transfer, ValueTask<FlushResult> Flush)> _flushes = [];
    private readonly PathCache _paths = new();

    // The SEND that is being read.
    private MsrpSession? _session;
    private IncomingTransfer? _transfer;
    private IncomingTransfer? _offered;
    private FailureReportMode _failureReport;
    private bool _isAnswered;
    private bool _isSend;
    private bool _isForeign;
    private MsrpFrameState? _state;
    private long _frames;
    private long _leftOver;
    private long _unanswered;
    private long _unshown;

    // The SEND brings octets that are here already, and wants its success reported: from where, and how many.
    private ByteRange? _repeated;
    private byte[] _repeatedId = [];
    private long _repeatedLength;

    private MsrpFrameState State => _state ??= _states.Rent();

    private ReadPhase Phase => _state is null || _state.IsBetweenFrames ? ReadPhase.Idle : _state.Phase == MsrpFramePhase.Head ? ReadPhase.Head : ReadPhase.Body;

    /// <summary>Reads until the far end closes; what ends the loop otherwise is thrown.</summary>
    public async Task RunAsync()
    {
        do
        {
            if (_unshown >= MostUnshown)
            {
                await FlushAsync().ConfigureAwait(false);
            }

            await AnswersHaveRoomAsync().ConfigureAwait(false);
        }
        while (await TakeAsync(await ReadAsync().ConfigureAwait(false)).ConfigureAwait(false));
    }

    /// <summary>The loop has ended: the message that was being read has, too, even when its session had left the connection before.</summary>
    public void Dispose()
    {
        if (_transfer is { IsEnded: false } transfer)
        {
            transfer.Session.Incoming.End(transfer, "The connection was lost");
        }

        _transfer = null;
        _state?.Dispose();
        _answers.Clear();
    }

    // While this end waits, nothing is held back, and nothing held that is not needed.
    private ValueTask<ReadResult> ReadAsync()
    {
        var read = input.ReadAsync();
        if (read.IsCompleted)
        {
            if (_unanswered >= LongestAnswerDelay)
            {
                SendAnswers();
            }
        }
        else
        {
            SendAnswers();
            if (_state is { HoldsNothing: true } state)
            {
                _state = null;
                _states.Return(state);
            }

            var flush = FlushAsync();
            if (!flush.IsCompletedSuccessfully)
            {
                return ReadBehindAsync(flush, read);
            }
        }

        connection.Reading.IsWithin(Phase, _frames);
        return read;
    }

    private async ValueTask<ReadResult> ReadBehindAsync(ValueTask flush, ValueTask<ReadResult> read)
    {
        await flush.ConfigureAwait(false);
        connection.Reading.IsWithin(Phase, _frames);
        return await read.ConfigureAwait(false);
    }

    // False when nothing more comes.
    private async ValueTask<bool> TakeAsync(ReadResult result)
    {
        if (result.IsCanceled)
        {
            return false;
        }

        var buffer = result.Buffer;
        var fresh = buffer.Length - _leftOver;
        connection.Reading.HasRead(fresh);
        MsrpMetrics.OctetsReceived.Add(fresh);
        _unanswered += fresh;
        _unshown += fresh;
        while (true)
        {
            var step = Step(ref buffer);
            if (_isForeign && !connection.IsUsed)
            {
                // Somebody else than was announced: told so, and left (RFC 4975 §14.4).
                SendAnswers();
                throw new MsrpException("The certificate of the far end is not the one that was announced", MsrpStatus.Forbidden);
            }

            if (step == ReadStep.Next)
            {
                break;
            }

            SendAnswers();
            if (step == ReadStep.Fail)
            {
                throw new MsrpException($"The stream is not MSRP: {State.Error.Fault}", MsrpStatus.BadRequest);
            }

            await FlushAsync().ConfigureAwait(false);
            await WaitAsync(step).ConfigureAwait(false);
        }

        connection.Link.ExpectsMore = Phase != ReadPhase.Idle;
        _leftOver = buffer.Length;
        input.AdvanceTo(buffer.Start, buffer.End);
        if (!result.IsCompleted)
        {
            return true;
        }

        await FlushAsync().ConfigureAwait(false);
        SendAnswers();
        return Phase == ReadPhase.Idle ? false : throw new MsrpException("The far end closed the connection within a frame");
    }

    private ReadStep Step(ref ReadOnlySequence<byte> buffer)
    {
        connection.Reading.IsReading();
        var reader = new MsrpFrameReader(buffer, State);
        var step = _offered is null ? ReadStep.Next : Offer();
        while (step == ReadStep.Next && reader.Read())
        {
            step = reader.Token switch
            {
                MsrpFrameToken.Head => OnHead(reader.Head),
                MsrpFrameToken.Body => OnBody(reader.Body),
                _ => OnEnd(reader.Flag),
            };
        }

        buffer = buffer.Slice(reader.Consumed);
        if (reader.Error.Fault != MsrpFault.None)
        {
            connection.IsUnframeable(reader.Error);
            return ReadStep.Fail;
        }

        return step;
    }

    private async ValueTask WaitAsync(ReadStep step)
    {
        connection.Reading.IsWithin(ReadPhase.Suspended, _frames);
        if (step == ReadStep.WaitForStart)
        {
            await _session!.StartedWithinAsync(limits.StartWait).ConfigureAwait(false);
            Bind(State.Head);
        }
        else
        {
            await Task.WhenAny(_session!.RoomForMessageAsync(), connection.Lost).ConfigureAwait(false);
            if (connection.Lost.IsCompleted)
            {
                throw new MsrpException("The connection was lost");
            }
        }
    }

    // Octets become visible to readers once for each buffer, not once for each slice; those of all messages, before any of their readers is waited for.
    private async ValueTask FlushAsync()
    {
        _unshown = 0;
        foreach (var transfer in _unflushed)
        {
            if (transfer.IsEnded)
            {
                continue;
            }

            var flush = transfer.FlushAsync();
            if (flush.IsCompleted)
            {
                HasFlushed(transfer, await flush.ConfigureAwait(false));
            }
            else
            {
                _flushes.Add((transfer, flush));
            }
        }

        _unflushed.Clear();
        foreach (var (transfer, flush) in _flushes)
        {
            if (!flush.IsCompleted)
            {
                SendAnswers();
                connection.Reading.IsSuspendedBy(transfer);
            }

            HasFlushed(transfer, await flush.ConfigureAwait(false));
            connection.Reading.IsSuspendedBy(null);
        }

        _flushes.Clear();
        if (_transfer is { RefusedWith: not 0 })
        {
            AnswerRefusal();
            SendAnswers();
        }
    }

    private static void HasFlushed(IncomingTransfer transfer, FlushResult result)
    {
        if (result.IsCompleted)
        {
            transfer.Session.Refuse(transfer, MsrpStatus.MessageTooLarge, "The application has stopped reading");
        }
        else if (result.IsCanceled)
        {
            transfer.Spill();
        }
    }

    private async ValueTask AnswersHaveRoomAsync()
    {
        var room = connection.UrgentHasRoomAsync();
        if (!room.IsCompleted)
        {
            SendAnswers();
            connection.Reading.IsWithin(ReadPhase.Suspended, _frames);
        }

        await room.ConfigureAwait(false);
    }

    private void SendAnswers()
    {
        _unanswered = 0;
        if (_answers.Length > 0)
        {
            connection.SendUrgent(_answers);
        }
    }

    private ReadStep OnHead(MsrpHead head)
    {
        if (head.IsResponse)
        {
            connection.OnResponse(head, _paths);
            return ReadStep.Next;
        }

        _isSend = head.Method == MsrpMethod.Send;
        _isAnswered = false;
        _failureReport = head.FailureReport;
        _session = null;
        _transfer = null;
        _repeated = null;
        if (head.Method == MsrpMethod.Report)
        {
            // Never answered, and nothing comes of one that can't be read or belongs to nothing (RFC 4975 §7.1.2).
            _isAnswered = true;
            if (head.Error.Fault == MsrpFault.None)
            {
                connection.OnReport(head, _paths);
            }

            return ReadStep.Next;
        }

        if (head.Error.Fault != MsrpFault.None)
        {
            connection.IsMalformed(head.Error);
            return Refuse(head, MsrpStatus.BadRequest);
        }

        if (!_isSend)
        {
            return Refuse(head, MsrpStatus.UnknownMethod);
        }

        _session = connection.FindSession(head.ToPath, _paths);
        if (_session is { IsStarted: false, IsOpen: true })
        {
            return ReadStep.WaitForStart;
        }

        Bind(head);
        return _offered is null ? ReadStep.Next : ReadStep.WaitForApplication;
    }

    // The SEND belongs to a session, or is refused.
    private void Bind(MsrpHead head)
    {
        var status = _session is null ? MsrpStatus.NoSuchSession : connection.Bind(_session);
        if (status != MsrpStatus.Ok)
        {
            _session = null;
            _isForeign = status == MsrpStatus.Forbidden;
            Refuse(head, status);
            return;
        }

        status = _session!.Incoming.Begin(head, _paths.FromPathOf(head.FromPath), out _transfer, out var isNew, out var isRepeated);
        if (status != MsrpStatus.Ok)
        {
            Refuse(head, status);
        }
        else if (isNew)
        {
            _offered = _transfer;
            Offer();
        }
        else if (isRepeated && head.SuccessReport && _session.Options is { ReportTiming: MsrpReportTiming.WhenReceived, OpenSink: null })
        {
            _repeated = head.ByteRange ?? new ByteRange(1, null, null);
            _repeatedId = head.MessageId.ToArray();
            _repeatedLength = 0;
        }
    }

    private ReadStep Offer()
    {
        if (_offered is { } offered && !_session!.TryOffer(offered))
        {
            return ReadStep.WaitForApplication;
        }

        _offered = null;
        return ReadStep.Next;
    }

    private ReadStep OnBody(ReadOnlySpan<byte> octets)
    {
        if (_transfer is not { } transfer)
        {
            _repeatedLength += octets.Length;
            return ReadStep.Next;
        }

        if (transfer.RefusedWith == 0 && transfer.Append(octets) is not ReassemblyOutcome.Taken and var outcome)
        {
            _session!.Refuse(transfer, MsrpStatus.MessageTooLarge, outcome == ReassemblyOutcome.MessageTooLarge ? "The message is larger than allowed" : "Too much of the message came before its turn");
        }

        if (transfer.RefusedWith != 0)
        {
            AnswerRefusal();
        }
        else
        {
            if (_unflushed.Count == 0 || _unflushed[^1] != transfer)
            {
                _unflushed.Add(transfer);
            }

            if (transfer.ReportsProgress && transfer.TryTakeReport(out var range))
            {
                _session!.WriteReport(transfer, range, MsrpStatus.Ok, _answers);
            }
        }

        return ReadStep.Next;
    }

    private ReadStep OnEnd(ContinuationFlag flag)
    {
        _frames++;
        if (!_isSend || _session is not { } session)
        {
            return ReadStep.Next;
        }

        var transfer = _transfer;
        _transfer = null;
        int status;
        if (transfer is { IsReportedByOthers: true })
        {
            // Whoever reports it does so as soon as it is whole: its answer goes first.
            lock (connection.Sync)
            {
                status = EndChunk(session, transfer, flag);
                if (transfer.IsEnded)
                {
                    connection.TakeUrgent(_answers);
                    connection.Wake();
                }
            }
        }
        else
        {
            status = EndChunk(session, transfer, flag);
        }

        if (status != MsrpStatus.Ok)
        {
            connection.Refuses(status, transfer!.Refusal);
        }

        if (transfer is StreamedTransfer { IsEnded: true, IsComplete: true })
        {
            session.ReportReceived(transfer, _answers);
        }

        if (_repeated is { } repeated && flag != ContinuationFlag.Aborted)
        {
            session.WriteReport(_paths.FromPath, _repeatedId, FailureReport.RangeOf(repeated, _repeatedLength), MsrpStatus.Ok, _answers);
        }

        return ReadStep.Next;
    }

    // Answers the chunk that has ended; gives the status.
    private int EndChunk(MsrpSession session, IncomingTransfer? transfer, ContinuationFlag flag)
    {
        var status = transfer is null ? MsrpStatus.Ok : session.Incoming.EndChunk(transfer, flag, State.Head.HasBody);
        if (status != MsrpStatus.Ok || _failureReport == FailureReportMode.Yes)
        {
            Answer(status);
        }

        return status;
    }

    // The answer goes out now, not at the end of the chunk: the sender can interrupt it (RFC 4975 §10.5).
    private void AnswerRefusal()
    {
        var transfer = _transfer!;
        _transfer = null;
        transfer.Session.Incoming.End(transfer, "The message was refused");
        connection.Refuses(transfer.RefusedWith, transfer.Refusal);
        Answer(transfer.RefusedWith);

        // Not one octet more than need be.
        _unanswered = LongestAnswerDelay;
    }

    // Answers a SEND of a session whose head may be gone by now.
    private void Answer(int status)
    {
        if (!_isAnswered && _failureReport != FailureReportMode.No)
        {
            MsrpFrameWriter.WriteResponse(_answers, State.Head.TransactionId, status, _paths.ResponsePath, _session!.LocalUriOctets);
        }

        _isAnswered = true;
    }

    private ReadStep Refuse(MsrpHead head, int status)
    {
        connection.Refuses(status, null);
        if (!_isAnswered && head.FailureReport != FailureReportMode.No && !head.FromPath.IsEmpty && !head.ToPath.IsEmpty)
        {
            // A response to a SEND goes to the neighbour only, any other by the whole path (RFC 4975 §7.2).
            var toPath = head.Method == MsrpMethod.Send ? PathCache.FirstOf(head.FromPath) : head.FromPath;
            MsrpFrameWriter.WriteResponse(_answers, head.TransactionId, status, toPath, PathCache.FirstOf(head.ToPath));
            _unanswered = LongestAnswerDelay;
        }

        _isAnswered = true;
        return ReadStep.Next;
    }
}
