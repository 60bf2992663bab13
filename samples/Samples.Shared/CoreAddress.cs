using System.Globalization;
using System.Net;
using System.Net.Sockets;
using SipPush.Sip;

namespace SipPush.Samples;

/// <summary>Where a peer of a sample is, as <c>127.0.0.1:5060;transport=udp</c> or <c>core.example.com:5060;transport=tcp</c>.</summary>
/// <param name="Host">A name or an address.</param>
/// <param name="Port">The port.</param>
/// <param name="Protocol">The protocol.</param>
public sealed record CoreAddress(string Host, int Port, SipProtocol Protocol)
{
    /// <summary>Reads it; without a port it is 5060, without a protocol UDP.</summary>
    /// <exception cref="FormatException">The text is no such address.</exception>
    public static CoreAddress Parse(string text)
    {
        ArgumentNullException.ThrowIfNull(text);

        if (!SipUri.TryParse($"sip:{text}", out var uri) || !uri.User.IsEmpty || uri.Host.IsEmpty)
        {
            throw new FormatException($"'{text}' is not an address such as 127.0.0.1:5060;transport=udp");
        }

        var protocol = uri.Transport ?? (uri.Parameters.Contains("transport"u8) ? SipProtocol.Tls : SipProtocol.Udp);
        return protocol is SipProtocol.Udp or SipProtocol.Tcp
            ? new CoreAddress(uri.Host.ToString(), uri.Port ?? 5060, protocol)
            : throw new FormatException($"'{text}': this version speaks UDP and TCP only");
    }

    /// <summary>The URI to send to; with <paramref name="looseRouter"/> it is written into Route as well.</summary>
    public SipUri ToUri(bool looseRouter) => SipUri.Of(null, Host, Port, Protocol, looseRouter ? ";lr" : "");

    /// <summary>Those who speak for the core: over UDP its address and port; over TCP its address, because there it connects from any port.</summary>
    /// <exception cref="SampleException">The name has no address.</exception>
    public async ValueTask<TrustDomain> ToTrustDomainAsync(CancellationToken cancellationToken)
    {
        try
        {
            IPAddress[] addresses = IPAddress.TryParse(Host.Trim('[', ']'), out var address)
                ? [address]
                : await Dns.GetHostAddressesAsync(Host, cancellationToken);

            return TrustDomain.Of(addresses.Select(member => Protocol == SipProtocol.Udp ? new IPEndPoint(member, Port).ToString() : member.ToString()));
        }
        catch (SocketException)
        {
            throw new SampleException($"The name {Host} has no address");
        }
    }

    /// <inheritdoc/>
    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{Host}:{Port};transport={Protocol.ParameterName()}");
}
