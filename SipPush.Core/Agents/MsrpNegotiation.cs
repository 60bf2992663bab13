using System.Buffers.Binary;
using System.Globalization;
using System.Net;
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
    private readonly MsrpSessionOptions _messages;
    private readonly Dictionary<int, MsrpSession> _sessions = [];

    public MsrpNegotiation(PushMedia media, SipStack stack, string user, IReadOnlyList<string> types, MsrpSessionOptions messages, long? maxSize, MediaDirection direction)
    {
        _media = media;
        _messages = messages;
        var endpoint = media.Endpoint;
        Span<byte> octets = stackalloc byte[8];
        stack.Identifiers.Fill(octets);
        var id = (BinaryPrimitives.ReadUInt64BigEndian(octets) >> 2).ToString(CultureInfo.InvariantCulture);
        Capabilities = new MessageCapabilities
        {
            Origin = new Origin(user, id, "1", HostOf(endpoint)),
            AcceptTypes = new AcceptTypes(types),
            NewPath = NewPath,
            MaxSize = maxSize,
            Direction = direction,
            IsReachable = media.Options.IsReachable && (endpoint.Options.AdvertisedPort is not null || (endpoint.LocalEndPoint ?? endpoint.SecureLocalEndPoint) is not null),
            SupportsCema = media.Options.SupportsCema,
            Tls = media.Options.Tls,
            Fingerprints = endpoint.Options.Tls?.Certificate is { } certificate && media.Options.Tls != TlsUse.None ? [Fingerprint.Of(certificate.RawData)] : [],
        };
    }

    public MessageCapabilities Capabilities { get; }

    /// <summary>The session of a media description; it has been created with it.</summary>
    public MsrpSession SessionOf(int index) => _sessions[index];

    /// <summary>What a session is told of its far end.</summary>
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
        foreach (var (index, session) in _sessions)
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

    private static string HostOf(MsrpEndpoint endpoint) =>
        endpoint.Options.AdvertisedHost ?? (endpoint.LocalEndPoint ?? endpoint.SecureLocalEndPoint)?.Address.ToString() ?? "localhost";

    private List<PathUri> NewPath(int index, bool isSecure)
    {
        var session = _media.Endpoint.CreateSession(_messages, isSecure);
        if (_sessions.Remove(index, out var earlier))
        {
            _ = earlier.DisposeAsync().AsTask();
        }

        _sessions[index] = session;
        return [.. session.LocalPath.Uris.Select(uri => PathUri.Parse(uri.ToString()))];
    }
}
