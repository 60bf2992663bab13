namespace SipPush.Tests.Torture;

/// <summary>A message that came to the application of the system under test.</summary>
/// <param name="Session">L or L2.</param>
/// <param name="MessageId">Its Message-ID.</param>
/// <param name="ContentType">Its type.</param>
/// <param name="Began">When its first chunk began.</param>
internal sealed record MsrpDelivery(string Session, string MessageId, string ContentType, TimeSpan Began)
{
    /// <summary>The whole body; null while there is none, and where it is not kept.</summary>
    public byte[]? Body { get; set; }

    public long Length { get; set; }

    /// <summary>When it was whole; null when it is not.</summary>
    public TimeSpan? Ended { get; set; }

    /// <summary>Why it never will be whole.</summary>
    public Exception? Failure { get; set; }

    /// <summary>The file that it became.</summary>
    public string? File { get; set; }
}
