namespace SipPush.Msrp.Framing;

/// <summary>The head of a frame: start line and headers, read in place. It belongs to an <see cref="MsrpFrameState"/>, which fills it anew
/// for each frame: nothing taken from it may be kept once the reader has moved past <see cref="MsrpFrameToken.End"/>
/// or the buffer has been advanced.</summary>
internal sealed class MsrpHead
{
    /// <summary>Why the frame is to be answered with 400, or <see cref="MsrpFault.None"/>.</summary>
    public MsrpParseError Error => throw new NotImplementedException();

    public bool IsResponse => throw new NotImplementedException();

    public ReadOnlySpan<byte> TransactionId => throw new NotImplementedException();

    /// <summary>Of a request.</summary>
    public MsrpMethod Method => throw new NotImplementedException();

    /// <summary>Of a response.</summary>
    public int StatusCode => throw new NotImplementedException();

    /// <summary>Of a response; empty when there is none.</summary>
    public ReadOnlySpan<byte> Comment => throw new NotImplementedException();

    /// <summary>The value of To-Path as it came; empty when it is missing.</summary>
    public ReadOnlySpan<byte> ToPath => throw new NotImplementedException();

    public ReadOnlySpan<byte> FromPath => throw new NotImplementedException();

    public ReadOnlySpan<byte> MessageId => throw new NotImplementedException();

    public ByteRange? ByteRange => throw new NotImplementedException();

    public bool SuccessReport => throw new NotImplementedException();

    public FailureReportMode FailureReport => throw new NotImplementedException();

    /// <summary>The code of the Status header of a REPORT; 0 when there is none in namespace 000.</summary>
    public int ReportStatus => throw new NotImplementedException();

    /// <summary>The value of Content-Type; empty when there is none.</summary>
    public ReadOnlySpan<byte> ContentType => throw new NotImplementedException();

    /// <summary>Whether an empty line followed the headers: a body, which may be empty. Without one the frame is bodiless (MSRP-06, MSRP-07).</summary>
    public bool HasBody => throw new NotImplementedException();

    /// <summary>The value of the first header of that name, without regard to case; false when there is none.</summary>
    public bool TryGetHeader(ReadOnlySpan<byte> name, out ReadOnlySpan<byte> value) => throw new NotImplementedException();

    /// <summary>Number of headers, the paths among them.</summary>
    public int HeaderCount => throw new NotImplementedException();

    public ReadOnlySpan<byte> HeaderName(int index) => throw new NotImplementedException();

    public ReadOnlySpan<byte> HeaderValue(int index) => throw new NotImplementedException();
}
