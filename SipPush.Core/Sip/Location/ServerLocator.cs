using System.Net;
using System.Net.Sockets;
using System.Text;

namespace SipPush.Sip.Location;

/// <summary>
/// From a URI to the targets where requests for it go, in the order in which to try them (RFC 3263 §4). Safe for concurrent use.
/// </summary>
/// <param name="dns">Where records come from.</param>
/// <param name="supports">Whether there is a transport for a protocol and address family, null standing for either family.</param>
/// <param name="identifiers">The chance that weights are weighed by.</param>
/// <param name="timeProvider">The clock by which dead targets are forgotten.</param>
/// <param name="lookup">Asked in place of the DNS for hosts that are names; null for none.</param>
internal sealed class ServerLocator(
    DnsLookup dns,
    Func<SipProtocol, AddressFamily?, bool> supports,
    SipIdentifiers identifiers,
    TimeProvider timeProvider,
    Func<SipUri, CancellationToken, ValueTask<IReadOnlyList<SipTarget>>>? lookup = null)
{
    // Each that fails costs the sender up to 64*T1, and each server's name takes queries of its own.
    private const int MaximumServers = 8;
    private const int MaximumTargets = 16;

    private readonly DeadTargets _dead = new(timeProvider);

    /// <summary>The end point of a URI whose host is a numeric address, which takes no looking up; false for any other.</summary>
    public static bool TryLocate(SipUri uri, out SipEndPoint endPoint)
    {
        endPoint = default;
        if (!TryReadAddress(Target(uri).Span, out var address) || !TryReadProtocol(uri, out var named))
        {
            return false;
        }

        var protocol = named ?? (uri.Scheme == "sips" ? SipProtocol.Tls : SipProtocol.Udp);
        endPoint = new SipEndPoint(protocol, new IPEndPoint(address, uri.Port ?? protocol.DefaultPort()));
        return true;
    }

    /// <summary>At least one target, those that failed lately last.</summary>
    /// <exception cref="IOException">There is none that can be reached from here, or the DNS does not answer.</exception>
    public async ValueTask<IReadOnlyList<SipTarget>> LocateAsync(SipUri uri, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(uri);
        if (!TryReadProtocol(uri, out var named))
        {
            // Better not at all than in the clear (RFC 3261 §26.2.2).
            throw new IOException($"Requests can't be sent to {uri}: there is no such transport, or not for {uri.Scheme} URIs");
        }

        var domain = uri.Host.ToString().Trim('[', ']').TrimEnd('.');
        if (TryLocate(uri, out var numeric))
        {
            return [new SipTarget(numeric, domain)];
        }

        var targets = lookup is not null
            ? (await lookup(uri, cancellationToken).ConfigureAwait(false)).Where(target => uri.Scheme != "sips" || target.EndPoint.Protocol == SipProtocol.Tls)
            : (await FindAsync(uri, named, cancellationToken).ConfigureAwait(false)).Select(endPoint => new SipTarget(endPoint, domain));
        SipTarget[] found = [.. targets.DistinctBy(target => target.EndPoint).Take(MaximumTargets)];
        return found.Length > 0 ? _dead.Order(found) : throw new IOException($"There is no server for {uri} that can be reached from here");
    }

    /// <summary>The target did not serve: 503, no transport, no answer at all. Others are tried before it for a while (RFC 3263 §4.3).</summary>
    public void ReportDead(SipTarget target, TimeSpan? retryAfter = null) => _dead.Add(target, retryAfter);

    /// <summary>The target has answered.</summary>
    public void ReportAlive(SipTarget target) => _dead.Remove(target);

    private async ValueTask<IReadOnlyList<SipEndPoint>> FindAsync(SipUri uri, SipProtocol? named, CancellationToken cancellationToken)
    {
        var name = ReadName(Target(uri));
        var secure = uri.Scheme == "sips";
        var protocol = named ?? DefaultProtocol(secure);

        if (!supports(protocol, null))
        {
            throw new IOException($"There is no {protocol.ViaName()} transport for {uri}");
        }

        if (uri.Port is { } port)
        {
            return await FindAddressesAsync(name, protocol, port, cancellationToken).ConfigureAwait(false);
        }

        // A name without a dot is a host's of this network, from its hosts file or search list; it is no domain that has services.
        if (name.LabelCount == 1)
        {
            return await FindAddressesAsync(name, protocol, protocol.DefaultPort(), cancellationToken).ConfigureAwait(false);
        }

        return named is not null
            ? await FindServersAsync(name, protocol, cancellationToken).ConfigureAwait(false)
            : await FindByServicesAsync(name, secure, protocol, cancellationToken).ConfigureAwait(false);
    }

    // §4.1 for a URI that names neither transport nor port.
    private async ValueTask<IReadOnlyList<SipEndPoint>> FindByServicesAsync(DnsName name, bool secure, SipProtocol standard, CancellationToken cancellationToken)
    {
        var answer = await dns.QueryAsync(name, DnsRecordType.Naptr, cancellationToken).ConfigureAwait(false);
        var rules = answer.Records.OfType<DnsNaptrRecord>()
            .Select(record => (Record: record, Protocol: ReadService(record, secure)))
            .Where(rule => rule.Protocol is { } protocol && supports(protocol, null))
            .OrderBy(rule => rule.Record.Order).ThenBy(rule => rule.Record.Preference)
            .Take(MaximumServers)
            .ToArray();

        var exists = false;

        // Once rules of one order have led to servers those of higher orders are not looked at (RFC 3403 §4.1): who offers TLS first does not
        // want plain TCP when TLS fails.
        foreach (var equals in rules.GroupBy(rule => rule.Record.Order))
        {
            var servers = new List<SipEndPoint>();
            foreach (var (record, protocol) in equals)
            {
                var service = await FindServiceAsync(record.Replacement, protocol!.Value, cancellationToken).ConfigureAwait(false);
                exists |= service.Exists;
                servers.AddRange(service.Servers);
            }

            if (servers.Count > 0)
            {
                return servers;
            }
        }

        if (rules.Length > 0)
        {
            return await FindAddressesOfDomainAsync(name, rules[0].Protocol!.Value, exists, cancellationToken).ConfigureAwait(false);
        }

        // No rules: the protocol is the first, in the order of this client's own liking, that has servers.
        SipProtocol[] candidates = secure ? [SipProtocol.Tls] : [SipProtocol.Udp, SipProtocol.Tcp];
        var services = await Task.WhenAll(candidates
            .Where(protocol => supports(protocol, null))
            .Select(protocol => FindServiceAsync(name, protocol, cancellationToken, prepend: true).AsTask())).ConfigureAwait(false);
        return Array.Find(services, service => service.Servers is { Count: > 0 }).Servers
            ?? await FindAddressesOfDomainAsync(name, standard, Array.Exists(services, service => service.Exists), cancellationToken).ConfigureAwait(false);
    }

    // §4.2 for a protocol that is known: SRV, and else the addresses of the name.
    private async ValueTask<IReadOnlyList<SipEndPoint>> FindServersAsync(DnsName name, SipProtocol protocol, CancellationToken cancellationToken)
    {
        var (exists, servers) = await FindServiceAsync(name, protocol, cancellationToken, prepend: true).ConfigureAwait(false);
        return servers.Count > 0 ? servers : await FindAddressesOfDomainAsync(name, protocol, exists, cancellationToken).ConfigureAwait(false);
    }

    // Where there is no SRV record the domain itself is the server. Where there is, its word counts, though none of what it names can be reached.
    private ValueTask<IReadOnlyList<SipEndPoint>> FindAddressesOfDomainAsync(DnsName name, SipProtocol protocol, bool hasServers, CancellationToken cancellationToken) =>
        hasServers
            ? throw new IOException($"{name} has no SIP server that can be reached from here")
            : FindAddressesAsync(name, protocol, protocol.DefaultPort(), cancellationToken);

    // The SRV records of a name, or with prepend of the protocol's service at a name, and the addresses of their targets.
    private async ValueTask<(bool Exists, IReadOnlyList<SipEndPoint> Servers)> FindServiceAsync(
        DnsName name, SipProtocol protocol, CancellationToken cancellationToken, bool prepend = false)
    {
        if (prepend && !name.TryPrepend(ServiceLabels(protocol), out name))
        {
            return (false, []);
        }

        var answer = await dns.QueryAsync(name, DnsRecordType.Srv, cancellationToken).ConfigureAwait(false);
        var records = answer.Records.OfType<DnsServiceRecord>().ToArray();

        // The root as target says that there decidedly is no such service (RFC 2782).
        var usable = records.Where(record => !record.Target.IsRoot && record.Port != 0);
        var ordered = ServiceOrder.Of(usable, identifiers.NextFraction).Take(MaximumServers).ToArray();
        var addresses = await Task.WhenAll(ordered.Select(record => dns.FindAddressesAsync(record.Target, cancellationToken).AsTask())).ConfigureAwait(false);

        return (
            records.Length > 0,
            [.. ordered.Zip(addresses).SelectMany(pair => EndPoints(pair.Second.Addresses, protocol, pair.First.Port))]);
    }

    private async ValueTask<IReadOnlyList<SipEndPoint>> FindAddressesAsync(DnsName name, SipProtocol protocol, int port, CancellationToken cancellationToken)
    {
        var (addresses, failure) = await dns.FindAddressesAsync(name, cancellationToken).ConfigureAwait(false);
        return addresses.Count > 0
            ? [.. EndPoints(addresses, protocol, port)]
            : throw new IOException($"The address of {name} can't be found{(failure is null ? "" : ": ")}{failure}");
    }

    private IEnumerable<SipEndPoint> EndPoints(IEnumerable<IPAddress> addresses, SipProtocol protocol, int port) => addresses
        .Where(address => supports(protocol, address.AddressFamily))
        .Select(address => new SipEndPoint(protocol, new IPEndPoint(address, port)));

    // UDP is what every peer has; a stack without it takes what it has.
    private SipProtocol DefaultProtocol(bool secure) =>
        secure ? SipProtocol.Tls
        : supports(SipProtocol.Udp, null) ? SipProtocol.Udp
        : supports(SipProtocol.Tcp, null) ? SipProtocol.Tcp
        : SipProtocol.Tls;

    // Null for what is none of SIP's services (RFC 3263 §4.1).
    private static SipProtocol? ReadService(DnsNaptrRecord record, bool secure) =>
        !record.Flags.Equals("s", StringComparison.OrdinalIgnoreCase) || record.Regexp.Length > 0 || record.Replacement.IsRoot ? null
        : record.Services.Equals("SIPS+D2T", StringComparison.OrdinalIgnoreCase) ? SipProtocol.Tls
        : secure ? null
        : record.Services.Equals("SIP+D2T", StringComparison.OrdinalIgnoreCase) ? SipProtocol.Tcp
        : record.Services.Equals("SIP+D2U", StringComparison.OrdinalIgnoreCase) ? SipProtocol.Udp
        : null;

    private static ReadOnlySpan<byte> ServiceLabels(SipProtocol protocol) => protocol switch
    {
        SipProtocol.Tls => "_sips._tcp"u8,
        SipProtocol.Tcp => "_sip._tcp"u8,
        _ => "_sip._udp"u8,
    };

    // What the transport parameter asks for, or null when there is none; false when it can't be had. With sips both "tcp" and the deprecated
    // "tls" mean TLS over TCP (RFC 3261 §26.2.2).
    private static bool TryReadProtocol(SipUri uri, out SipProtocol? protocol)
    {
        protocol = uri.Transport;
        if (!uri.IsSip || (protocol is null && uri.Parameters.Contains("transport"u8)))
        {
            return false;
        }

        if (uri.Scheme == "sips" && protocol is not null)
        {
            if (protocol == SipProtocol.Udp)
            {
                return false;
            }

            protocol = SipProtocol.Tls;
        }

        return true;
    }

    // The last label of a name begins with a letter (RFC 3261 §25.1); otherwise the system would take 127.1 and 0x7f.1 for addresses.
    private static DnsName ReadName(SipText host) =>
        DnsName.TryParse(host.Span, out var name) && !char.IsAsciiDigit((char)LastLabel(host.Span)[0]) ? name : throw new IOException($"{host} is no name that can be looked up");

    private static ReadOnlySpan<byte> LastLabel(ReadOnlySpan<byte> host)
    {
        host = host.TrimEnd((byte)'.');
        return host[(host.LastIndexOf((byte)'.') + 1)..];
    }

    private static bool TryReadAddress(ReadOnlySpan<byte> host, out IPAddress address)
    {
        if (host.Length > 2 && host[0] == '[' && host[^1] == ']')
        {
            host = host[1..^1];
        }

        // Fewer than four numbers, hexadecimal ones, and octal ones with a zero in front are no addresses in a URI.
        Span<char> plain = stackalloc char[15];
        return IPAddress.TryParse(host, out address!)
            && (address.AddressFamily != AddressFamily.InterNetwork || (address.TryFormat(plain, out var length) && Ascii.Equals(host, plain[..length])));
    }

    private static SipText Target(SipUri uri) => uri.Parameters.TryGet("maddr"u8, out var maddr) ? maddr : uri.Host;
}
