namespace SipPush.Sdp;

/// <summary>Who opens the connection of an MSRP session, where to, and what may be sent over it: what follows from an offer and its answer.</summary>
public sealed record MessageRoute
{
    private MessageRoute(MessageMedia local, MessageMedia remote)
    {
        Local = local;
        Remote = remote;
    }

    /// <summary>The own side.</summary>
    public MessageMedia Local { get; }

    /// <summary>The peer's side.</summary>
    public MessageMedia Remote { get; }

    /// <summary>True when this side connects, and then sends a SEND at once (RFC 6135 §4.2.2); else it waits for the peer.</summary>
    public required bool IsActive { get; init; }

    /// <summary>
    /// The host to connect to: that of the first URI of the peer's path, or of its <c>c=</c> line where a middlebox may be between. It is
    /// here for the side that waits too, which may connect after all when nobody comes.
    /// </summary>
    public required string Host { get; init; }

    /// <summary>The port to connect to.</summary>
    public required int Port { get; init; }

    /// <summary>True when host and port are those of the <c>c=</c> and <c>m=</c> lines (RFC 6714).</summary>
    public bool UsesConnectionLine { get; init; }

    /// <summary>
    /// True when there is to be a new offer without <c>msrp-cema</c>: the answerer does not know it and a middlebox is between (RFC 6714 §4.2).
    /// </summary>
    public bool NeedsOfferWithoutCema { get; init; }

    /// <summary>True for TLS.</summary>
    public bool IsSecure => Remote.IsSecure;

    /// <summary>The To-Path of what is sent: the peer's whole path (RFC 4975 §8.2).</summary>
    public IReadOnlyList<PathUri> ToPath => Remote.Path;

    /// <summary>The own path; its last URI is the session.</summary>
    public IReadOnlyList<PathUri> FromPath => Local.Path;

    /// <summary>What the peer's certificate is checked with, <see cref="Fingerprint.Matches"/>; where it is empty, its name counts.</summary>
    public IReadOnlyList<Fingerprint> ExpectedFingerprints => Remote.Fingerprints;

    /// <summary>Whether messages with content may be sent.</summary>
    public bool MaySend => Local.Direction.HasFlag(MediaDirection.SendOnly) && Remote.Direction.HasFlag(MediaDirection.ReceiveOnly);

    /// <summary>Whether messages with content may come.</summary>
    public bool MayReceive => Local.Direction.HasFlag(MediaDirection.ReceiveOnly) && Remote.Direction.HasFlag(MediaDirection.SendOnly);

    /// <summary>Octets of a message that the peer takes; null for no limit. A hint for messages, a law for files.</summary>
    public long? MaxSize => Remote.MaxSize;

    /// <summary>What offer and answer lead to; null when one of them has port 0 or no path.</summary>
    /// <param name="local">The own description.</param>
    /// <param name="remote">The peer's.</param>
    /// <param name="isOfferer">True when the own description was the offer.</param>
    /// <param name="isSameHost">See <see cref="MessageCapabilities.IsSameHost"/>.</param>
    public static MessageRoute? Between(MessageMedia local, MessageMedia remote, bool isOfferer, Func<string, string, bool>? isSameHost = null)
    {
        ArgumentNullException.ThrowIfNull(local);
        ArgumentNullException.ThrowIfNull(remote);
        if (local.Port == 0 || remote.Port == 0 || local.Path.Count == 0 || remote.Path.Count == 0)
        {
            return null;
        }

        var offererConnects = OffererConnects((isOfferer ? local : remote).Setup, (isOfferer ? remote : local).Setup);
        var isActive = offererConnects == isOfferer;
        var usesConnectionLine = local.HasCema && remote.HasCema;
        var needsOffer = false;

        // The answerer does not know CEMA: either nobody is between, or it takes another offer to say where to go.
        if (isOfferer && local.HasCema && !remote.HasCema && !AddressMatch.IsMatch(remote, isSameHost))
        {
            needsOffer = !isActive || local.UsesRelay || remote.UsesRelay;
            usesConnectionLine = !needsOffer;
        }

        var first = remote.Path[0];
        return new MessageRoute(local, remote)
        {
            IsActive = isActive,
            Host = usesConnectionLine ? remote.Host ?? first.Host : first.Host,
            Port = usesConnectionLine ? remote.Port : first.Port!.Value,
            UsesConnectionLine = usesConnectionLine,
            NeedsOfferWithoutCema = needsOffer,
        };
    }

    // The offerer connects unless both agree on something else (RFC 4975 §8.5, RFC 4145 §4.1); what may not be is read as if it were not there.
    private static bool OffererConnects(SetupRole? offer, SetupRole? answer) => (offer, answer) switch
    {
        (SetupRole.Active, _) => true,
        (_, SetupRole.Active) => false,
        _ => true,
    };
}
