using System.Runtime.InteropServices;
using SipPush.Sip;

namespace SipPush;

/// <summary>A push that was taken. The content stays good after it is disposed.</summary>
public sealed class IncomingPush : IAsyncDisposable
{
    private readonly PushOffer _offer;
    private Stream? _content;

    internal IncomingPush(PushOffer offer) => _offer = offer;

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

    /// <summary>The octets of the content.</summary>
    public long Length => _offer.Length;

    /// <summary>The content whole, as a MESSAGE brings it.</summary>
    public ReadOnlyMemory<byte> Bytes => _offer.Bytes;

    /// <summary>The content as a stream, read once from its beginning.</summary>
    public Stream Content => _content ??= Open(_offer.Bytes);

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

    /// <summary>Says that the application has done with it what it wanted. A MESSAGE was answered before; nothing is sent.</summary>
    public ValueTask CompleteAsync(CancellationToken cancellationToken = default)
    {
        cancellationToken.ThrowIfCancellationRequested();
        IsCompleted = true;
        return ValueTask.CompletedTask;
    }

    /// <summary>Closes <see cref="Content"/>.</summary>
    public ValueTask DisposeAsync() => _content?.DisposeAsync() ?? ValueTask.CompletedTask;

    private static MemoryStream Open(ReadOnlyMemory<byte> bytes) => MemoryMarshal.TryGetArray(bytes, out var array) && array.Array is not null
        ? new MemoryStream(array.Array, array.Offset, array.Count, writable: false)
        : new MemoryStream(bytes.ToArray(), writable: false);
}
