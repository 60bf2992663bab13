using System.IO.Pipelines;
using SipPush.Msrp.Chunking;

namespace SipPush.Msrp;

/// <summary>
/// A message that is coming in. It is handed out when its first chunk has begun: the body can be read while the rest is still under way. A message that is aborted, takes too long or loses its connection
/// makes reading throw; a body that ends without an exception is whole.
/// </summary>
public sealed class IncomingMsrpMessage : IAsyncDisposable
{
    private readonly MsrpSession _session;

    internal IncomingMsrpMessage(MsrpSession session, string messageId, string contentType, long? announcedLength, bool wantsReport, IReadOnlyList<KeyValuePair<string, string>> headers)
    {
        _session = session;
        MessageId = messageId;
        ContentType = contentType;
        AnnouncedLength = announcedLength;
        WantsReport = wantsReport;
        Headers = headers;
    }

    /// <summary>Identifies the message within its session. Text of the peer: never a path.</summary>
    public string MessageId { get; }

    /// <summary>The media type, with its parameters. Text of the peer.</summary>
    public string ContentType { get; }

    /// <summary>The length that the first chunk announced, in octets; null when it announced none. Nothing but a hint (RFC 4975 §7.3.1).</summary>
    public long? AnnouncedLength { get; }

    /// <summary>Whether the sender asked for a success report.</summary>
    public bool WantsReport { get; }

    /// <summary>The headers of the first chunk, in order, without those of the framing: Content-Disposition and its like. Text of the peer.</summary>
    public IReadOnlyList<KeyValuePair<string, string>> Headers { get; }

    internal IncomingTransfer Transfer { get; set; } = null!;

    /// <summary>The body, in order. A slow reader slows the sender. Reading throws an <see cref="MsrpException"/> when the message fails.</summary>
    /// <exception cref="InvalidOperationException">The message goes to a sink.</exception>
    public PipeReader Body => Transfer.Reader ?? throw new InvalidOperationException("The body of this message goes to its sink");

    /// <summary>Completes with the length when the whole message is here (with a sink: when it has been completed), and fails with an <see cref="MsrpException"/> when it
    /// never will be. Nobody has to look at it.</summary>
    public Task<long> Completion => Transfer.Completion;

    /// <summary>The body as a stream, once.</summary>
    public Stream AsStream() => Body.AsStream();

    /// <summary>Tells the sender what became of the message: 200 as a success report, anything else as a failure report. Only once, only when the sender wants to hear it
    /// (a success that was asked for; a failure unless it wants none), and, for a success, only when the message is whole: nothing happens otherwise.</summary>
    /// <param name="status">A status of MSRP.</param>
    public void Report(int status = MsrpStatus.Ok) => _session.Report(Transfer, status);

    /// <summary>Stops the sender, if the message is not whole yet: what is under way is answered with 413.</summary>
    public void Refuse() => _session.Refuse(Transfer, MsrpStatus.MessageTooLarge, "The application does not want it");

    /// <summary>Gives back what the message holds; one that is not whole is refused.</summary>
    public async ValueTask DisposeAsync()
    {
        Refuse();
        if (Transfer.Reader is { } reader)
        {
            await reader.CompleteAsync().ConfigureAwait(false);
        }
    }
}
