namespace SipPush.Msrp;

/// <summary>A session could not be had, or a message that was being received has failed.</summary>
public sealed class MsrpException : IOException
{
    internal MsrpException(string message, int statusCode = 0, Exception? inner = null)
        : base(message, inner) =>
        StatusCode = statusCode;

    /// <summary>The status of MSRP that stands behind it; 0 when there is none.</summary>
    public int StatusCode { get; }
}
