using System.Globalization;
using System.Text;

namespace SipPush.Sip;

/// <summary>
/// One identity (AOR) on a stack: makes requests in its name, sends them by its proxies, answers challenges, and takes the
/// requests that are for it. Safe for concurrent use.
/// </summary>
public sealed class SipUserAgent
{
    private readonly SipUserAgentOptions _options;
    private readonly DigestClient _wwwDigest;
    private readonly DigestClient _proxyDigest;
    private readonly string _from;
    private readonly Lock _gate = new();
    private volatile Taker[] _takers = [];
    private volatile int _proxyInUse;
    private volatile SipUri[] _serviceRoute = [];

    internal SipUserAgent(SipStack stack, SipUserAgentOptions options)
    {
        Stack = stack;
        _options = options;
        ContactUser = options.ContactUser ?? (options.AddressOfRecord.User.IsEmpty ? null : options.AddressOfRecord.User.ToString());
        _wwwDigest = new DigestClient(options.Credentials, stack.Identifiers.NewTag);
        _proxyDigest = new DigestClient(options.Credentials, stack.Identifiers.NewTag);
        _from = FormatAddress(options.DisplayName, options.AddressOfRecord);
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

    internal IEnumerable<SipMethod> Methods => _takers.Select(taker => taker.Method);

    /// <summary>The media types that its handlers say they take; nothing from those that take all.</summary>
    internal IEnumerable<string> AcceptedTypes => _takers.SelectMany(taker => taker.AcceptedTypes ?? []);

    /// <summary>Takes the requests of a method that are for this identity. It runs on the thread that received: await, don't block.</summary>
    /// <param name="method">The method.</param>
    /// <param name="handler">Answers the requests.</param>
    /// <param name="acceptedTypes">The media types it understands, <c>text/*</c> too; a body of any other is answered 415 with these in Accept
    /// (RFC 3261 §8.2.3) and never comes to the handler. Null for all.</param>
    /// <exception cref="InvalidOperationException">Somebody takes that method already.</exception>
    public void Handle(SipMethod method, SipRequestHandler handler, IReadOnlyList<string>? acceptedTypes = null)
    {
        ArgumentNullException.ThrowIfNull(handler);
        lock (_gate)
        {
            if (Takes(method))
            {
                throw new InvalidOperationException($"{method} for {AddressOfRecord} has a handler already");
            }

            _takers = [.. _takers, new Taker(method, handler, acceptedTypes)];
        }
    }

    /// <summary>Takes no more requests of that method.</summary>
    public void StopHandling(SipMethod method)
    {
        lock (_gate)
        {
            _takers = [.. _takers.Where(taker => taker.Method != method)];
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
        return SendAsync(request, () => ++number, prepare: null, cancellationToken);
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

    internal void UseServiceRoute(SipUri[] route) => _serviceRoute = route;

    /// <param name="request">What to send.</param>
    /// <param name="nextCSeq">Gives the number of each repetition.</param>
    /// <param name="prepare">Adds what depends on the proxy, such as Contact; null adds the Service-Route, which REGISTER does without.</param>
    /// <param name="cancellationToken">Stops the waiting and the retransmissions.</param>
    internal async ValueTask<SipTransactionResult> SendAsync(
        SipRequestBuilder request,
        Func<uint> nextCSeq,
        Action<SipRequestBuilder, SipUri>? prepare,
        CancellationToken cancellationToken)
    {
        var result = default(SipTransactionResult);
        var proxies = _options.OutboundProxies;
        var first = _proxyInUse;

        for (var i = 0; i < Math.Max(1, proxies.Count); i++)
        {
            var at = proxies.Count == 0 ? 0 : (first + i) % proxies.Count;
            var proxy = proxies.Count == 0 ? null : proxies[at];
            var serviceRoute = prepare is null ? _serviceRoute : [];

            SetRoute(request, proxy, serviceRoute);
            var nextHop = proxy ?? serviceRoute.FirstOrDefault() ?? request.RequestUri!;
            prepare?.Invoke(request, nextHop);
            result = await SendWithCredentialsAsync(request, nextHop, nextCSeq, cancellationToken).ConfigureAwait(false);

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

        var refusal = RequestInspection.Inspect(request, taker.AcceptedTypes);
        if (refusal.Status != 0)
        {
            await refusal.SendAsync(transaction, cancellationToken).ConfigureAwait(false);
            return;
        }

        await taker.Handler(transaction, cancellationToken).ConfigureAwait(false);
    }

    internal static string FormatAddress(string? displayName, SipUri uri) => string.IsNullOrEmpty(displayName)
        ? $"<{uri}>"
        : $"\"{displayName.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("\"", "\\\"", StringComparison.Ordinal)}\" <{uri}>";

    private async ValueTask<SipTransactionResult> SendWithCredentialsAsync(SipRequestBuilder request, SipUri nextHop, Func<uint> nextCSeq, CancellationToken cancellationToken)
    {
        DigestAttempt? www = null, proxy = null;
        var method = request.Method;

        while (true)
        {
            request.Set(SipHeaderNames.CSeq, string.Create(CultureInfo.InvariantCulture, $"{nextCSeq()} {method}"));
            if (_options.Credentials.Count > 0)
            {
                var uri = request.RequestUri!.ToString();
                www ??= _wwwDigest.Begin(method.Name, uri);
                proxy ??= _proxyDigest.Begin(method.Name, uri);
                SetCredentials(request, SipHeaderNames.Authorization, www.Credentials);
                SetCredentials(request, SipHeaderNames.ProxyAuthorization, proxy.Credentials);
            }

            var result = await Stack.SendAsync(request.Build(), nextHop, cancellationToken).ConfigureAwait(false);
            var again = result.Response?.StatusCode switch
            {
                401 => www?.TryAnswer(Challenges(result.Response, SipHeaderNames.WwwAuthenticate)),
                407 => proxy?.TryAnswer(Challenges(result.Response, SipHeaderNames.ProxyAuthenticate)),
                _ => false,
            };

            if (again != true)
            {
                return result;
            }
        }
    }

    private static List<DigestChallenge> Challenges(SipResponse response, SipHeaderName name)
    {
        var challenges = new List<DigestChallenge>();
        foreach (var line in response.Lines(name))
        {
            if (DigestChallenge.TryParse(line.Span, out var challenge))
            {
                challenges.Add(challenge);
            }
        }

        return challenges;
    }

    private static void SetCredentials(SipRequestBuilder request, SipHeaderName name, IReadOnlyList<string> credentials)
    {
        request.Remove(name);
        foreach (var value in credentials)
        {
            request.Add(name, value);
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

    private sealed record Taker(SipMethod Method, SipRequestHandler Handler, IReadOnlyList<string>? AcceptedTypes);
}
