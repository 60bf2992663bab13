using System.Text;
using SipPush.Msrp.Connections;
using SipPush.Msrp.Reports;

namespace SipPush.Msrp.Chunking;

/// <summary>One outgoing message on its way. The write loop owns <see cref="Source"/> and <see cref="Position"/>; everything else belongs to the lock of the connection.</summary>
internal sealed class OutgoingTransfer
{
    private readonly TaskCompletionSource<MsrpSendResult> _result = new(TaskCreationOptions.RunContinuationsAsynchronously);

    private readonly TaskCompletionSource _released = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public OutgoingTransfer(MsrpSession session, OutgoingMsrpMessage message, string messageId)
    {
        Session = session;
        Message = message;
        MessageId = messageId;
        HasMoved = message.Progress is null ? null : new AsyncSignal();
        Source = BodySource.Of(message);
        Total = message.Length;
        MessageIdOctets = Encoding.ASCII.GetBytes(messageId);
        ContentType = Encoding.UTF8.GetBytes(message.ContentType);
        Headers = WriteHeaders(message);
        SourceIsReady = () => Session.Outgoing.SourceIsReady(this);
    }

    public MsrpSession Session { get; }

    public OutgoingMsrpMessage Message { get; }

    public string MessageId { get; }

    public byte[] MessageIdOctets { get; }

    public byte[] ContentType { get; }

    /// <summary>What stands between Byte-Range and Content-Type in each chunk.</summary>
    public byte[] Headers { get; }

    public BodySource Source { get; }

    public Action SourceIsReady { get; }

    /// <summary>Octets written so far.</summary>
    public long Position { get; set; }

    /// <summary>Length of the message, as soon as it is known.</summary>
    public long? Total { get; set; }

    public TransferState State { get; set; }

    public bool WantsAnswers => Message.FailureReport == FailureReportMode.Yes;

    /// <summary>Whether the far end would answer at all.</summary>
    public bool MayBeAnswered => Message.FailureReport != FailureReportMode.No;

    /// <summary>Chunks begun, and those that were answered with 200.</summary>
    public int Chunks { get; set; }

    public int ChunksAcknowledged { get; set; }

    public long HandedOver { get; set; }

    public long Acknowledged { get; set; }

    /// <summary>Whether its last octet has been handed to the transport.</summary>
    public bool IsHandedOver { get; set; }

    public DeliveryTracker Reports { get; } = new();

    /// <summary>When the wait for the report ends, in ticks of the clock.</summary>
    public long ReportDeadline { get; set; } = long.MaxValue;

    /// <summary>Completes when the write loop does not touch <see cref="Source"/> any more.</summary>
    public Task Released => _released.Task;

    public bool IsDone => _result.Task.IsCompleted;

    public Task<MsrpSendResult> Result => _result.Task;

    /// <summary>Set whenever <see cref="Progress"/> has changed, or the message has ended; null when nobody wants to know.</summary>
    public AsyncSignal? HasMoved { get; }

    /// <summary>How far it has come; an answer or a report can overtake what the transport says of the octets.</summary>
    public MsrpProgress Progress => new(Math.Max(HandedOver, Math.Max(Acknowledged, Reports.Confirmed)), Acknowledged, Reports.Confirmed, Total);

    public bool IsAcknowledged => IsHandedOver && (!WantsAnswers || ChunksAcknowledged == Chunks);

    public void Release() => _released.TrySetResult();

    public void End(MsrpSendOutcome outcome, int status = 0)
    {
        _result.TrySetResult(new MsrpSendResult(outcome, MessageId, status, Progress));
        HasMoved?.Set();
    }

    public void Fail(Exception failure)
    {
        _result.TrySetException(failure as IOException ?? new IOException("The source of the message has failed", failure));
        HasMoved?.Set();
    }

    public void Cancel(CancellationToken cancellationToken)
    {
        _result.TrySetCanceled(cancellationToken);
        HasMoved?.Set();
    }

    private static byte[] WriteHeaders(OutgoingMsrpMessage message)
    {
        var text = new StringBuilder();
        if (message.SuccessReport)
        {
            text.Append("Success-Report: yes\r\n");
        }

        if (message.FailureReport != FailureReportMode.Yes)
        {
            text.Append("Failure-Report: ").Append(message.FailureReport == FailureReportMode.No ? "no" : "partial").Append("\r\n");
        }

        foreach (var (name, value) in message.Headers)
        {
            text.Append(name).Append(": ").Append(value).Append("\r\n");
        }

        return Encoding.UTF8.GetBytes(text.ToString());
    }
}
