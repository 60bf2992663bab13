using System.Net;
using System.Net.Sockets;

namespace SipPush.Sdp;

/// <summary>Where media goes: the <c>c=</c> line (RFC 8866 §5.7).</summary>
public sealed record ConnectionData
{
    /// <summary>A host in the Internet.</summary>
    /// <param name="address">A domain name or an address; an IPv6 address without brackets.</param>
    /// <exception cref="ArgumentException">It can't stand in the line.</exception>
    public ConnectionData(string address)
        : this("IN", AddressTypeOf(address), address)
    {
    }

    /// <summary>An address anywhere.</summary>
    /// <exception cref="ArgumentException">One of the values can't stand in the line.</exception>
    public ConnectionData(string networkType, string addressType, string address)
    {
        NetworkType = SdpGrammar.CheckToken(networkType, nameof(networkType));
        AddressType = SdpGrammar.CheckToken(addressType, nameof(addressType));
        Address = IsAddress(address) ? address : throw new ArgumentException("An address is visible characters, and a count stands behind it.", nameof(address));
    }

    /// <summary><c>IN</c>, as a rule.</summary>
    public string NetworkType { get; }

    /// <summary><c>IP4</c> or <c>IP6</c>, as a rule.</summary>
    public string AddressType { get; }

    /// <summary>The address, with time to live and count where it is a multicast address.</summary>
    public string Address { get; }

    /// <summary>The address alone.</summary>
    public string Host => Address.IndexOf('/', StringComparison.Ordinal) is >= 0 and var slash ? Address[..slash] : Address;

    /// <summary>As it stands behind <c>c=</c>.</summary>
    public override string ToString() => $"{NetworkType} {AddressType} {Address}";

    // A domain name may lead to either; IP4 is what everybody writes there.
    internal static string AddressTypeOf(string address) =>
        IPAddress.TryParse(address, out var parsed) && parsed.AddressFamily == AddressFamily.InterNetworkV6 ? "IP6" : "IP4";

    private static bool IsAddress(ReadOnlySpan<char> value) => SdpGrammar.IsVisible(value) && value[0] != '/';

    internal static ConnectionData? Read(ReadOnlySpan<char> value)
    {
        var networkType = SdpGrammar.TakeField(ref value);
        var addressType = SdpGrammar.TakeField(ref value);
        return SdpGrammar.IsToken(networkType) && SdpGrammar.IsToken(addressType) && IsAddress(value)
            ? new ConnectionData(networkType.ToString(), addressType.ToString(), value.ToString())
            : null;
    }
}
