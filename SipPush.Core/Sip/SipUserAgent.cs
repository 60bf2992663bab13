using System.Globalization;
using System.Text;
using Microsoft.Extensions.Logging;
using SipPush.Diagnostics;

namespace SipPush.Sip;

/// <summary>
/// One identity (AOR) on a stack: makes requests in its name, sends them by its proxies, answers challenges, and takes the
/// requests that are for it. Safe for concurrent use.
/// </summary>
public sealed class SipUserAgent
{
    /// <summary>The methods that a session takes by itself.</summary>
    internal static readonly SipMethod[] SessionMethods =
        [SipMethod.Ack, SipMethod.Bye, SipMethod.Cancel, SipMethod.Invite, SipMethod.Options, SipMethod.Prack, SipMethod.Update];

    private static readonly string[] AllOptions = ["100rel", "gruu", "path", "timer"];

    private readonly SipUserAgentOptions _options;
    private readonly DigestClient _digest;
    private readonly string _from;
    private readonly Lock _gate = new();
    private volatile Taker[] _takers = [];
    private volatile string _allowed;
    private volatile int _proxyInUse;
    private volatile SipUri[] _serviceRoute = [];
    private volatile SipUri? _gruu;

    internal SipUserAgent(SipStack stack, SipUserAgentOptions options)
    {
        Stack = stack;
        _options = options;
        ContactUser = options.ContactUser ?? (options.AddressOfRecord.User.IsEmpty ? null : options.AddressOfRecord.User.ToString());
        _digest = new DigestClient(options.Credentials, stack.Identifiers.NewTag, stack.LoggerFactory.CreateLogger(SipPushTelemetry.SipCategory));
        _from = FormatAddress(options.DisplayName, options.AddressOfRecord);
        _allowed = ListAllowed();
    }

    /// <summary>The stack it lives on.</summary>
    public SipStack Stack { get; }

    /// <summary>The public identity.</summary>
    public SipUri AddressOfRecord => _options.AddressOfRecord;

    /// <summary>The user part of Contact.</summary>
    public string? ContactUser { get; }

    /// <summary>The instance id; null when there is none.</summary>
    public string? InstanceId => _options.InstanceId;

    /// <summary>Whether the proxies take its word for identities.</summary>
    public bool IsTrusted => _options.IsTrusted;

    /// <summary>The route for requests outside dialogs that the registrar gave, in order; empty before a registration (RFC 3608).</summary>
    public IReadOnlyList<SipUri> ServiceRoute => _serviceRoute;

    /// <summary>The octets that Route may add to a request outside dialogs.</summary>
    internal int RouteSize
    {
        get
        {
            const int Frame = 11; // Route: <>CRLF
            var proxies = _options.OutboundProxies.Where(proxy => proxy.IsLooseRouter).Select(proxy => proxy.Text.Length + Frame);
            return proxies.DefaultIfEmpty().Max() + _serviceRoute.Sum(uri => uri.Text.Length + Frame);
        }
    }

    /// <summary>What it takes; who takes INVITE takes all that a session needs.</summary>
    internal IEnumerable<SipMethod> Methods => Takes(SipMethod.Invite)
        ? _takers.Select(taker => taker.Method).Union(SessionMethods)
        : _takers.Select(taker => taker.Method);

    /// <summary>The media types that its handlers say they take; nothing from those that take all.</summary>
    internal IEnumerable<string> AcceptedTypes => _takers.SelectMany(taker => taker.AcceptedTypes ?? []);

    /// <summary>What is told of it: who takes sessions knows best.</summary>
    internal UserAgentCapabilities? Capabilities =>
        _takers.Where(taker => taker.Capabilities is not null).OrderByDescending(taker => taker.Method == SipMethod.Invite).FirstOrDefault()?.Capabilities;

    /// <summary>Takes the requests of a method that are for this identity. It runs on the thread that received: await, don't block.</summary>
    /// <param name="method">The method.</param>
    /// <param name="handler">Answers the requests.</param>
    /// <param name="acceptedTypes">The media types it understands, <c>text/*</c> too; a body of any other is answered 415 with these in Accept
    /// (RFC 3261 §8.2.3) and never comes to the handler. Null for all.</param>
    /// <exception cref="InvalidOperationException">Somebody takes that method already.</exception>
    public void Handle(SipMethod method, SipRequestHandler handler, IReadOnlyList<string>? acceptedTypes = null) => Handle(method, handler, acceptedTypes, null);

    /// <summary>As <see cref="Handle(SipMethod, SipRequestHandler, IReadOnlyList{string})"/>; <paramref name="capabilities"/> are told as long as the method is taken.</summary>
    internal void Handle(SipMethod method, SipRequestHandler handler, IReadOnlyList<string>? acceptedTypes, UserAgentCapabilities? capabilities)
    {
        ArgumentNullException.ThrowIfNull(handler);
        lock (_gate)
        {
            if (Takes(method))
            {
                throw new InvalidOperationException($"{method} for {AddressOfRecord} has a handler already");
            }

            _takers = [.. _takers, new Taker(method, handler, acceptedTypes, capabilities)];
            _allowed = ListAllowed();
        }
    }

    /// <summary>Takes the INVITEs that begin a session and are for this identity. It runs on the thread that received: await, don't block.</summary>
    /// <param name="handler">Answers the invitations.</param>
    /// <param name="acceptedTypes">The media types of an offer that it understands, such as <c>application/sdp</c>; any other body is answered 415.
    /// Null for all.</param>
    /// <exception cref="InvalidOperationException">Somebody takes INVITE already.</exception>
    public void HandleInvitations(InvitationHandler handler, IReadOnlyList<string>? acceptedTypes = null) => HandleInvitations(handler, acceptedTypes, null);

    internal void HandleInvitations(InvitationHandler handler, IReadOnlyList<string>? acceptedTypes, UserAgentCapabilities? capabilities)
    {
        ArgumentNullException.ThrowIfNull(handler);
        Handle(SipMethod.Invite, (transaction, cancellationToken) => InviteReceivedAsync(transaction, handler, cancellationToken), acceptedTypes, capabilities);
    }

    /// <summary>
    /// Invites to a session and waits for the answer. Whatever it is, and if there is none, the result says so. A session that comes of it
    /// has been acknowledged. Cancelling throws at once and sends CANCEL, or ACK and BYE when the 2xx was quicker.
    /// </summary>
    public ValueTask<InviteResult> InviteAsync(SipUri target, InviteOptions options, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(target);
        ArgumentNullException.ThrowIfNull(options);
        return new OutgoingInvite(this, options, _options.SessionTimer).RunAsync(target, cancellationToken);
    }

    /// <summary>Takes no more requests of that method.</summary>
    public void StopHandling(SipMethod method)
    {
        lock (_gate)
        {
            _takers = [.. _takers.Where(taker => taker.Method != method)];
            _allowed = ListAllowed();
        }
    }

    /// <summary>Begins a request outside any dialog: To, From with a tag, Call-ID and Max-Forwards are in it (RFC 3261 §8.1.1).</summary>
    /// <param name="method">The method.</param>
    /// <param name="requestUri">Where it is to arrive; To is the same but for REGISTER.</param>
    /// <param name="to">The To address where it differs.</param>
    public SipRequestBuilder CreateRequest(SipMethod method, SipUri requestUri, SipUri? to = null)
    {
        var request = new SipRequestBuilder(method, requestUri);
        request.Add(SipHeaderNames.MaxForwards, "70");
        request.Add(SipHeaderNames.From, $"{_from};tag={Stack.Identifiers.NewTag()}");
        request.Add(SipHeaderNames.To, $"<{to ?? requestUri}>");
        request.Add(SipHeaderNames.CallId, Stack.Identifiers.NewCallId());
        return request;
    }

    /// <summary>
    /// Sends the request by the proxies, one after the other while they fail (no connection, no answer, 503), and answers
    /// challenges with the credentials it has. CSeq is set here; a repetition has the next number.
    /// </summary>
    public ValueTask<SipTransactionResult> SendAsync(SipRequestBuilder request, CancellationToken cancellationToken = default)
    {
        uint number = 0;
        return SendAsync(request, () => ++number, prepare: null, Stack.SendAsync, cancellationToken);
    }

    /// <summary>
    /// Registers and keeps the registration until it is disposed. Returns once the registrar has granted it; a core that does not
    /// answer is asked again, with growing waits, until <paramref name="cancellationToken"/> is cancelled.
    /// </summary>
    /// <exception cref="SipRegistrationException">The registrar refused for good.</exception>
    public ValueTask<Registration> RegisterAsync(RegistrationOptions options, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(options);
        return Registration.StartAsync(this, options, cancellationToken);
    }

    /// <summary>What the registrar gave: the route for requests outside dialogs, and the GRUU for Contact; null takes it back.</summary>
    internal void UseBinding(RegistrationBinding? binding)
    {
        _serviceRoute = binding is null ? [] : [.. binding.ServiceRoute];
        _gruu = binding?.PublicGruu;
    }

    /// <summary>Where a request outside dialogs goes first, as long as the proxy in use answers.</summary>
    internal SipUri NextHop(SipUri target) =>
        _options.OutboundProxies.Count > 0 ? _options.OutboundProxies[_proxyInUse % _options.OutboundProxies.Count] : _serviceRoute.FirstOrDefault() ?? target;

    /// <summary>
    /// Where the requests of a dialog go first. Without a route, to the remote target; but a target that only its domain can find, as a GRUU,
    /// goes by the proxy that all requests of this user agent go by (RFC 3261 §8.1.2).
    /// </summary>
    internal SipUri NextHop(Dialog dialog) =>
        dialog.RouteSet.Count == 0 && _options.OutboundProxies.Count > 0 && dialog.RemoteTarget.HostAddress() is null
            ? _options.OutboundProxies[_proxyInUse % _options.OutboundProxies.Count]
            : dialog.NextHop;

    /// <summary>Contact of a request that begins a dialog (RFC 5627 §4.4): the GRUU where there is one, else where the stack listens.</summary>
    internal string FormatContact(SipUri requestUri, SipUri nextHop, IReadOnlyList<string> parameters) =>
        WriteContact(_gruu ?? Stack.CreateContact(ContactUser, nextHop), requestUri, parameters);

    /// <summary>Contact of the answer to a request that begins a dialog or asks what this end can do, with its feature tags (RFC 3840 §7, §8).</summary>
    internal string FormatContact(SipServerTransaction transaction)
    {
        var flow = transaction.Flow;
        return WriteContact(_gruu ?? Stack.CreateContact(ContactUser, flow.Protocol, flow.Remote.Address.Address), transaction.Request.RequestUri, Capabilities?.FeatureTags ?? []);
    }

    // SIPS in the Request-URI asks for SIPS all along the way, so in Contact too (RFC 3261 §8.1.1.8, §12.1.1).
    private static string WriteContact(SipUri contact, SipUri? requestUri, IReadOnlyList<string> parameters) =>
        string.Concat([$"<{(requestUri?.Scheme == "sips" ? contact.AsSips() : contact)}>", .. parameters.Select(parameter => $";{parameter}")]);

    /// <summary>What INVITE, UPDATE and their answers say of this end: Contact, Allow and Supported (RFC 3261 §13.2.1).</summary>
    internal void AddSessionHeaders(SipMessageBuilder message, string contact)
    {
        message.Set(SipHeaderNames.Contact, contact);
        message.Set(SipHeaderNames.Allow, _allowed);
        message.Set(SipHeaderNames.Supported, _options.SessionTimer is null ? "gruu" : "gruu, timer");
    }

    /// <param name="request">What to send.</param>
    /// <param name="nextCSeq">Gives the number of each repetition.</param>
    /// <param name="prepare">Adds what depends on the proxy, such as Contact; null for nothing.</param>
    /// <param name="send">Sends each try.</param>
    /// <param name="cancellationToken">Stops the waiting and the retransmissions.</param>
    internal async ValueTask<SipTransactionResult> SendAsync(
        SipRequestBuilder request,
        Func<uint> nextCSeq,
        Action<SipRequestBuilder, SipUri>? prepare,
        RequestSender send,
        CancellationToken cancellationToken)
    {
        var result = default(SipTransactionResult);
        var proxies = _options.OutboundProxies;
        var first = _proxyInUse;

        for (var i = 0; i < Math.Max(1, proxies.Count); i++)
        {
            var at = proxies.Count == 0 ? 0 : (first + i) % proxies.Count;
            var proxy = proxies.Count == 0 ? null : proxies[at];
            var serviceRoute = request.Method == SipMethod.Register ? [] : _serviceRoute;

            SetRoute(request, proxy, serviceRoute);
            var nextHop = proxy ?? serviceRoute.FirstOrDefault() ?? request.RequestUri!;
            prepare?.Invoke(request, nextHop);
            SetCSeq(request, nextCSeq());
            result = await SendWithCredentialsAsync(request, nextHop, nextCSeq, send, cancellationToken).ConfigureAwait(false);

            if (result.Outcome == SipTransactionOutcome.Answered && result.StatusCode != 503)
            {
                _proxyInUse = at;
                return result;
            }
        }

        return result;
    }

    internal bool Takes(SipMethod method) => Array.Exists(_takers, taker => taker.Method == method);

    /// <summary>True when the Request-URI, or the identity the core says was called, is this one.</summary>
    internal bool IsNamedBy(SipRequest request)
    {
        if (request.RequestUri is { } uri && ContactUser is { } user && Ascii.Equals(uri.User.Span, user))
        {
            return true;
        }

        return request.Contains(SipHeaderNames.PCalledPartyId)
            && NameAddress.TryParse(request[SipHeaderNames.PCalledPartyId], out var called)
            && called.Uri?.Equals(AddressOfRecord) == true;
    }

    internal async ValueTask HandleAsync(SipServerTransaction transaction, CancellationToken cancellationToken)
    {
        var request = transaction.Request;
        if (Array.Find(_takers, taker => taker.Method == request.Method) is not { } taker)
        {
            // Somebody took it until a moment ago.
            await transaction.RespondAsync(480, cancellationToken: cancellationToken).ConfigureAwait(false);
            return;
        }

        var refusal = RequestInspection.Inspect(request, taker.AcceptedTypes, SupportedOptions());

        // A dialog that nobody here knows (RFC 3261 §12.2.2). MESSAGE begins none, so a stray tag does it no harm.
        if (refusal.Status == 0 && request.Method != SipMethod.Message && !request.To.Tag.IsEmpty)
        {
            refusal = new RequestRefusal(481);
        }

        if (refusal.Status != 0)
        {
            await refusal.SendAsync(transaction, cancellationToken).ConfigureAwait(false);
            return;
        }

        await taker.Handler(transaction, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>What neither the identity nor its session takes: 405 with what is taken, or 501 (RFC 3261 §8.2.1).</summary>
    internal ValueTask AnswerUnhandledAsync(SipServerTransaction transaction) => Stack.Dispatcher.AnswerUnhandledAsync(transaction);

    internal static string FormatAddress(string? displayName, SipUri uri) => string.IsNullOrEmpty(displayName)
        ? $"<{uri}>"
        : $"\"{displayName.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("\"", "\\\"", StringComparison.Ordinal)}\" <{uri}>";

    /// <summary>The credentials of one request that goes out in this user agent's name.</summary>
    internal RequestCredentials CreateCredentials() => _digest.Begin();

    /// <summary>Sends a request that has its CSeq, again with the next one as long as challenges can be answered.</summary>
    internal async ValueTask<SipTransactionResult> SendWithCredentialsAsync(
        SipRequestBuilder request, SipUri nextHop, Func<uint> nextCSeq, RequestSender send, CancellationToken cancellationToken)
    {
        var credentials = CreateCredentials();

        while (true)
        {
            credentials.Apply(request);

            var result = await send(request.Build(), nextHop, cancellationToken).ConfigureAwait(false);
            if (result.Response is not { } response || !credentials.TryAnswer(response))
            {
                return result;
            }

            SetCSeq(request, nextCSeq());
        }
    }

    // Every INVITE, UPDATE and answer to one says what is taken, so it is kept as long as that stays the same.
    private string ListAllowed() => string.Join(", ", SessionMethods.Union(Methods).Select(method => method.Name));

    /// <summary>The extensions that Require may name; 100rel only where it is enabled (SIP-92).</summary>
    internal string[] SupportedOptions() => _options.ReliableProvisionals ? AllOptions : AllOptions[1..];

    private static void SetCSeq(SipRequestBuilder request, uint number) =>
        request.Set(SipHeaderNames.CSeq, string.Create(CultureInfo.InvariantCulture, $"{number} {request.Method}"));

    private async ValueTask InviteReceivedAsync(SipServerTransaction transaction, InvitationHandler handler, CancellationToken cancellationToken)
    {
        var timer = _options.SessionTimer is { } options ? new SessionTimer(options) : null;
        var timerAnswer = timer?.Judge(transaction.Request);
        if (timerAnswer is { TooSmall: not null } tooSmall)
        {
            using var refusal = transaction.CreateResponse(422);
            tooSmall.AddTo(refusal);
            await transaction.RespondAsync(refusal.Build(), cancellationToken).ConfigureAwait(false);
            return;
        }

        if (Dialog.ForServer(transaction.Request, transaction.LocalTag) is not { } dialog)
        {
            await transaction.RespondAsync(400, "Bad Contact", cancellationToken).ConfigureAwait(false);
            return;
        }

        var invitation = new Invitation(this, transaction, dialog, timer, timerAnswer);

        // An INVITE that says how long it is meant to ring is answered 487 after that (RFC 3261 §13.3.1).
        var (wait, status) = transaction.Request.Seconds(SipHeaderNames.Expires) is { } expires && expires < _options.RingTimeout
            ? (expires, 487)
            : (_options.RingTimeout, 480);
        await using var expiry = Stack.TimeProvider.CreateTimer(_ => invitation.Expire(status), null, wait, Timeout.InfiniteTimeSpan).ConfigureAwait(false);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, transaction.Cancelled);
        try
        {
            await handler(invitation, either.Token).ConfigureAwait(false);
        }
        finally
        {
            invitation.End();
        }
    }

    // The proxy first, then what the registrar gave; a Service-Route that begins with the proxy names it once.
    private static void SetRoute(SipRequestBuilder request, SipUri? proxy, SipUri[] serviceRoute)
    {
        request.Remove(SipHeaderNames.Route);
        for (var i = serviceRoute.Length - 1; i >= 0; i--)
        {
            request.Prepend(SipHeaderNames.Route, $"<{serviceRoute[i]}>");
        }

        if (proxy is { IsLooseRouter: true } && (serviceRoute.Length == 0 || !IsSameHop(serviceRoute[0], proxy)))
        {
            request.Prepend(SipHeaderNames.Route, $"<{proxy}>");
        }
    }

    private static bool IsSameHop(SipUri left, SipUri right) =>
        left.Host.EqualsIgnoreCase(right.Host.Span) && (left.Port ?? 5060) == (right.Port ?? 5060);

    private sealed record Taker(SipMethod Method, SipRequestHandler Handler, IReadOnlyList<string>? AcceptedTypes, UserAgentCapabilities? Capabilities);
}
