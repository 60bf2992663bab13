using System.Buffers.Binary;
using System.Globalization;
using System.Net;
using System.Text;
using SipPush.Msrp;
using SipPush.Sdp;
using SipPush.Sip;

namespace SipPush;

/// <summary>
/// One side of an offer and its answer, and the MSRP sessions that belong to it: each media description has its own. What is not taken in the end is given back.
/// </summary>
internal sealed class MsrpNegotiation
{
    private readonly PushMedia _media;
    private readonly string _host;
    private readonly MsrpSessionOptions _messages;
    private readonly Dictionary<int, MsrpSession> _sessions = [];

    /// <param name="media">The endpoint.</param>
    /// <param name="userAgent">Whose offer or answer it is.</param>
    /// <param name="peer">Where SIP sends to first, or has received from; null where that is a name.</param>
    /// <param name="types">The types that are taken.</param>
    /// <param name="messages">How sessions are set up.</param>
    /// <param name="maxSize">Octets of a content that is taken; null for no limit.</param>
    /// <param name="direction">Which way messages go.</param>
    /// <exception cref="InvalidOperationException">The endpoint listens at every address, and which the far end reaches can't be known.</exception>
    public MsrpNegotiation(PushMedia media, SipUserAgent userAgent, IPAddress? peer, IReadOnlyList<string> types, MsrpSessionOptions messages, long? maxSize, MediaDirection direction)
    {
        _media = media;
        _messages = messages;
        _host = media.HostTowards(peer);
        var endpoint = media.Endpoint;
        Capabilities = new MessageCapabilities
        {
            Origin = NewOrigin(userAgent, _host),
            AcceptTypes = new AcceptTypes(types),
            NewPath = NewPath,
            MaxSize = maxSize,
            Direction = direction,
            IsReachable = media.Options.IsReachable && (endpoint.Options.AdvertisedPort is not null || (endpoint.LocalEndPoint ?? endpoint.SecureLocalEndPoint) is not null),
            SupportsCema = media.Options.SupportsCema,
            Tls = media.Options.Tls,
            Decide = (_, remote) => IsPath(remote.Path) ? MediaDecision.Accept : MediaDecision.Refuse,
            Fingerprints = endpoint.Options.Tls?.Certificate is { } certificate && media.Options.Tls != TlsUse.None ? [Fingerprint.Of(certificate.RawData)] : [],
        };
    }

    public MessageCapabilities Capabilities { get; private set; }

    /// <summary>How the session of a media description is to be set up, where it differs from the others; null for all alike.</summary>
    public Func<int, MsrpSessionOptions>? OptionsOf { get; set; }

    /// <summary>Media descriptions whose session goes on when they are described anew.</summary>
    public HashSet<int> Kept { get; } = [];

    /// <summary>Whether somebody else ends a session whose place another one takes.</summary>
    public bool LeavesEarlier { get; init; }

    /// <summary>What could be taken, for who asks by that flow: it is no offer, and nothing is begun (RFC 3264 §9).</summary>
    public static SipBody DescribeCapabilities(SipUserAgent userAgent, PushMediaOptions media, IReadOnlyList<string> types, long? maxSize, SipFlow flow)
    {
        var description = SdpAnswerer.DescribeCapabilities(new MessageCapabilities
        {
            Origin = NewOrigin(userAgent, userAgent.Stack.HostTowards(flow.Remote.Address.Address) ?? "localhost"),
            AcceptTypes = new AcceptTypes(types),
            NewPath = NoPath,
            MaxSize = maxSize,
            Tls = media.Tls,
        });
        return new SipBody(SessionDescription.ContentType, description.ToOctets());
    }

    /// <summary>Whether two descriptions name the same MSRP session of their sender at that place.</summary>
    public static bool IsSamePath(SessionDescription? earlier, SessionDescription now, int index) =>
        index < earlier?.Media.Count && index < now.Media.Count
        && !earlier.Media[index].IsRejected && !now.Media[index].IsRejected
        && MessageMedia.TryRead(earlier, earlier.Media[index], out var before, out _)
        && MessageMedia.TryRead(now, now.Media[index], out var after, out _)
        && before.Path.Select(uri => uri.ToString()).SequenceEqual(after.Path.Select(uri => uri.ToString()));

    /// <summary>Whether MSRP can send by a path: a session description takes more for a URI than RFC 4975 §9 does.</summary>
    public static bool IsPath(IReadOnlyList<PathUri> path) => MsrpPath.TryParse(Encoding.UTF8.GetBytes(string.Join(' ', path)), out _);

    /// <summary>From now on nothing is offered or answered with CEMA: somebody is between who does not know it (RFC 6714 §4.2).</summary>
    public void GiveUpCema() => Capabilities = Capabilities with { SupportsCema = false };

    /// <summary>Says whether the session of a media description goes on when that is described anew.</summary>
    public void Keep(int index, bool isKept)
    {
        if (isKept)
        {
            Kept.Add(index);
        }
        else
        {
            Kept.Remove(index);
        }
    }

    /// <summary>The session of a media description is this one again.</summary>
    public void Restore(int index, MsrpSession session)
    {
        lock (_sessions)
        {
            _sessions[index] = session;
        }
    }

    /// <summary>The session of a media description; it has been created with it.</summary>
    public MsrpSession SessionOf(int index)
    {
        lock (_sessions)
        {
            return _sessions[index];
        }
    }

    /// <summary>A path that leads nowhere, for a description that is only to show what could be taken.</summary>
    public static IReadOnlyList<PathUri> NoPath(int index, bool isSecure) => isSecure ? [PathUri.Parse("msrps://localhost:9/none;tcp")] : [PathUri.Parse("msrp://localhost:9/none;tcp")];

    /// <summary>What a session is told of its far end.</summary>
    /// <param name="route">A route whose path <see cref="IsPath"/>.</param>
    public MsrpRemote RemoteOf(MessageRoute route) => new()
    {
        Path = MsrpPath.Parse(string.Join(' ', route.ToPath)),
        LocalPath = MsrpPath.Parse(string.Join(' ', route.FromPath)),
        Role = route.IsActive ? MsrpRole.Active : MsrpRole.Passive,
        ConnectTo = route.UsesConnectionLine ? new DnsEndPoint(route.Host, route.Port) : null,
        ConnectAfter = !route.IsActive && route.Port != MessageMedia.DiscardPort ? _media.Options.ConnectAfter : null,
        Fingerprints = route.ExpectedFingerprints.Count == 0 ? null : [.. Usable(route.ExpectedFingerprints)],
        MaxSize = route.MaxSize,
    };

    /// <summary>Gives back the sessions that nobody has taken out.</summary>
    public async ValueTask DropAsync(Func<int, bool>? isKept = null)
    {
        KeyValuePair<int, MsrpSession>[] all;
        lock (_sessions)
        {
            all = [.. _sessions];
        }

        foreach (var (index, session) in all)
        {
            if (isKept?.Invoke(index) != true)
            {
                await session.DisposeAsync().ConfigureAwait(false);
            }
        }
    }

    private static IEnumerable<MsrpFingerprint> Usable(IEnumerable<Fingerprint> announced)
    {
        foreach (var one in announced)
        {
            if (one.IsUsable && MsrpFingerprint.TryParse(one.ToString(), out var fingerprint))
            {
                yield return fingerprint;
            }
        }
    }

    private static Origin NewOrigin(SipUserAgent userAgent, string host)
    {
        Span<byte> octets = stackalloc byte[8];
        userAgent.Stack.Identifiers.Fill(octets);
        var id = (BinaryPrimitives.ReadUInt64BigEndian(octets) >> 2).ToString(CultureInfo.InvariantCulture);
        return new Origin(userAgent.ContactUser ?? "-", id, "1", host);
    }

    private List<PathUri> NewPath(int index, bool isSecure)
    {
        MsrpSession? session;
        lock (_sessions)
        {
            if (Kept.Contains(index) && _sessions.TryGetValue(index, out session))
            {
                return PathOf(session);
            }
        }

        session = _media.Endpoint.CreateSession(OptionsOf?.Invoke(index) ?? _messages, isSecure, _host);
        MsrpSession? earlier;
        lock (_sessions)
        {
            _sessions.Remove(index, out earlier);
            _sessions[index] = session;
        }

        if (!LeavesEarlier)
        {
            _ = earlier?.DisposeAsync().AsTask();
        }

        return PathOf(session);
    }

    private static List<PathUri> PathOf(MsrpSession session) => [.. session.LocalPath.Uris.Select(uri => PathUri.Parse(uri.ToString()))];
}
