using System.Collections.Concurrent;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
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
    /// <summary>What the Via that is added on the way out may come to, in octets.</summary>
    internal const int ViaSize = 120;

    private const int RememberedAddresses = 1024;

    private readonly SipStackOptions _options;
    private readonly TransactionLayer _layer;
    private readonly DnsResolver _resolver;
    private readonly ServerLocator _locator;
    private readonly List<SipTransport> _transports = [];
    private readonly ConcurrentDictionary<IPAddress, IPAddress> _localAddresses = new();
    private readonly CancellationTokenSource _stopping = new();
    private readonly ILogger _log;
    private readonly Lock _gate = new();
    private volatile SipUserAgent[] _userAgents = [];
    private volatile TaskCompletionSource? _handlersEnded;

    // ACKs and INVITEs in the hands of proxies; what handles other requests is counted in its partition.
    private int _othersRunning;

    private SipStack(SipStackOptions options)
    {
        _options = options;
        Stopping = _stopping.Token;
        _log = options.LoggerFactory.CreateLogger(SipPushTelemetry.SipCategory);
        _resolver = new DnsResolver(options.Dns, options.TimeProvider, options.Identifiers, _log);
        _locator = new ServerLocator(
            _resolver, (protocol, family) => FindTransport(protocol, family) is not null, options.Identifiers, options.TimeProvider, options.LocateAsync);
        _layer = new TransactionLayer(options, Deliver, DeliverAck);
    }

    /// <summary>Where the stack listens, with the real ports.</summary>
    public IReadOnlyList<SipEndPoint> Local => [.. _transports.Select(transport => transport.Local)];

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

    internal TransactionLayer Layer => _layer;

    /// <summary>The sessions of all user agents, early ones too.</summary>
    internal SessionTable Sessions { get; } = new();

    /// <summary>Where requests for a URI go.</summary>
    internal ServerLocator Locator => _locator;

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

            stack._transports.AddRange(options.Transports);
            foreach (var started in stack._transports)
            {
                await started.StartAsync(stack._layer, cancellationToken).ConfigureAwait(false);
            }
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
        lock (_gate)
        {
            _userAgents = [.. _userAgents, userAgent];
        }

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
        return SendAsync(request, FirstHop(request), cancellationToken);
    }

    /// <summary>As <see cref="SendAsync(SipRequest, CancellationToken)"/>, to where <paramref name="nextHop"/> points whatever the request says.</summary>
    public ValueTask<SipTransactionResult> SendAsync(SipRequest request, SipUri? nextHop, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(request);

        // The usual next hop is an address that a flow leads to already: nothing to wait for, and no other to try.
        if (nextHop is null || !ServerLocator.TryLocate(nextHop, out var endPoint))
        {
            return LocateAndSendAsync(request, nextHop, SendAsync, cancellationToken);
        }

        // With maddr the address is not whom the URI is about.
        var domain = endPoint.Protocol == SipProtocol.Tls ? nextHop.Host.ToString() : null;
        var connecting = ConnectAsync(endPoint, domain, request.Octets.Length, cancellationToken);
        return connecting.IsCompletedSuccessfully
            ? SendAsync(request, connecting.Result, cancellationToken)
            : SendWhenConnectedAsync(request, connecting, cancellationToken);
    }

    private async ValueTask<SipTransactionResult> SendWhenConnectedAsync(SipRequest request, ValueTask<SipFlow> connecting, CancellationToken cancellationToken)
    {
        try
        {
            return await SendAsync(request, await connecting.ConfigureAwait(false), cancellationToken).ConfigureAwait(false);
        }
        catch (IOException error)
        {
            return new SipTransactionResult(SipTransactionOutcome.TransportFailed, null, error);
        }
    }

    /// <summary>
    /// Sends an INVITE to where <paramref name="nextHop"/> points and waits for its first final response. <paramref name="received"/> hears
    /// of every response from 101 on, on the thread that received it, also of a 2xx that comes later; it sends the ACK of each. Cancelling
    /// ends the waiting at once; CANCEL goes out as soon as it may (RFC 3261 §9.1).
    /// </summary>
    internal ValueTask<SipTransactionResult> SendInviteAsync(SipRequest invite, SipUri? nextHop, Action<SipResponse> received, CancellationToken cancellationToken) =>
        LocateAndSendAsync(
            invite, nextHop, (request, flow, token) => _layer.Clients.SendInviteAsync(request, flow, SentBy(flow), received, token), cancellationToken);

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
        return Begin(invite, (send, token) => LocateAndSendAsync(invite, nextHop ?? FirstHop(invite), send, token));
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
        var target = nextHop ?? FirstHop(ack) ?? throw new IOException("The Request-URI is no URI");
        await AcknowledgeAsync(ack, target, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>As <see cref="SendAckAsync(SipRequest, SipUri?, CancellationToken)"/>, on a flow that is known.</summary>
    /// <exception cref="IOException">It can't be sent.</exception>
    /// <exception cref="ArgumentException">The request is no ACK.</exception>
    public async ValueTask SendAckAsync(SipRequest ack, SipFlow flow, CancellationToken cancellationToken = default)
    {
        Require(SipMethod.Ack, ack);
        ArgumentNullException.ThrowIfNull(flow);
        cancellationToken.ThrowIfCancellationRequested();
        await _layer.Clients.SendAckAsync(ack, flow, SentBy(flow)).ConfigureAwait(false);
    }

    private static void Require(SipMethod method, SipRequest request, [CallerArgumentExpression(nameof(request))] string? name = null)
    {
        ArgumentNullException.ThrowIfNull(request, name);
        if (request.Method != method)
        {
            throw new ArgumentException($"{request.Method} is not {method}", name);
        }
    }

    private static SipUri? FirstHop(SipRequest request)
    {
        var route = request.Contains(SipHeaderNames.Route) ? request.Addresses(SipHeaderNames.Route).FirstOrDefault().Uri : null;
        return route ?? request.RequestUri;
    }

    private SipInviteTransaction Begin(SipRequest invite, Func<FlowSender, CancellationToken, ValueTask<SipTransactionResult>> send)
    {
        var transaction = new SipInviteTransaction(invite, _layer.Clients, SentBy, Stopping);
        Interlocked.Increment(ref _othersRunning);
        transaction.Begin(send, ended: OtherEnded);
        return transaction;
    }

    /// <summary>Sends the ACK of a 2xx to where <paramref name="nextHop"/> points.</summary>
    /// <exception cref="IOException">It can't be sent.</exception>
    internal ValueTask<SentAck> AcknowledgeAsync(SipRequest ack, SipUri nextHop) => AcknowledgeAsync(ack, nextHop, Stopping);

    private async ValueTask<SentAck> AcknowledgeAsync(SipRequest ack, SipUri nextHop, CancellationToken cancellationToken)
    {
        var failure = default(IOException);
        foreach (var target in await _locator.LocateAsync(nextHop, cancellationToken).ConfigureAwait(false))
        {
            try
            {
                var flow = await ConnectAsync(target.EndPoint, target.Domain, ack.Octets.Length, cancellationToken).ConfigureAwait(false);
                return new SentAck(flow, await _layer.Clients.SendAckAsync(ack, flow, SentBy(flow)).ConfigureAwait(false));
            }
            catch (IOException error)
            {
                failure = error;
            }
        }

        throw failure!;
    }

    /// <summary>Sends an ACK again.</summary>
    internal void Repeat(SentAck ack) => _layer.Sender.Forget(_layer.Sender.SendAsync(ack.Flow, ack.Octets, CancellationToken.None));

    private async ValueTask<SipTransactionResult> LocateAndSendAsync(SipRequest request, SipUri? nextHop, FlowSender send, CancellationToken cancellationToken)
    {
        try
        {
            if (nextHop is null)
            {
                throw new IOException("The Request-URI is no URI");
            }

            var result = default(SipTransactionResult?);
            foreach (var target in await _locator.LocateAsync(nextHop, cancellationToken).ConfigureAwait(false))
            {
                var next = await TrySendAsync(request, target, send, cancellationToken).ConfigureAwait(false);
                if (!next.IsFailure || _stopping.IsCancellationRequested)
                {
                    _locator.ReportAlive(target);
                    return next;
                }

                SipLog.TargetFailed(_log, request.Method, target.EndPoint, next.StatusCode);
                _locator.ReportDead(target, next.Response?.RetryAfter);

                // What a server said tells more than that the next could not be reached.
                result = next.Response is null ? result ?? next : next;
            }

            return result!.Value;
        }
        catch (IOException error)
        {
            return new SipTransactionResult(SipTransactionOutcome.TransportFailed, null, error);
        }
    }

    // Every try is a transaction of its own, so its branch is new (RFC 3263 §4.3).
    private async ValueTask<SipTransactionResult> TrySendAsync(SipRequest request, SipTarget target, FlowSender send, CancellationToken cancellationToken)
    {
        try
        {
            var flow = await ConnectAsync(target.EndPoint, target.Domain, request.Octets.Length, cancellationToken).ConfigureAwait(false);
            return await send(request, flow, cancellationToken).ConfigureAwait(false);
        }
        catch (IOException error)
        {
            return new SipTransactionResult(SipTransactionOutcome.TransportFailed, null, error);
        }
    }

    /// <summary>As <see cref="SendAsync(SipRequest, CancellationToken)"/>, on a flow that is known: back over the connection a registration came in on.</summary>
    public ValueTask<SipTransactionResult> SendAsync(SipRequest request, SipFlow flow, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(request);
        ArgumentNullException.ThrowIfNull(flow);
        return _layer.Clients.SendAsync(request, flow, SentBy(flow), cancellationToken);
    }

    /// <summary>A URI of this stack for Contact and Record-Route, as peers at <paramref name="peer"/> can reach it; null leaves the choice to the first listener.</summary>
    /// <exception cref="InvalidOperationException">The stack has no transport of that protocol.</exception>
    public SipUri CreateContact(string? user, SipProtocol protocol, IPAddress? peer = null, string parameters = "")
    {
        var transport = FindTransport(protocol, peer?.AddressFamily) ?? throw new InvalidOperationException($"The stack does not listen on {protocol}");
        var (host, port) = Advertised(transport, peer ?? IPAddress.Loopback);
        return SipUri.Of(user, host, port, protocol, parameters);
    }

    /// <summary>A URI of this stack for Contact, as peers by way of <paramref name="nextHop"/> can reach it.</summary>
    internal SipUri CreateContact(string? user, SipUri nextHop)
    {
        var asked = nextHop.Scheme == "sips" ? SipProtocol.Tls : nextHop.Transport ?? SipProtocol.Udp;
        var address = nextHop.HostAddress();
        return CreateContact(user, FindTransport(asked, address?.AddressFamily) is null ? _transports[0].Local.Protocol : asked, address);
    }

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
        _layer.Stop();
        await Task.WhenAll(sessions.Select(session => session.Work)).ConfigureAwait(false);
        await _resolver.DisposeAsync().ConfigureAwait(false);

        var ended = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        Interlocked.Exchange(ref _handlersEnded, ended);
        if (HasHandlersRunning)
        {
            await ended.Task.ConfigureAwait(false);
        }

        // What a handler accepted while the stack was stopping.
        foreach (var session in Sessions.All)
        {
            session.EndSilently(new SipSessionEnd(SipSessionEndCause.Stopped));
        }

        foreach (var transport in _transports)
        {
            await transport.DisposeAsync().ConfigureAwait(false);
        }

        _stopping.Dispose();
    }

    /// <summary>The methods that a request may have here, as Allow lists them.</summary>
    internal string AllowedMethods()
    {
        var methods = _userAgents.SelectMany(userAgent => userAgent.Methods).Append(SipMethod.Options).Distinct();
        return string.Join(", ", methods.Select(method => method.Name).Order(StringComparer.Ordinal));
    }

    /// <summary>The flow a request of that size goes out on (RFC 3261 §18.1.1).</summary>
    /// <param name="remote">Where to.</param>
    /// <param name="domain">Whom a TLS server has to prove to be, as the URI said it; null for its address.</param>
    /// <param name="size">The octets of the request, without its Via.</param>
    /// <param name="cancellationToken">Ends the attempt.</param>
    internal async ValueTask<SipFlow> ConnectAsync(SipEndPoint remote, string? domain, int size, CancellationToken cancellationToken)
    {
        if (remote.Protocol == SipProtocol.Udp
            && size + ViaSize > _options.CongestionSafeSize
            && FindTransport(SipProtocol.Tcp, remote.Address.AddressFamily) is { } tcp)
        {
            try
            {
                return await tcp.ConnectAsync(remote with { Protocol = SipProtocol.Tcp }, cancellationToken).ConfigureAwait(false);
            }
            catch (IOException)
            {
                // The far end does not take TCP; UDP is what is left.
            }
        }

        var transport = FindTransport(remote.Protocol, remote.Address.AddressFamily)
            ?? throw new IOException($"There is no transport for {remote}");
        return await transport.ConnectAsync(remote, domain, cancellationToken).ConfigureAwait(false);
    }

    private SipTransport? FindTransport(SipProtocol protocol, AddressFamily? family)
    {
        foreach (var transport in _transports)
        {
            var local = transport.Local;
            if (local.Protocol == protocol && (family is null || local.Address.AddressFamily == family))
            {
                return transport;
            }
        }

        return null;
    }

    private string SentBy(SipFlow flow)
    {
        return flow.SentBy ??= Named(flow.Transport, flow.Remote.Address.Address);

        string Named(SipTransport transport, IPAddress peer)
        {
            var (host, port) = Advertised(transport, peer);
            return string.Create(CultureInfo.InvariantCulture, $"{host}:{port}");
        }
    }

    private (string Host, int Port) Advertised(SipTransport transport, IPAddress peer)
    {
        var local = transport.Local.Address;
        return _options.Advertise is { } advertised
            ? (advertised.Host, advertised.Port ?? local.Port)
            : (SipUri.FormatHost(IsAny(local.Address) ? LocalAddressTo(peer) : local.Address), local.Port);
    }

    /// <summary>The host by which a peer reaches this stack; null when the stack listens at every address, and the peer's, which would tell, is not known.</summary>
    internal string? HostTowards(IPAddress? peer)
    {
        var local = (_transports.Find(transport => transport.Local.Address.AddressFamily == peer?.AddressFamily) ?? _transports[0]).Local.Address.Address;
        return _options.Advertise?.Host.Trim('[', ']') ?? (!IsAny(local) ? local : peer is null ? null : LocalAddressTo(peer))?.ToString();
    }

    private static bool IsAny(IPAddress address) => address.Equals(IPAddress.Any) || address.Equals(IPAddress.IPv6Any);

    // Listening on all addresses, the one to name is that from which the system would send to the peer. Nothing is sent for this.
    private IPAddress LocalAddressTo(IPAddress peer)
    {
        if (_localAddresses.TryGetValue(peer, out var known))
        {
            return known;
        }

        using var probe = new Socket(peer.AddressFamily, SocketType.Dgram, ProtocolType.Udp);
        try
        {
            probe.Connect(peer, 9);
            known = ((IPEndPoint)probe.LocalEndPoint!).Address;
        }
        catch (SocketException)
        {
            known = peer.AddressFamily == AddressFamily.InterNetworkV6 ? IPAddress.IPv6Loopback : IPAddress.Loopback;
        }

        if (_localAddresses.Count >= RememberedAddresses)
        {
            _localAddresses.Clear();
        }

        _localAddresses[peer] = known;
        return known;
    }

    // Runs on the thread that received the request; the task is counted so that stopping can wait for it.
    private void Deliver(SipServerTransaction transaction)
    {
        Interlocked.Increment(ref transaction.Partition.HandlersRunning);
        ValueTask running;
        try
        {
            running = HandleAsync(transaction);
        }
        catch (Exception error) when (error is not OutOfMemoryException)
        {
            running = ValueTask.FromException(error);
        }

        if (running.IsCompletedSuccessfully && transaction.IsAnswered)
        {
            HandlerEnded(transaction);
            return;
        }

        _ = FinishAsync(transaction, running);
    }

    private async Task FinishAsync(SipServerTransaction transaction, ValueTask running)
    {
        try
        {
            await running.ConfigureAwait(false);
            if (!transaction.IsAnswered)
            {
                SipLog.HandlerSilent(_log, transaction.Request.Method);
                await transaction.RespondAsync(500).ConfigureAwait(false);
            }
        }
        catch (OperationCanceledException) when (_stopping.IsCancellationRequested || transaction.Cancelled.IsCancellationRequested)
        {
            // Those that have not given up had better ask somebody else now than wait for nothing.
            if (!transaction.IsAnswered)
            {
                await transaction.RespondAsync(transaction.Cancelled.IsCancellationRequested ? 487 : 503).ConfigureAwait(false);
            }
        }
        catch (Exception error)
        {
            SipLog.HandlerFailed(_log, transaction.Request.Method, error);
            if (!transaction.IsAnswered && !_stopping.IsCancellationRequested)
            {
                await transaction.RespondAsync(500).ConfigureAwait(false);
            }
        }
        finally
        {
            HandlerEnded(transaction);
        }
    }

    private void HandlerEnded(SipServerTransaction transaction)
    {
        if (Interlocked.Decrement(ref transaction.Partition.HandlersRunning) == 0)
        {
            CheckHandlersEnded();
        }
    }

    private void OtherEnded()
    {
        if (Interlocked.Decrement(ref _othersRunning) == 0)
        {
            CheckHandlersEnded();
        }
    }

    private bool HasHandlersRunning => Volatile.Read(ref _othersRunning) != 0 || _layer.HasHandlersRunning;

    private void CheckHandlersEnded()
    {
        if (_handlersEnded is { } ended && !HasHandlersRunning)
        {
            ended.TrySetResult();
        }
    }

    private ValueTask HandleAsync(SipServerTransaction transaction) =>
        transaction.Request.Method == SipMethod.Cancel && ServerTransactions.FindInvite(transaction) is { } invite ? CancelAsync(transaction, invite)
        : Sessions.Find(transaction.Request) is { } session ? session.HandleAsync(transaction, _stopping.Token)
        : FindUserAgent(transaction.Request) is { } found ? found.HandleAsync(transaction, _stopping.Token)
        : _options.OnRequest is { } handler ? handler(transaction, _stopping.Token)
        : AnswerAsync(transaction);

    // Both answers have the same tag, and the INVITE is refused unless it has its answer already (RFC 3261 §9.2) or a handler sees to it.
    private static async ValueTask CancelAsync(SipServerTransaction cancel, SipServerTransaction invite)
    {
        using (var answer = cancel.CreateTaggedResponse(200, invite.LocalTag))
        {
            await cancel.RespondAsync(answer.Build()).ConfigureAwait(false);
        }

        if (!invite.IsAnswered && (invite.HandlesCancel || await invite.RespondAsync(487).ConfigureAwait(false)))
        {
            await invite.CancelAsync().ConfigureAwait(false);
        }
    }

    private void DeliverAck(SipFlow flow, SipRequest ack)
    {
        if (Sessions.Find(ack) is { } session)
        {
            session.OnAck(ack);
        }
        else if (_options.OnAck is { } handler)
        {
            Interlocked.Increment(ref _othersRunning);
            _ = HandleAckAsync(handler, flow, ack);
        }
    }

    private async Task HandleAckAsync(SipAckHandler handler, SipFlow flow, SipRequest ack)
    {
        try
        {
            await handler(ack, flow, Stopping).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (Stopping.IsCancellationRequested)
        {
            // The 2xx comes again, and with it perhaps the ACK.
        }
        catch (Exception error)
        {
            SipLog.AckHandlerFailed(_log, error);
        }
        finally
        {
            OtherEnded();
        }
    }

    // What nobody here takes (RFC 3261 §8.2).
    private async ValueTask AnswerAsync(SipServerTransaction transaction)
    {
        var request = transaction.Request;
        var method = request.Method;
        var isForDialog = method == SipMethod.Cancel || method == SipMethod.Bye;

        var refusal = !method.IsKnown ? new RequestRefusal(501, null, (SipHeaderNames.Allow, AllowedMethods()))
            : method != SipMethod.Options && !isForDialog && !Array.Exists(_userAgents, userAgent => userAgent.Takes(method))
                ? new RequestRefusal(405, null, (SipHeaderNames.Allow, AllowedMethods()))
            : RequestInspection.Inspect(request, acceptedTypes: null, SupportedOptions());

        if (refusal.Status == 0)
        {
            refusal = isForDialog || !request.To.Tag.IsEmpty ? new RequestRefusal(481)
                : method == SipMethod.Options && IsServed(request) ? default
                : new RequestRefusal(404);
        }

        if (refusal.Status != 0)
        {
            await refusal.SendAsync(transaction, CancellationToken.None).ConfigureAwait(false);
            return;
        }

        var asked = Array.Find(_userAgents, userAgent => userAgent.IsNamedBy(request)) ?? (_userAgents.Length == 1 ? _userAgents[0] : null);
        await AnswerOptionsAsync(transaction, asked).ConfigureAwait(false);
    }

    /// <summary>Tells what the user agents can do, with the status that an INVITE would get from who is free to take it (RFC 3261 §11.2).</summary>
    /// <param name="transaction">The question.</param>
    /// <param name="asked">Whom it is for: its feature tags and its media are told; null for nobody in particular.</param>
    internal async ValueTask AnswerOptionsAsync(SipServerTransaction transaction, SipUserAgent? asked)
    {
        using var answer = transaction.CreateResponse(200);
        var capabilities = asked?.Capabilities;
        if (capabilities is not null)
        {
            answer.Add(SipHeaderNames.Contact, asked!.FormatContact(transaction));
        }

        answer.Add(SipHeaderNames.Allow, AllowedMethods());
        var types = string.Join(", ", _userAgents.SelectMany(userAgent => userAgent.AcceptedTypes).Distinct(StringComparer.OrdinalIgnoreCase));
        if (types.Length > 0)
        {
            answer.Add(SipHeaderNames.Accept, types);
        }

        answer.Add(SipHeaderNames.AcceptEncoding, "identity");
        answer.Add(SipHeaderNames.Supported, string.Join(", ", SupportedOptions()));
        if (capabilities is not null && RequestInspection.TakesSession(transaction.Request))
        {
            var body = capabilities.Describe(transaction.Flow);
            answer.SetBody(body.ContentType, body.Octets);
        }

        await transaction.RespondAsync(answer.Build()).ConfigureAwait(false);
    }

    private string[] SupportedOptions() => [.. _userAgents.SelectMany(userAgent => userAgent.SupportedOptions()).Distinct().Order(StringComparer.Ordinal)];

    // A request that names no user is for the stack itself.
    private bool IsServed(SipRequest request) =>
        request.RequestUri?.User.IsEmpty == true || Array.Exists(_userAgents, userAgent => userAgent.IsNamedBy(request));

    /// <summary>405 for a method that is known and not taken here, 501 for any other (RFC 3261 §8.2.1).</summary>
    internal async ValueTask AnswerUnhandledAsync(SipServerTransaction transaction)
    {
        using var answer = transaction.CreateResponse(transaction.Request.Method.IsKnown ? 405 : 501);
        answer.Add(SipHeaderNames.Allow, AllowedMethods());
        await transaction.RespondAsync(answer.Build()).ConfigureAwait(false);
    }

    // The user part says whose it is; a request without one, or for a name that only the core knows, goes to the only taker.
    private SipUserAgent? FindUserAgent(SipRequest request)
    {
        SipUserAgent? taker = null;
        var takers = 0;

        foreach (var userAgent in _userAgents)
        {
            if (!userAgent.Takes(request.Method))
            {
                continue;
            }

            if (userAgent.IsNamedBy(request))
            {
                return userAgent;
            }

            taker = userAgent;
            takers++;
        }

        return takers == 1 && request.RequestUri?.User.IsEmpty != false ? taker : null;
    }

    /// <summary>Sends a request on a flow in a transaction of its own.</summary>
    internal delegate ValueTask<SipTransactionResult> FlowSender(SipRequest request, SipFlow flow, CancellationToken cancellationToken);
}
