using SipPush.Msrp;
using SipPush.Sdp;

namespace SipPush;

/// <summary>One file of a push on its way: what is offered of it, and what has become of it so far.</summary>
internal sealed class OutgoingFile(PushFile file, FileSelector selector, string messageId)
{
    // Who refuses what it has acknowledged gets the file from its beginning once; more often would be without end.
    private bool _wasWholeAgain;

    public PushFile File => file;

    /// <summary>Octets at its beginning that are not sent (any more).</summary>
    public long Offset { get; set; } = file.ResumeFrom;

    /// <summary>What became of it; null until the first attempt has ended.</summary>
    public DeliveryReport? Report { get; private set; }

    /// <summary>Whether another attempt is worth it: the connection was lost, and nobody has given it up.</summary>
    public bool IsLost { get; private set; }

    /// <summary>Whether the far end does not have what this end thought it had: it is offered whole then.</summary>
    public bool IsWholeAgain { get; private set; }

    public bool IsDone => Report is not null && !IsLost && !IsWholeAgain;

    /// <summary>What the answer has to allow for it.</summary>
    public long Length => file.Size - Offset;

    /// <summary>What its icon is called in an offer.</summary>
    public string IconId { get; } = $"{messageId}@icon.invalid";

    /// <summary>A transfer of its own for each attempt (RFC 5547 §8.1).</summary>
    public MessageOffer Offer(SdpIdentifiers identifiers) => MessageOffer.Push(new FileTransfer
    {
        Selector = selector,
        TransferId = identifiers.NewFileTransferId(),
        Disposition = file.Disposition,
        Date = file.Date,
        Icon = file.Icon is null ? null : IconId,
        Range = Offset > 0 ? new FileRange(Offset + 1, file.Size) : null,
    });

    /// <summary>The message of this attempt, and what it is read from, which is the caller's to dispose of after it.</summary>
    public async ValueTask<(OutgoingMsrpMessage Message, Stream? Source)> OpenAsync(PushOptions push, CancellationToken cancellationToken)
    {
        var (message, source) = await file.OpenAsync(Offset, cancellationToken).ConfigureAwait(false);
        message = message with
        {
            MessageId = messageId,
            SuccessReport = push.SuccessReport,
            Progress = file.Progress is { } progress ? new PushSession.Relay(progress) : null,
        };
        return (message, source);
    }

    /// <summary>It was sent, or something came in its way.</summary>
    public void IsSent(MsrpSendResult result, TimeSpan elapsed, bool isOver)
    {
        IsLost = !isOver && result.Outcome is MsrpSendOutcome.ConnectionLost or MsrpSendOutcome.SessionEnded or MsrpSendOutcome.TimedOut;
        End(result.Outcome, result.StatusCode, null, null, result.Progress.Written, elapsed, result.Progress.Acknowledged);
    }

    /// <summary>The far end does not take it. What was resumed by this end alone is offered whole once more: the far end may have less than it acknowledged.</summary>
    public void IsRefused(int status, string reason)
    {
        IsLost = false;
        IsWholeAgain = Offset > file.ResumeFrom && !_wasWholeAgain;
        _wasWholeAgain |= IsWholeAgain;
        Offset = IsWholeAgain ? 0 : Offset;
        End(MsrpSendOutcome.Refused, status, reason, null, 0, default, 0);
    }

    /// <summary>There was no session for it.</summary>
    public void IsNotConnected(Exception error, TimeSpan elapsed, bool isOver)
    {
        IsLost = !isOver;
        End(MsrpSendOutcome.ConnectionLost, 0, error.Message, error, 0, elapsed, 0);
    }

    /// <summary>It was given up, or can't be read.</summary>
    public void HasFailed(Exception error, TimeSpan elapsed)
    {
        IsLost = false;
        End(MsrpSendOutcome.SessionEnded, 0, error.Message, error, 0, elapsed, 0);
    }

    private void End(MsrpSendOutcome outcome, int status, string? reason, Exception? error, long written, TimeSpan elapsed, long acknowledged)
    {
        IsWholeAgain &= outcome == MsrpSendOutcome.Refused;
        var isSuccess = outcome is MsrpSendOutcome.Sent or MsrpSendOutcome.Acknowledged or MsrpSendOutcome.Reported;

        // A range has an octet at least.
        var reached = Math.Min(Offset + acknowledged, Math.Max(0, file.Size - 1));
        Offset = IsLost ? reached : Offset;
        Report = new DeliveryReport
        {
            MessageId = messageId,
            Outcome = outcome,
            StatusCode = status,
            Reason = reason,
            Error = error,
            Bytes = (Report?.Bytes ?? 0) + written,
            Elapsed = (Report?.Elapsed ?? default) + elapsed,
            File = file,
            ResumeAt = !isSuccess && outcome != MsrpSendOutcome.Refused && reached > 0 ? reached : null,
        };
    }
}
