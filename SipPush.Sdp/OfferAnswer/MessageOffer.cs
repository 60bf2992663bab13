namespace SipPush.Sdp;

/// <summary>One MSRP session that is to be offered.</summary>
public sealed record MessageOffer
{
    /// <summary>Which way messages go. Both, unless set; sending only for a file that is sent, receiving only for one that is asked for.</summary>
    public MediaDirection Direction { get; init; } = MediaDirection.SendReceive;

    /// <summary>The file; null for messages of any kind.</summary>
    public FileTransfer? File { get; init; }

    /// <summary>The <c>i=</c> line; null for none.</summary>
    public string? Information { get; init; }

    /// <summary>Whether TLS is offered; null where <see cref="MessageCapabilities.Tls"/> decides: when it is required.</summary>
    public bool? IsSecure { get; init; }

    /// <summary>Sends a file.</summary>
    public static MessageOffer Push(FileTransfer file) => new() { Direction = MediaDirection.SendOnly, File = file };

    /// <summary>Asks for a file.</summary>
    public static MessageOffer Pull(FileTransfer file) => new() { Direction = MediaDirection.ReceiveOnly, File = file };
}
