using System.Collections.Concurrent;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
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
    private readonly List<SipTransport> _transports = [];
    private readonly ConcurrentDictionary<IPAddress, IPAddress> _localAddresses = new();
    private readonly CancellationTokenSource _stopping = new();
    private readonly ILogger _log;
    private readonly Lock _gate = new();
    private volatile SipUserAgent[] _userAgents = [];
    private volatile TaskCompletionSource? _handlersEnded;

    private SipStack(SipStackOptions options)
    {
        _options = options;
        _log = options.LoggerFactory.CreateLogger(SipPushTelemetry.SipCategory);
        _layer = new TransactionLayer(options, Deliver, AllowedMethods);
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

    internal SipTimers Timers => _options.Timers;

    internal TransactionLayer Layer => _layer;

    internal CancellationToken Stopping => _stopping.Token;

    /// <summary>Binds what <see cref="SipStackOptions.Listen"/> names and begins to receive.</summary>
    /// <exception cref="IOException">An address can't be bound.</exception>
    /// <exception cref="ArgumentException">There is nothing to listen on, or TLS is asked for, which this version does not have.</exception>
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
                    _ => throw new ArgumentException($"{endPoint}: only UDP and TCP can be listened on", nameof(options)),
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
    /// The Via is added here. A request too large for UDP goes over TCP, and back to UDP when TCP is refused (RFC 3261 §18.1.1).
    /// </summary>
    /// <returns>The end of the transaction, whatever it is. Cancelling throws, and stops retransmissions.</returns>
    public ValueTask<SipTransactionResult> SendAsync(SipRequest request, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(request);
        var route = request.Contains(SipHeaderNames.Route) ? request.Addresses(SipHeaderNames.Route).FirstOrDefault().Uri : null;
        return SendAsync(request, route ?? request.RequestUri, cancellationToken);
    }

    /// <summary>As <see cref="SendAsync(SipRequest, CancellationToken)"/>, to where <paramref name="nextHop"/> points whatever the request says.</summary>
    public ValueTask<SipTransactionResult> SendAsync(SipRequest request, SipUri? nextHop, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(request);

        // The usual next hop is an address that a flow leads to already: nothing to wait for, and no other to try.
        if (nextHop is null || !ServerLocator.TryLocate(nextHop, out var endPoint))
        {
            return LocateAndSendAsync(request, nextHop, cancellationToken);
        }

        var connecting = ConnectAsync(endPoint, request.Octets.Length, cancellationToken);
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

    private async ValueTask<SipTransactionResult> LocateAndSendAsync(SipRequest request, SipUri? nextHop, CancellationToken cancellationToken)
    {
        try
        {
            if (nextHop is null)
            {
                throw new IOException("The Request-URI is no URI");
            }

            var last = default(SipTransactionResult);
            foreach (var endPoint in await ServerLocator.LocateAsync(nextHop, cancellationToken).ConfigureAwait(false))
            {
                var flow = await ConnectAsync(endPoint, request.Octets.Length, cancellationToken).ConfigureAwait(false);
                last = await SendAsync(request, flow, cancellationToken).ConfigureAwait(false);
                if (last.Outcome != SipTransactionOutcome.TransportFailed)
                {
                    break;
                }
            }

            return last;
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
        flow.SentBy ??= SentBy(flow.Transport, flow.Remote.Address.Address);
        return _layer.SendAsync(request, flow, flow.SentBy, cancellationToken);
    }

    /// <summary>A URI of this stack for Contact and Record-Route, as peers at <paramref name="peer"/> can reach it; null leaves the choice to the first listener.</summary>
    /// <exception cref="InvalidOperationException">The stack has no transport of that protocol.</exception>
    public SipUri CreateContact(string? user, SipProtocol protocol, IPAddress? peer = null, string parameters = "")
    {
        var transport = FindTransport(protocol, peer?.AddressFamily) ?? throw new InvalidOperationException($"The stack does not listen on {protocol}");
        var (host, port) = Advertised(transport, peer ?? IPAddress.Loopback);
        return SipUri.Of(user, host, port, protocol, parameters);
    }

    /// <summary>Stops: handlers see their token cancelled, transactions under way end as failed, transports are closed.</summary>
    public async ValueTask DisposeAsync()
    {
        if (_stopping.IsCancellationRequested)
        {
            return;
        }

        await _stopping.CancelAsync().ConfigureAwait(false);
        _layer.Stop();

        var ended = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        Interlocked.Exchange(ref _handlersEnded, ended);
        if (_layer.HasHandlersRunning)
        {
            await ended.Task.ConfigureAwait(false);
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
    internal async ValueTask<SipFlow> ConnectAsync(SipEndPoint remote, int size, CancellationToken cancellationToken)
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
        return await transport.ConnectAsync(remote, cancellationToken).ConfigureAwait(false);
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

    private string SentBy(SipTransport transport, IPAddress peer)
    {
        var (host, port) = Advertised(transport, peer);
        return string.Create(CultureInfo.InvariantCulture, $"{host}:{port}");
    }

    private (string Host, int Port) Advertised(SipTransport transport, IPAddress peer)
    {
        var local = transport.Local.Address;
        return _options.Advertise is { } advertised
            ? (advertised.Host, advertised.Port ?? local.Port)
            : (SipUri.FormatHost(IsAny(local.Address) ? LocalAddressTo(peer) : local.Address), local.Port);
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
        catch (OperationCanceledException) when (_stopping.IsCancellationRequested)
        {
            // The stack stops: the client will ask somebody else.
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
        if (Interlocked.Decrement(ref transaction.Partition.HandlersRunning) == 0 && _handlersEnded is { } ended && !_layer.HasHandlersRunning)
        {
            ended.TrySetResult();
        }
    }

    private ValueTask HandleAsync(SipServerTransaction transaction) =>
        FindUserAgent(transaction.Request) is { } found ? found.HandleAsync(transaction, _stopping.Token)
        : _options.OnRequest is { } handler ? handler(transaction, _stopping.Token)
        : AnswerAsync(transaction);

    // What nobody here takes (RFC 3261 §8.2).
    private async ValueTask AnswerAsync(SipServerTransaction transaction)
    {
        var request = transaction.Request;
        var method = request.Method;
        var isForDialog = method == SipMethod.Cancel || method == SipMethod.Bye;

        var refusal = !method.IsKnown ? new RequestRefusal(501, null, (SipHeaderNames.Allow, AllowedMethods()))
            : method != SipMethod.Options && !isForDialog && !Array.Exists(_userAgents, userAgent => userAgent.Takes(method))
                ? new RequestRefusal(405, null, (SipHeaderNames.Allow, AllowedMethods()))
            : RequestInspection.Inspect(request, acceptedTypes: null);

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

        // As an INVITE would be answered by who is free to take it (§11.2).
        using var answer = transaction.CreateResponse(200);
        answer.Add(SipHeaderNames.Allow, AllowedMethods());
        var types = string.Join(", ", _userAgents.SelectMany(userAgent => userAgent.AcceptedTypes).Distinct(StringComparer.OrdinalIgnoreCase));
        if (types.Length > 0)
        {
            answer.Add(SipHeaderNames.Accept, types);
        }

        answer.Add(SipHeaderNames.AcceptEncoding, "identity");
        answer.Add(SipHeaderNames.Supported, string.Join(", ", RequestInspection.SupportedOptions));
        await transaction.RespondAsync(answer.Build()).ConfigureAwait(false);
    }

    // A request that names no user is for the stack itself.
    private bool IsServed(SipRequest request) =>
        request.RequestUri?.User.IsEmpty == true || Array.Exists(_userAgents, userAgent => userAgent.IsNamedBy(request));

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
}
