using SipPush.Sip;

namespace SipPush;

/// <summary>What is known of a push before it is taken.</summary>
public sealed record PushOffer
{
    /// <summary>Who sends it: the asserted identity from a trusted peer, otherwise what From claims.</summary>
    public required SipUri From { get; init; }

    /// <summary>True when <see cref="From"/> is asserted by a trusted peer (RFC 3325).</summary>
    public bool FromIsAsserted { get; init; }

    /// <summary>Who was called: P-Called-Party-ID from a trusted peer, otherwise To.</summary>
    public required SipUri To { get; init; }

    /// <summary>The application it is for.</summary>
    public required PushApplicationId Application { get; init; }

    /// <summary>The media type of the content, with its parameters.</summary>
    public required string ContentType { get; init; }

    /// <summary>The octets of the content; of files those that will be sent, all together, as far as that is said.</summary>
    public long Length { get; init; }

    /// <summary>The content, when it has come already, as with a MESSAGE; otherwise empty.</summary>
    public ReadOnlyMemory<byte> Bytes { get; init; }

    /// <summary>The envelope and its fields; null when the content came without.</summary>
    public PushMessage? Envelope { get; init; }

    /// <summary>The files that are offered, in a session (RFC 5547); each can be taken or refused, <see cref="PushDecision.AcceptFiles"/>. Empty for messages.</summary>
    public IReadOnlyList<PushFileOffer> Files { get; init; } = [];

    /// <summary>Push-Flag; the trust bits only from a trusted peer.</summary>
    public PushFlags Flags { get; init; }

    /// <summary>How it travels.</summary>
    public PushMode Mode { get; init; }

    /// <summary>The request.</summary>
    public required SipRequest Request { get; init; }

    /// <summary>When it came.</summary>
    public DateTimeOffset Received { get; init; }

    /// <summary>When it loses its worth: Expires, counted from Date or else from the reception (RFC 3428 §7). Null for never.</summary>
    public DateTimeOffset? Expires { get; init; }
}
