using System.Globalization;
using System.Text;
using SipPush.Sip.Parsing;

namespace SipPush.Sip;

/// <summary>
/// One end of a relation between two user agents, in which requests find their way and their order (RFC 3261 §12). It sends
/// nothing itself. Safe for concurrent use.
/// </summary>
public sealed class Dialog
{
    private readonly Lock _gate = new();
    private readonly SipText _callId;
    private readonly SipText _local;
    private readonly SipText _remote;
    private volatile Path _path;
    private volatile DialogState _state;
    private uint _localCSeq;
    private uint? _remoteCSeq;

    private Dialog(SipText callId, (NameAddress Address, SipText Tag) local, (NameAddress Address, SipText Tag) remote, Path path)
    {
        Id = new DialogId(callId.ToString(), local.Tag.ToString(), remote.Tag.ToString());
        _callId = callId.Unfold();
        LocalAddress = local.Address;
        RemoteAddress = remote.Address;
        _local = Format(local.Address, local.Tag);
        _remote = Format(remote.Address, remote.Tag);
        _path = path;
    }

    /// <summary>Call-ID and both tags.</summary>
    public DialogId Id { get; }

    /// <summary>Name and URI of this end, as requests of this end have them in From; without parameters, so without the tag.</summary>
    public NameAddress LocalAddress { get; }

    /// <summary>Name and URI of the peer, as requests of this end have them in To; without parameters, so without the tag.</summary>
    public NameAddress RemoteAddress { get; }

    /// <summary>The peer's Contact as it was written, a GRUU included; re-INVITE and UPDATE may change it.</summary>
    public SipUri RemoteTarget => _path.RemoteTarget;

    /// <summary>The proxies between here and the peer, the nearest first; empty when the peer is asked directly.</summary>
    public IReadOnlyList<SipUri> RouteSet => _path.RouteSet;

    /// <summary>How far it has come.</summary>
    public DialogState State => _state;

    /// <summary>True when it began with a SIPS Request-URI, at the called end over TLS: Contact has to be a SIPS URI then.</summary>
    public bool IsSecure { get; private init; }

    /// <summary>Whether this end chose the Call-ID: it began the dialog (§14.1).</summary>
    internal bool OwnsCallId { get; private init; }

    /// <summary>Where requests in this dialog go first: the topmost route, a strict router too, or else the remote target.</summary>
    internal SipUri NextHop => _path is { RouteSet: [var first, ..] } ? first : _path.RemoteTarget;

    /// <summary>
    /// The dialog that a response from 101 to 299 begins at the end that called (§12.1.2), early or confirmed. A 2xx without a To
    /// tag begins one too, as a peer of RFC 2543 would send it. A provisional response without a usable Contact leaves the
    /// Request-URI as the remote target until the 2xx comes.
    /// </summary>
    /// <param name="sent">The request as it was last sent, credentials and all: its CSeq is where the dialog counts on.</param>
    /// <param name="response">A response to it.</param>
    /// <returns>Null when the response begins none: it is another, its To can't be read, a provisional one has no To tag, or a 2xx no SIP URI in Contact.</returns>
    internal static Dialog? ForClient(SipRequest sent, SipResponse response)
    {
        var target = Target(response) ?? (response.IsSuccess ? null : sent.RequestUri);
        var remoteTag = response.To.Tag;
        if (response.StatusCode is <= 100 or >= 300
            || target is not { IsSip: true }
            || response.To.Address.IsEmpty
            || (!response.IsSuccess && remoteTag.IsEmpty)
            || !TryKeep(sent.From, sent.From.Tag, out var local)
            || !TryKeep(sent.To, remoteTag, out var remote))
        {
            return null;
        }

        var path = new Path(target, [.. RecordRoute(response).Reverse()]);
        return new Dialog(sent.CallId, local, remote, path)
        {
            _localCSeq = sent.CSeq.Number,
            _state = response.IsSuccess ? DialogState.Confirmed : DialogState.Early,
            IsSecure = sent.RequestUri?.Scheme == "sips",
            OwnsCallId = true,
        };
    }

    /// <summary>
    /// The dialog that a received request begins at the end that is called (§12.1.1), early until <see cref="Confirm()"/>. A From
    /// without a tag is one of RFC 2543 and taken as it is.
    /// </summary>
    /// <param name="received">The request.</param>
    /// <param name="localTag">The To tag of all responses to it.</param>
    /// <returns>Null when the request can begin none: no SIP URI in Contact, no URI in From or To, or a Call-ID or tag that can't be written back. It is answered 400.</returns>
    internal static Dialog? ForServer(SipRequest received, string localTag)
    {
        if (Target(received) is not { } target
            || received.CallId.Span.Contains((byte)0)
            || !TryKeep(received.To, localTag, out var local)
            || !TryKeep(received.From, received.From.Tag, out var remote))
        {
            return null;
        }

        var transport = received.TopVia.Transport;
        return new Dialog(received.CallId, local, remote, new Path(target, [.. RecordRoute(received)]))
        {
            _remoteCSeq = received.CSeq.Number,
            IsSecure = received.RequestUri?.Scheme == "sips" && (transport.EqualsIgnoreCase("TLS"u8) || transport.EqualsIgnoreCase("WSS"u8)),
        };
    }

    /// <summary>The called end sends its 2xx.</summary>
    internal void Confirm()
    {
        lock (_gate)
        {
            if (_state == DialogState.Early)
            {
                _state = DialogState.Confirmed;
            }
        }
    }

    /// <summary>
    /// The calling end got the 2xx of an early dialog: the route set is computed anew, since a peer of RFC 2543 did not mirror
    /// Record-Route in provisional responses (§13.2.2.4), and the sequence numbers stay. A repetition changes nothing.
    /// </summary>
    internal void Confirm(SipResponse success)
    {
        lock (_gate)
        {
            if (_state == DialogState.Early)
            {
                _path = new Path(Target(success) ?? _path.RemoteTarget, [.. RecordRoute(success).Reverse()]);
                _state = DialogState.Confirmed;
            }
        }
    }

    /// <summary>It is over: BYE, a final answer to INVITE that is no 2xx, or 408, 481 and no answer at all within it (§12.2.1.2, §12.3).</summary>
    internal void Terminate()
    {
        lock (_gate)
        {
            _state = DialogState.Terminated;
        }
    }

    /// <summary>
    /// Begins a request in the dialog (§12.2.1.1) with the next CSeq; Contact is the caller's to add and Via the stack's. ACK has
    /// its own method, and CANCEL is made of its INVITE. Requests have to be sent in the order in which they were begun.
    /// </summary>
    internal SipRequestBuilder CreateRequest(SipMethod method) => Begin(method, NextCSeq());

    /// <summary>The ACK of a 2xx: number and credentials are those of its INVITE (§13.2.2.4). The answer, where one is due, is the caller's.</summary>
    /// <param name="invite">The INVITE, as it was sent when the 2xx came.</param>
    internal SipRequestBuilder CreateAck(SipRequest invite)
    {
        var ack = Begin(SipMethod.Ack, invite.CSeq.Number);
        foreach (var header in (ReadOnlySpan<SipHeaderName>)[SipHeaderNames.Authorization, SipHeaderNames.ProxyAuthorization])
        {
            if (invite.Contains(header))
            {
                foreach (var credentials in invite.Lines(header))
                {
                    ack.Add(header, credentials);
                }
            }
        }

        return ack;
    }

    /// <summary>The next sequence number, also for a request that is sent again with credentials. The called end begins with 1.</summary>
    internal uint NextCSeq() => Interlocked.Increment(ref _localCSeq);

    /// <summary>
    /// Whether a received request may be processed (§12.2.2); its number is remembered then. Only a lower number is refused, not
    /// an equal one. ACK and CANCEL have the number of their INVITE and are not asked for it.
    /// </summary>
    internal DialogRequestOrder OnRequest(SipRequest request)
    {
        if (request.Method == SipMethod.Ack || request.Method == SipMethod.Cancel)
        {
            return DialogRequestOrder.InOrder;
        }

        var number = request.CSeq.Number;
        lock (_gate)
        {
            if (number < _remoteCSeq)
            {
                return DialogRequestOrder.OutOfOrder;
            }

            _remoteCSeq = number;
            return DialogRequestOrder.InOrder;
        }
    }

    /// <summary>
    /// Takes the remote target from Contact, where there is a usable one: of a re-INVITE or UPDATE that was accepted, or of the 2xx
    /// to one. The route set never changes with it (§12.2).
    /// </summary>
    internal void RefreshTarget(SipMessage message)
    {
        if (Target(message) is not { } target)
        {
            return;
        }

        lock (_gate)
        {
            _path = _path with { RemoteTarget = target };
        }
    }

    private static SipUri? Target(SipMessage message) =>
        message.Addresses(SipHeaderNames.Contact).FirstOrDefault().Uri is { IsSip: true } uri ? uri : null;

    private static IEnumerable<SipUri> RecordRoute(SipMessage message) =>
        message.Contains(SipHeaderNames.RecordRoute)
            ? message.Addresses(SipHeaderNames.RecordRoute).Select(address => address.Uri).OfType<SipUri>().Where(uri => uri.IsSip)
            : [];

    // A peer may quote a NUL in a name (§25.1), but no builder writes one: such an address goes without its name.
    private static bool TryKeep(NameAddress address, SipText tag, out (NameAddress Address, SipText Tag) kept)
    {
        var name = address.DisplayName.Unfold();
        kept = (new NameAddress(name.Span.Contains((byte)0) ? default : name, address.Address, default), tag);
        return address.Uri is not null && (tag.IsEmpty || SipGrammar.IsToken(tag.Span));
    }

    private static SipText Format(NameAddress address, SipText tag)
    {
        ReadOnlySpan<byte> space = address.DisplayName.IsEmpty ? default : " "u8;
        ReadOnlySpan<byte> tagName = tag.IsEmpty ? default : ";tag="u8;
        return new SipText((byte[])[.. address.DisplayName.Span, .. space, (byte)'<', .. address.Address.Span, (byte)'>', .. tagName, .. tag.Span]);
    }

    // What may not stand in a Request-URI is a method and headers (§19.1.1, table 1).
    private static SipUri ForRequestLine(SipUri uri)
    {
        if (uri.Headers.IsEmpty && !uri.Parameters.Contains("method"u8))
        {
            return uri;
        }

        var text = new StringBuilder(uri.WithoutParameters().ToString());
        foreach (var (name, value) in uri.Parameters)
        {
            if (!name.EqualsIgnoreCase("method"u8))
            {
                text.Append(';').Append(name).Append(value.IsEmpty ? "" : "=").Append(value);
            }
        }

        return SipUri.Parse(text.ToString());
    }

    private SipRequestBuilder Begin(SipMethod method, uint number)
    {
        var path = _path;

        // A strict router replaces the Request-URI with the first route, so the target has to be the last of them.
        var (requestUri, routes) = path.RouteSet is [{ IsLooseRouter: false } strict, .. var rest]
            ? (strict, [.. rest, path.RemoteTarget])
            : (path.RemoteTarget, path.RouteSet);

        var request = new SipRequestBuilder(method, ForRequestLine(requestUri));
        foreach (var route in routes)
        {
            request.Add(SipHeaderNames.Route, Format(new NameAddress(default, route.Text, default), tag: default));
        }

        request.Add(SipHeaderNames.MaxForwards, "70");
        request.Add(SipHeaderNames.From, _local);
        request.Add(SipHeaderNames.To, _remote);
        request.Add(SipHeaderNames.CallId, _callId);
        request.Add(SipHeaderNames.CSeq, string.Create(CultureInfo.InvariantCulture, $"{number} {method}"));
        return request;
    }

    /// <summary>Where requests go; both change at once, so they are read at once.</summary>
    private sealed record Path(SipUri RemoteTarget, SipUri[] RouteSet);
}
