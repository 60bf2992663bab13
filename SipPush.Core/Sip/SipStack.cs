using System.Net;
using System.Runtime.CompilerServices;
using Microsoft.Extensions.Logging;
using SipPush.Diagnostics;
using SipPush.Sip.Location;
using SipPush.Sip.Transactions;

namespace SipPush.Sip;

/// <summary>
/// A SIP stack: transports, transactions, and any number of user agents on them. Start one a process, or one an identity in a
/// test.
/// </summary>
public sealed class SipStack : IAsyncDisposable
{
    private readonly SipStackOptions _options;
    private readonly LocalTransports _transports;
    private readonly DnsResolver _resolver;
    private readonly RequestRouter _router;
    private readonly CancellationTokenSource _stopping = new();
    private readonly ILogger _log;

    private SipStack(SipStackOptions options)
    {
        _options = options;
        Stopping = _stopping.Token;
        _log = options.LoggerFactory.CreateLogger(SipPushTelemetry.SipCategory);
        _resolver = new DnsResolver(options.Dns, options.TimeProvider, options.Identifiers, _log);
        _transports = new LocalTransports(options.Advertise, options.CongestionSafeSize);
        Locator = new ServerLocator(
            _resolver, (protocol, family) => _transports.Find(protocol, family) is not null, options.Identifiers, options.TimeProvider, options.LocateAsync);
        Dispatcher = new RequestDispatcher(options, Sessions, _log, Stopping);
        _router = new RequestRouter(Layer, Locator, _transports, _log, Stopping);
    }

    /// <summary>Where the stack listens, with the real ports.</summary>
    public IReadOnlyList<SipEndPoint> Local => _transports.Local;

    /// <summary>The peers whose word counts.</summary>
    public TrustDomain TrustDomain => _options.TrustDomain;

    /// <summary>The clock of the stack.</summary>
    public TimeProvider TimeProvider => _options.TimeProvider;

    /// <summary>The source of tags, branches and Call-IDs.</summary>
    public SipIdentifiers Identifiers => _options.Identifiers;

    internal ILoggerFactory LoggerFactory => _options.LoggerFactory;

    internal SipLimits Limits => _options.Limits;

    internal SipProfile Profile => _options.Profile;

    internal SipTimers Timers => _options.Timers;

    internal TransactionLayer Layer => Dispatcher.Layer;

    internal RequestDispatcher Dispatcher { get; }

    /// <summary>The sessions of all user agents, early ones too.</summary>
    internal SessionTable Sessions { get; } = new();

    /// <summary>Where requests for a URI go.</summary>
    internal ServerLocator Locator { get; }

    /// <summary>Cancelled when the stack stops. A token of its own, for it is asked for after the source is gone too.</summary>
    internal CancellationToken Stopping { get; }

    /// <summary>Binds what <see cref="SipStackOptions.Listen"/> names and begins to receive.</summary>
    /// <exception cref="IOException">An address can't be bound.</exception>
    /// <exception cref="ArgumentException">There is nothing to listen on, or TLS is to be listened on without a server certificate.</exception>
    public static async ValueTask<SipStack> StartAsync(SipStackOptions options, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(options);
        if (options.Listen.Count + options.Transports.Count == 0)
        {
            throw new ArgumentException("A stack needs something to listen on", nameof(options));
        }

        var stack = new SipStack(options);
        var transport = options.Transport with
        {
            MessageLimits = options.Limits,
            LoggerFactory = options.LoggerFactory,
            ReceiverFault = options.Transport.ReceiverFault ?? (fault => SipLog.ReceiverFailed(stack._log, fault)),
        };
        try
        {
            foreach (var endPoint in options.Listen)
            {
                stack._transports.Add(endPoint.Protocol switch
                {
                    SipProtocol.Udp => new UdpTransport(endPoint, transport),
                    SipProtocol.Tcp => new TcpTransport(endPoint, transport),
                    SipProtocol.Tls => new TlsTransport(endPoint, options.Tls, transport),
                    _ => throw new ArgumentException($"{endPoint} can't be listened on", nameof(options)),
                });
            }

            foreach (var given in options.Transports)
            {
                stack._transports.Add(given);
            }

            await stack._transports.StartAsync(stack.Layer, cancellationToken).ConfigureAwait(false);
        }
        catch
        {
            await stack.DisposeAsync().ConfigureAwait(false);
            throw;
        }

        SipLog.Listening(stack._log, string.Join(", ", stack.Local));
        return stack;
    }

    /// <summary>Adds an identity. Requests find it by the user part of their Request-URI, or by being the only one that takes the method.</summary>
    public SipUserAgent CreateUserAgent(SipUserAgentOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        var userAgent = new SipUserAgent(this, options);
        Dispatcher.Add(userAgent);
        return userAgent;
    }

    /// <summary>
    /// Sends a request in a transaction of its own to where its topmost Route, or else its Request-URI, points, and waits for the end.
    /// The Via is added here. A request too large for UDP goes over TCP, and back to UDP when TCP is refused (RFC 3261 §18.1.1). A name may
    /// lead to several servers (RFC 3263): when one answers 503, can't be reached or stays silent for 64*T1 the next is tried, with a new branch.
    /// </summary>
    /// <returns>The end of the transaction, whatever it is. Cancelling throws, and stops retransmissions.</returns>
    /// <exception cref="ArgumentException">The request is an INVITE or ACK: those are sent by <see cref="SipUserAgent.InviteAsync"/>, and by a proxy
    /// by <see cref="SendInvite(SipRequest, SipUri?)"/> and <see cref="SendAckAsync(SipRequest, SipUri?, CancellationToken)"/>.</exception>
    public ValueTask<SipTransactionResult> SendAsync(SipRequest request, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(request);
        return _router.SendAsync(request, RequestRouter.FirstHop(request), cancellationToken);
    }

    /// <summary>As <see cref="SendAsync(SipRequest, CancellationToken)"/>, to where <paramref name="nextHop"/> points whatever the request says.</summary>
    public ValueTask<SipTransactionResult> SendAsync(SipRequest request, SipUri? nextHop, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(request);
        return _router.SendAsync(request, nextHop, cancellationToken);
    }

    /// <summary>
    /// Sends an INVITE to where <paramref name="nextHop"/> points and waits for its first final response. <paramref name="received"/> hears
    /// of every response from 101 on, on the thread that received it, also of a 2xx that comes later; it sends the ACK of each. Cancelling
    /// ends the waiting at once; CANCEL goes out as soon as it may (RFC 3261 §9.1).
    /// </summary>
    internal ValueTask<SipTransactionResult> SendInviteAsync(SipRequest invite, SipUri? nextHop, Action<SipResponse> received, CancellationToken cancellationToken) =>
        _router.SendInviteAsync(invite, nextHop, received, cancellationToken);

    /// <summary>
    /// Sends an INVITE for a proxy or a B2BUA, which sees to dialogs and ACKs of 2xx itself; a user agent's own is sent by
    /// <see cref="SipUserAgent.InviteAsync"/>. The Via is added here, and servers are found and tried, as in
    /// <see cref="SendAsync(SipRequest, SipUri?, CancellationToken)"/>.
    /// </summary>
    /// <param name="invite">The INVITE.</param>
    /// <param name="nextHop">Where to; null for where its topmost Route, or else its Request-URI, points.</param>
    /// <returns>The INVITE under way. Timer C gives it up when it rings too long, see <see cref="SipTimers.C"/>.</returns>
    /// <exception cref="ArgumentException">The request is no INVITE.</exception>
    public SipInviteTransaction SendInvite(SipRequest invite, SipUri? nextHop = null)
    {
        Require(SipMethod.Invite, invite);
        return Begin(invite, (send, token) => _router.LocateAndSendAsync(invite, nextHop ?? RequestRouter.FirstHop(invite), send, token));
    }

    /// <summary>As <see cref="SendInvite(SipRequest, SipUri?)"/>, on a flow that is known.</summary>
    /// <exception cref="ArgumentException">The request is no INVITE.</exception>
    public SipInviteTransaction SendInvite(SipRequest invite, SipFlow flow)
    {
        Require(SipMethod.Invite, invite);
        ArgumentNullException.ThrowIfNull(flow);
        return Begin(invite, (send, token) => send(invite, flow, token));
    }

    /// <summary>
    /// Sends the ACK of a 2xx on, which has no transaction: once, with a Via and a branch of its own (RFC 3261 §16.11). What a user agent
    /// accepts is acknowledged without this.
    /// </summary>
    /// <param name="ack">The ACK.</param>
    /// <param name="nextHop">Where to; null for where its topmost Route, or else its Request-URI, points.</param>
    /// <param name="cancellationToken">Ends the attempt.</param>
    /// <exception cref="IOException">It can't be sent.</exception>
    /// <exception cref="ArgumentException">The request is no ACK.</exception>
    public async ValueTask SendAckAsync(SipRequest ack, SipUri? nextHop = null, CancellationToken cancellationToken = default)
    {
        Require(SipMethod.Ack, ack);
        var target = nextHop ?? RequestRouter.FirstHop(ack) ?? throw new IOException("The Request-URI is no URI");
        await _router.AcknowledgeAsync(ack, target, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>As <see cref="SendAckAsync(SipRequest, SipUri?, CancellationToken)"/>, on a flow that is known.</summary>
    /// <exception cref="IOException">It can't be sent.</exception>
    /// <exception cref="ArgumentException">The request is no ACK.</exception>
    public async ValueTask SendAckAsync(SipRequest ack, SipFlow flow, CancellationToken cancellationToken = default)
    {
        Require(SipMethod.Ack, ack);
        ArgumentNullException.ThrowIfNull(flow);
        cancellationToken.ThrowIfCancellationRequested();
        await _router.AcknowledgeAsync(ack, flow).ConfigureAwait(false);
    }

    private static void Require(SipMethod method, SipRequest request, [CallerArgumentExpression(nameof(request))] string? name = null)
    {
        ArgumentNullException.ThrowIfNull(request, name);
        if (request.Method != method)
        {
            throw new ArgumentException($"{request.Method} is not {method}", name);
        }
    }

    private SipInviteTransaction Begin(SipRequest invite, Func<RequestRouter.FlowSender, CancellationToken, ValueTask<SipTransactionResult>> send)
    {
        var transaction = new SipInviteTransaction(invite, Layer.Clients, _transports.SentBy, Stopping);
        Dispatcher.OtherBegins();
        transaction.Begin(send, ended: Dispatcher.OtherEnded);
        return transaction;
    }

    /// <summary>Sends the ACK of a 2xx to where <paramref name="nextHop"/> points.</summary>
    /// <exception cref="IOException">It can't be sent.</exception>
    internal ValueTask<SentAck> AcknowledgeAsync(SipRequest ack, SipUri nextHop) => _router.AcknowledgeAsync(ack, nextHop, Stopping);

    /// <summary>Sends an ACK again.</summary>
    internal void Repeat(SentAck ack) => Layer.Sender.Forget(Layer.Sender.SendAsync(ack.Flow, ack.Octets, CancellationToken.None));

    /// <summary>As <see cref="SendAsync(SipRequest, CancellationToken)"/>, on a flow that is known: back over the connection a registration came in on.</summary>
    public ValueTask<SipTransactionResult> SendAsync(SipRequest request, SipFlow flow, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(request);
        ArgumentNullException.ThrowIfNull(flow);
        return _router.SendAsync(request, flow, cancellationToken);
    }

    /// <summary>A URI of this stack for Contact and Record-Route, as peers at <paramref name="peer"/> can reach it; null leaves the choice to the first listener.</summary>
    /// <exception cref="InvalidOperationException">The stack has no transport of that protocol.</exception>
    public SipUri CreateContact(string? user, SipProtocol protocol, IPAddress? peer = null, string parameters = "") =>
        _transports.CreateContact(user, protocol, peer, parameters);

    /// <summary>A URI of this stack for Contact, as peers by way of <paramref name="nextHop"/> can reach it.</summary>
    internal SipUri CreateContact(string? user, SipUri nextHop) => _transports.CreateContact(user, nextHop);

    /// <summary>The host by which a peer reaches this stack; null when the stack listens at every address, and the peer's, which would tell, is not known.</summary>
    internal string? HostTowards(IPAddress? peer) => _transports.HostTowards(peer);

    /// <summary>Stops: handlers see their token cancelled, transactions under way end as failed, transports are closed.</summary>
    public async ValueTask DisposeAsync()
    {
        if (_stopping.IsCancellationRequested)
        {
            return;
        }

        // Whoever is in a session with this stack hears that it ends.
        var sessions = Sessions.All.ToArray();
        foreach (var session in sessions)
        {
            session.EndSoon(SipSessionEndCause.Stopped);
        }

        await _stopping.CancelAsync().ConfigureAwait(false);
        Layer.Stop();
        await Task.WhenAll(sessions.Select(session => session.Work)).ConfigureAwait(false);
        await _resolver.DisposeAsync().ConfigureAwait(false);

        await Dispatcher.WhenIdleAsync().ConfigureAwait(false);

        // What a handler accepted while the stack was stopping.
        foreach (var session in Sessions.All)
        {
            session.EndSilently(new SipSessionEnd(SipSessionEndCause.Stopped));
        }

        await _transports.DisposeAsync().ConfigureAwait(false);
        _stopping.Dispose();
    }
}
