using System.Text;
using SipPush.Msrp;
using SipPush.Msrp.Framing;

namespace SipPush.Tests.Msrp.Framing;

/// <summary>What was read of one frame, copied.</summary>
internal sealed class ReadFrame(MsrpHead head)
{
    public string TransactionId { get; } = Text(head.TransactionId);

    public MsrpParseError Error { get; } = head.Error;

    public bool IsResponse { get; } = head.IsResponse;

    public MsrpMethod Method { get; } = head.Method;

    public int StatusCode { get; } = head.StatusCode;

    public string Comment { get; } = Text(head.Comment);

    public string ToPath { get; } = Text(head.ToPath);

    public string FromPath { get; } = Text(head.FromPath);

    public string MessageId { get; } = Text(head.MessageId);

    public ByteRange? ByteRange { get; } = head.ByteRange;

    public bool SuccessReport { get; } = head.SuccessReport;

    public FailureReportMode FailureReport { get; } = head.FailureReport;

    public int ReportStatus { get; } = head.ReportStatus;

    public string ContentType { get; } = Text(head.ContentType);

    public bool HasBody { get; } = head.HasBody;

    public string[] Headers { get; } = [.. Enumerable.Range(0, head.HeaderCount).Select(i => $"{Text(head.HeaderName(i))}={Text(head.HeaderValue(i))}")];

    public bool IsOver { get; private set; }

    public byte[] Octets { get; private set; } = [];

    public string Body => Text(Octets);

    public ContinuationFlag Flag { get; private set; }

    public void End(byte[] body, ContinuationFlag flag)
    {
        IsOver = true;
        Octets = body;
        Flag = flag;
    }

    public override string ToString() =>
        $"{TransactionId} {(IsResponse ? StatusCode : Method)} {Comment} {Error.Fault} {Error.Header} {ByteRange} {SuccessReport} {FailureReport} {ReportStatus} {HasBody} " +
        string.Join("; ", Headers);

    private static string Text(ReadOnlySpan<byte> octets) => Encoding.Latin1.GetString(octets);
}
