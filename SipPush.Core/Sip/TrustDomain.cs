using System.Net;

namespace SipPush.Sip;

/// <summary>
/// The peers whose word about identities counts (RFC 3325 §3): by address, and by port where one machine plays several
/// parts, or by the domain of their TLS certificate. Immutable.
/// </summary>
public sealed class TrustDomain
{
    private const string Tls = "tls:";

    private readonly (IPNetwork Network, int Port)[] _members;

    private readonly string[] _domains;

    private TrustDomain((IPNetwork, int)[] members, string[] domains)
    {
        _members = members;
        _domains = domains;
    }

    /// <summary>Nobody.</summary>
    public static TrustDomain Nobody { get; } = new([], []);

    /// <summary>
    /// Addresses (<c>192.0.2.1</c>, <c>2001:db8::1</c>), networks (<c>192.0.2.0/24</c>), addresses with a port (<c>127.0.0.1:5062</c>, <c>[::1]:5062</c>), or
    /// domains that the peer's certificate is for (<c>tls:core.example.com</c>).
    /// </summary>
    /// <exception cref="FormatException">A member is none of these.</exception>
    public static TrustDomain Of(params IEnumerable<string> members)
    {
        ArgumentNullException.ThrowIfNull(members);
        var byCertificate = members.ToLookup(member => member.StartsWith(Tls, StringComparison.OrdinalIgnoreCase));
        return new TrustDomain([.. byCertificate[false].Select(Parse)], [.. byCertificate[true].Select(ParseDomain)]);
    }

    /// <summary>True when the far end of the flow is a member, by its address or by its verified certificate.</summary>
    public bool Contains(SipFlow flow)
    {
        ArgumentNullException.ThrowIfNull(flow);
        return Contains(flow.Remote.Address)
            || (_domains.Length > 0 && flow.PeerIdentities.Any(identity => _domains.Contains(identity, StringComparer.OrdinalIgnoreCase)));
    }

    /// <summary>True when that address and port are a member's; members by certificate are not known from it.</summary>
    public bool Contains(IPEndPoint endPoint)
    {
        ArgumentNullException.ThrowIfNull(endPoint);
        var address = endPoint.Address.IsIPv4MappedToIPv6 ? endPoint.Address.MapToIPv4() : endPoint.Address;

        foreach (var (network, port) in _members)
        {
            if ((port == 0 || port == endPoint.Port) && network.Contains(address))
            {
                return true;
            }
        }

        return false;
    }

    private static (IPNetwork, int) Parse(string member)
    {
        if (member.Contains('/', StringComparison.Ordinal) && IPNetwork.TryParse(member, out var network))
        {
            return (network, 0);
        }

        if (IPAddress.TryParse(member, out var address))
        {
            return (Single(address), 0);
        }

        return IPEndPoint.TryParse(member, out var endPoint)
            ? (Single(endPoint.Address), endPoint.Port)
            : throw new FormatException($"'{member}' is no address, network or address with port");
    }

    private static string ParseDomain(string member)
    {
        var domain = member[Tls.Length..].TrimEnd('.');
        return Uri.CheckHostName(domain) == UriHostNameType.Dns
            ? domain
            : throw new FormatException($"'{member}' does not name a domain");
    }

    private static IPNetwork Single(IPAddress address) => new(address, address.GetAddressBytes().Length * 8);
}
