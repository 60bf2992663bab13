using SipPush.Msrp;
using SipPush.Sip;

namespace SipPush;

/// <summary>A push that was taken: by MESSAGE its content is here, and stays good after it is disposed; in a session it is read while it comes.</summary>
public sealed class IncomingPush : IAsyncDisposable
{
    private readonly PushOffer _offer;
    private readonly IncomingMsrpMessage? _message;
    private Stream? _content;
    private bool _isRight;

    internal IncomingPush(PushOffer offer) => _offer = offer;

    internal IncomingPush(PushOffer offer, IncomingMsrpMessage message, PushFileOffer file)
    {
        _offer = offer;
        _message = message;
        File = file;
        _content = new ReceivedFileStream(message.AsStream(), file, Judge);
    }

    internal IncomingPush(PushOffer offer, IncomingMsrpMessage message, Stream content)
    {
        _offer = offer;
        _message = message;
        _content = content;
    }

    /// <summary>Who sent it: the asserted identity from a trusted peer, otherwise what From claims.</summary>
    public SipUri From => _offer.From;

    /// <summary>True when <see cref="From"/> is asserted by a trusted peer (RFC 3325).</summary>
    public bool FromIsAsserted => _offer.FromIsAsserted;

    /// <summary>Who was called: P-Called-Party-ID from a trusted peer, otherwise To.</summary>
    public SipUri To => _offer.To;

    /// <summary>The application it is for.</summary>
    public PushApplicationId Application => _offer.Application;

    /// <summary>The media type of the content, with its parameters.</summary>
    public string ContentType => _offer.ContentType;

    /// <summary>The octets of the content; in a session what was announced of them, which is nothing but a hint, and -1 when nothing was.</summary>
    public long Length => _offer.Length;

    /// <summary>The Message-ID of a content that came in a session; null otherwise. Text of the peer: never a path.</summary>
    public string? MessageId => _message?.MessageId;

    /// <summary>The content whole, as a MESSAGE brings it; empty in a session.</summary>
    public ReadOnlyMemory<byte> Bytes => _offer.Bytes;

    /// <summary>The content as a stream, read once from its beginning. In a session a slow reader slows the sender, and reading throws when the content does not come whole: a stream that ends
    /// without an exception is whole.</summary>
    public Stream Content => _content ??= PushContent.Open(_offer.Bytes);

    /// <summary>The file that it is, as its sender described it; null for a message. Reading <see cref="Content"/> to its end checks it: when length or hash are others than was said, the last read
    /// throws an <see cref="InvalidDataException"/>, and the sender is told. A range of a file has no hash to be checked with but that of the whole, which <see cref="PushInbox"/> does.</summary>
    public PushFileOffer? File { get; }

    /// <summary>The envelope and its fields; null when the content came without.</summary>
    public PushMessage? Envelope => _offer.Envelope;

    /// <summary>Push-Flag; the trust bits only from a trusted peer.</summary>
    public PushFlags Flags => _offer.Flags;

    /// <summary>How it came.</summary>
    public PushMode Mode => _offer.Mode;

    /// <summary>The request that brought it.</summary>
    public SipRequest Request => _offer.Request;

    /// <summary>When it came.</summary>
    public DateTimeOffset Received => _offer.Received;

    /// <summary>When it loses its worth (RFC 3428 §7); null for never.</summary>
    public DateTimeOffset? Expires => _offer.Expires;

    /// <summary>True once <see cref="CompleteAsync"/> was called.</summary>
    public bool IsCompleted { get; private set; }

    /// <summary>The content as it comes, unchecked; null for a MESSAGE.</summary>
    internal System.IO.Pipelines.PipeReader? Body => _message?.Body;

    /// <summary>Says that the application has done with it what it wanted. In a session this sends the report that the sender asked for, once the content is whole, and a file has been read to its
    /// end and found right; a MESSAGE was answered before, and nothing is sent.</summary>
    public ValueTask CompleteAsync(CancellationToken cancellationToken = default)
    {
        cancellationToken.ThrowIfCancellationRequested();
        IsCompleted = true;
        if (File is null || _isRight)
        {
            _message?.Report();
        }

        return ValueTask.CompletedTask;
    }

    /// <summary>Says that the content, though it came, could not be used: in a session the sender is told by a failure report. Of a MESSAGE nothing is sent.</summary>
    /// <param name="status">A status of MSRP; 400 for a content that is not what was announced.</param>
    public void Fail(int status = MsrpStatus.BadRequest) => _message?.Report(status);

    /// <summary>Closes <see cref="Content"/>; a content that is not whole yet is refused.</summary>
    public async ValueTask DisposeAsync()
    {
        if (_content is not null)
        {
            await _content.DisposeAsync().ConfigureAwait(false);
        }

        if (_message is not null)
        {
            await _message.DisposeAsync().ConfigureAwait(false);
        }
    }

    /// <summary>The file has been compared with what was said of it.</summary>
    internal void Judge(bool isRight)
    {
        _isRight = isRight;
        if (!isRight)
        {
            Fail();
        }
    }
}
