using System.Collections.Concurrent;
using System.Globalization;
using System.Net;
using System.Net.Sockets;

namespace SipPush.Sip;

/// <summary>The transports of one stack: what listens, which of them a request goes out on, and what peers are told of this end.</summary>
/// <param name="advertised">What peers are told instead of the real addresses; null for those.</param>
/// <param name="congestionSafeSize">Octets of a request from which on UDP is left for TCP (RFC 3261 §18.1.1).</param>
internal sealed class LocalTransports(SipAdvertisedAddress? advertised, int congestionSafeSize) : IAsyncDisposable
{
    /// <summary>What the Via that is added on the way out may come to, in octets.</summary>
    public const int ViaSize = 120;

    private const int RememberedAddresses = 1024;

    private readonly List<SipTransport> _all = [];
    private readonly ConcurrentDictionary<IPAddress, IPAddress> _localAddresses = new();

    /// <summary>Where they listen, with the real ports.</summary>
    public IReadOnlyList<SipEndPoint> Local => [.. _all.Select(transport => transport.Local)];

    public void Add(SipTransport transport) => _all.Add(transport);

    public async ValueTask StartAsync(SipTransportReceiver receiver, CancellationToken cancellationToken)
    {
        foreach (var transport in _all)
        {
            await transport.StartAsync(receiver, cancellationToken).ConfigureAwait(false);
        }
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var transport in _all)
        {
            await transport.DisposeAsync().ConfigureAwait(false);
        }
    }

    /// <summary>The first of that protocol, and that family if one is named; null without one.</summary>
    public SipTransport? Find(SipProtocol protocol, AddressFamily? family)
    {
        foreach (var transport in _all)
        {
            var local = transport.Local;
            if (local.Protocol == protocol && (family is null || local.Address.AddressFamily == family))
            {
                return transport;
            }
        }

        return null;
    }

    /// <summary>The flow a request of that size goes out on (RFC 3261 §18.1.1).</summary>
    /// <param name="remote">Where to.</param>
    /// <param name="domain">Whom a TLS server has to prove to be, as the URI said it; null for its address.</param>
    /// <param name="size">The octets of the request, without its Via.</param>
    /// <param name="cancellationToken">Ends the attempt.</param>
    public async ValueTask<SipFlow> ConnectAsync(SipEndPoint remote, string? domain, int size, CancellationToken cancellationToken)
    {
        if (remote.Protocol == SipProtocol.Udp
            && size + ViaSize > congestionSafeSize
            && Find(SipProtocol.Tcp, remote.Address.AddressFamily) is { } tcp)
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

        var transport = Find(remote.Protocol, remote.Address.AddressFamily)
            ?? throw new IOException($"There is no transport for {remote}");
        return await transport.ConnectAsync(remote, domain, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>A URI of this end for Contact and Record-Route, as peers at <paramref name="peer"/> can reach it; null leaves the choice to the first listener.</summary>
    /// <exception cref="InvalidOperationException">There is no transport of that protocol.</exception>
    public SipUri CreateContact(string? user, SipProtocol protocol, IPAddress? peer, string parameters)
    {
        var transport = Find(protocol, peer?.AddressFamily) ?? throw new InvalidOperationException($"The stack does not listen on {protocol}");
        var (host, port) = Advertised(transport, peer ?? IPAddress.Loopback);
        return SipUri.Of(user, host, port, protocol, parameters);
    }

    /// <summary>A URI of this end for Contact, as peers by way of <paramref name="nextHop"/> can reach it.</summary>
    public SipUri CreateContact(string? user, SipUri nextHop)
    {
        var asked = nextHop.Scheme == "sips" ? SipProtocol.Tls : nextHop.Transport ?? SipProtocol.Udp;
        var address = nextHop.HostAddress();
        return CreateContact(user, Find(asked, address?.AddressFamily) is null ? _all[0].Local.Protocol : asked, address, "");
    }

    /// <summary>Host and port of the Via of what goes out on a flow.</summary>
    public string SentBy(SipFlow flow)
    {
        return flow.SentBy ??= Named(flow.Transport, flow.Remote.Address.Address);

        string Named(SipTransport transport, IPAddress peer)
        {
            var (host, port) = Advertised(transport, peer);
            return string.Create(CultureInfo.InvariantCulture, $"{host}:{port}");
        }
    }

    /// <summary>The host by which a peer reaches this end, without brackets; null when it listens at every address, and the peer's, which would tell, is not known.</summary>
    public string? HostTowards(IPAddress? peer)
    {
        var local = (_all.Find(transport => transport.Local.Address.AddressFamily == peer?.AddressFamily) ?? _all[0]).Local.Address.Address;
        return advertised?.Host.Trim('[', ']') ?? (!IsAny(local) ? local : peer is null ? null : LocalAddressTo(peer))?.ToString();
    }

    private (string Host, int Port) Advertised(SipTransport transport, IPAddress peer)
    {
        var local = transport.Local.Address;
        return advertised is not null
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

        try
        {
            using var probe = new Socket(peer.AddressFamily, SocketType.Dgram, ProtocolType.Udp);
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
}
