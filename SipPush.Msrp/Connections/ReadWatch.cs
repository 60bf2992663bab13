using SipPush.Msrp.Chunking;

namespace SipPush.Msrp.Connections;

/// <summary>
/// What the read loop of a connection waits for, and for how long it may: a head, a body at some rate, a reader of this end. Told by the read loop, looked at by the timer; what they share is guarded by
/// the lock of the connection.
/// </summary>
internal sealed class ReadWatch(MsrpConnection connection, MsrpLimits limits)
{
    private ReadPhase _phase;
    private long _frame;
    private long _phaseSince;
    private long _rateSince;
    private long _octetsAtRate;
    private long _octets;
    private IncomingTransfer? _suspendedBy;

    /// <summary>When the read loop last began to look at what it has: time enough for whatever comes of that.</summary>
    public long ReadAt { get; private set; }

    /// <summary>Whether the read loop waits for this end. Under the lock.</summary>
    public bool IsSuspended => _phase == ReadPhase.Suspended;

    private long StallTime => TimeSpan.FromSeconds((double)limits.ReadAhead / 2 / limits.MinimumReaderRate).Ticks;

    public void IsReading() => ReadAt = connection.Now;

    /// <summary>So many octets are in the buffer that have not been there before.</summary>
    public void HasRead(long octets) => Volatile.Write(ref _octets, _octets + octets);

    /// <summary>What the read loop waits for from now on.</summary>
    /// <param name="phase">What.</param>
    /// <param name="frame">Of which frame: the same phase of another one begins anew.</param>
    public void IsWithin(ReadPhase phase, long frame)
    {
        if (phase == _phase && (frame == _frame || phase == ReadPhase.Idle))
        {
            return;
        }

        lock (connection.Sync)
        {
            _phase = phase;
            _frame = frame;
            _phaseSince = connection.Now;
            _rateSince = _phaseSince;
            _octetsAtRate = _octets;
        }

        if (phase == ReadPhase.Head)
        {
            connection.ShowDeadline(_phaseSince + limits.HeadTimeout.Ticks);
        }
        else if (phase == ReadPhase.Body)
        {
            connection.ShowDeadline(_phaseSince + limits.RatePeriod.Ticks);
        }
    }

    /// <summary>The read loop waits for the reader of that message, or no longer.</summary>
    public void IsSuspendedBy(IncomingTransfer? transfer)
    {
        if (transfer is null && _suspendedBy is null)
        {
            return;
        }

        IsWithin(transfer is null ? ReadPhase.Idle : ReadPhase.Suspended, _frame);
        lock (connection.Sync)
        {
            _suspendedBy = transfer;
            if (transfer is not null)
            {
                // Something else may have been waited for within this frame before; that is not its reader's time.
                _phaseSince = connection.Now;
            }

            if (connection.HasFailed)
            {
                transfer?.CancelFlush();
            }
        }

        if (transfer is not null && limits.MinimumReaderRate > 0)
        {
            connection.ShowDeadline(_phaseSince + StallTime);
        }
    }

    /// <summary>The connection is given up: no reader is waited for. Under the lock.</summary>
    public void Release() => _suspendedBy?.CancelFlush();

    /// <summary>Looks whether something has taken too long, and says when to look again. Under the lock.</summary>
    public MsrpException? Check(long now, ref long next)
    {
        switch (_phase)
        {
            case ReadPhase.Head:
                {
                    var deadline = _phaseSince + limits.HeadTimeout.Ticks;
                    if (deadline <= now)
                    {
                        return new MsrpException("A head did not come in time");
                    }

                    next = Math.Min(next, deadline);
                    return null;
                }

            case ReadPhase.Body when limits.MinimumBodyRate > 0:
                {
                    var deadline = _rateSince + limits.RatePeriod.Ticks;
                    if (deadline <= now)
                    {
                        var octets = Volatile.Read(ref _octets);
                        if (octets - _octetsAtRate < limits.MinimumBodyRate * limits.RatePeriod.TotalSeconds)
                        {
                            return new MsrpException("A body came too slowly");
                        }

                        _rateSince = now;
                        _octetsAtRate = octets;
                        deadline = now + limits.RatePeriod.Ticks;
                    }

                    next = Math.Min(next, deadline);
                    return null;
                }

            case ReadPhase.Suspended when _suspendedBy is { } transfer && limits.MinimumReaderRate > 0:
                {
                    var deadline = _phaseSince + StallTime;
                    if (deadline <= now)
                    {
                        if (!transfer.TryRequestSpill())
                        {
                            transfer.Session.Incoming.Refuse(transfer, MsrpStatus.MessageTooLarge, "The application reads too slowly");
                        }

                        return null;
                    }

                    next = Math.Min(next, deadline);
                    return null;
                }

            default:
                return null;
        }
    }
}
