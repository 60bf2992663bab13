using System.Net;
using SipPush.Sip;

namespace SipPush.Samples.SipCore;

/// <summary>One side of the core: user agents on the one, application servers on the other. Each has a stack of its own, so what goes out to a side comes from its port.</summary>
internal sealed class CoreSide(bool isTrusted)
{
    private SipStack? _stack;
    private HashSet<(string Host, int Port)> _addresses = [];

    /// <summary>Whether the identities that peers of this side state are believed.</summary>
    public bool IsTrusted { get; } = isTrusted;

    public bool HasStarted => _stack is not null;

    public SipStack Stack
    {
        get => _stack ?? throw new InvalidOperationException("The core has not started");
        set
        {
            _stack = value;
            _addresses = [.. value.Local.Select(local => (local.Address.Address.ToString(), local.Address.Port))];
        }
    }

    /// <summary>True when the URI names a listener of this side.</summary>
    public bool IsNamedBy(SipUri uri) => IsNamedBy(uri.Host.ToString(), uri.Port ?? 5060);

    /// <summary>True when the Via is one that this side wrote.</summary>
    public bool IsNamedBy(Via via)
    {
        var (host, port) = via.ReadSentBy();
        return IsNamedBy(host, port == 0 ? 5060 : port);
    }

    /// <summary>The Record-Route or Service-Route value of this side.</summary>
    /// <param name="protocol">How the peer is spoken to.</param>
    /// <param name="peer">The peer; null when only its name is known.</param>
    public string RouteTo(SipProtocol protocol, IPAddress? peer) => $"<{Stack.CreateContact(null, protocol, peer, ";lr")}>";

    private bool IsNamedBy(string host, int port)
    {
        host = host.Trim('[', ']');
        return _addresses.Contains((host, port))
            || ((_addresses.Contains(("0.0.0.0", port)) || _addresses.Contains(("::", port))) && IsOfThisMachine(host));
    }

    private static bool IsOfThisMachine(string host) =>
        System.Net.IPAddress.TryParse(host, out var address)
        && (System.Net.IPAddress.IsLoopback(address)
            || Array.Exists(
                System.Net.NetworkInformation.NetworkInterface.GetAllNetworkInterfaces(),
                card => card.GetIPProperties().UnicastAddresses.Any(own => own.Address.Equals(address))));
}
