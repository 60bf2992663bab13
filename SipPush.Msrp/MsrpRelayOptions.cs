using System.Net;
using System.Net.WebSockets;

namespace SipPush.Msrp;

/// <summary>Which relays a session of this end is reached through, and how they are asked (RFC 4976 §5.1).</summary>
public sealed record MsrpRelayOptions
{
    private const int MaxRelays = 8;

    /// <summary>The relays, 1 to 8: the first is the one to connect to, each further one is reached through those before it. URIs such as
    /// <c>msrps://relay.example.com;tcp</c>, which may lack a port.</summary>
    public required IReadOnlyList<MsrpUri> Relays
    {
        get;
        init
        {
            ArgumentNullException.ThrowIfNull(value);
            field = value.Count is > 0 and <= MaxRelays ? [.. value] : throw new ArgumentException($"There are 1 to {MaxRelays} relays", nameof(value));
        }
    } = [];

    /// <summary>What answers the challenges of a relay; called once for each of them.</summary>
    public required Func<MsrpUri, MsrpAuthentication> Authenticate { get; init; }

    /// <summary>How long the path is to be valid at once, in whole seconds; null by default: as long as the relays say. A relay that answers 423 is asked for what it allows.</summary>
    public TimeSpan? Expires
    {
        get;
        init => field = value is { TotalSeconds: < 1 } ? throw new ArgumentOutOfRangeException(nameof(value)) : value;
    }

    /// <summary>How long before it expires the path is renewed; 60 s by default, and never more than half of its time.</summary>
    public TimeSpan RenewBefore { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>Called when a renewal has brought another path. What the session sends goes through it at once; but the far end goes on using the former one, which will
    /// expire, until a new offer tells it <see cref="MsrpSession.LocalPath"/>. It must not block. Null by default.</summary>
    public Action<MsrpRelayLease>? OnPathChanged { get; init; }

    /// <summary>The servers of a relay whose URI names no port, in the order in which to try them: the SRV records of <c>_msrps._tcp</c> at that domain (RFC 4976 §8). None
    /// means that there are none; then, and when this is null as by default, its own addresses are tried at port 2855.</summary>
    public Func<string, CancellationToken, ValueTask<IReadOnlyList<DnsEndPoint>>>? Locate { get; init; }

    /// <summary>Opens the WebSocket on which the first relay is spoken to (RFC 7977), such as <see cref="MsrpWebSocket.ConnectAsync"/>; it has to have agreed on the subprotocol
    /// <c>msrp</c>, and belongs to the endpoint from then on. Null by default: TCP.</summary>
    public Func<MsrpUri, CancellationToken, ValueTask<WebSocket>>? ConnectAsync { get; init; }

    /// <summary>Whether relays may be <c>msrp</c>, without TLS. RFC 4976 §5.1 forbids it: whoever listens sees the path, which is a secret, and all messages, and can attack the
    /// password; whoever answers is taken for the relay. For tests and closed networks; no by default.</summary>
    public bool AllowUnprotected { get; init; }

    internal void Check()
    {
        if (!AllowUnprotected && Relays.FirstOrDefault(relay => !relay.IsSecure) is { } unprotected)
        {
            throw new ArgumentException($"{unprotected} is not msrps, and AUTH is for TLS only");
        }
    }
}
