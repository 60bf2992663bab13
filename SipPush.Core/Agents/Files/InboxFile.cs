namespace SipPush;

/// <summary>A file that a <see cref="PushInbox"/> has written: whole, and checked against what was said of it.</summary>
public sealed record InboxFile
{
    /// <summary>Where it is.</summary>
    public required string Path { get; init; }

    /// <summary>Its octets.</summary>
    public required long Length { get; init; }

    /// <summary>Its media type, with its parameters. Text of the peer.</summary>
    public required string ContentType { get; init; }

    /// <summary>Its SHA-1 in lower-case hexadecimal, when that was announced; otherwise null.</summary>
    public string? Sha1 { get; init; }

    /// <summary>Its SHA-256 in lower-case hexadecimal, when that was announced, nothing was, or <see cref="PushInboxOptions.AlwaysSha256"/> is set; otherwise null.</summary>
    public string? Sha256 { get; init; }

    /// <summary>Octets that an earlier transfer had left and that were taken over; 0 for none.</summary>
    public long ResumedFrom { get; init; }
}
