using System.Net;

namespace SipPush.Sip;

/// <summary>A remote address on a <see cref="UdpTransport"/>, with the form of it that the system call takes.</summary>
internal sealed class UdpFlow(UdpTransport transport, SipEndPoint local, IPEndPoint remote)
    : SipFlow(transport, local, new SipEndPoint(SipProtocol.Udp, remote))
{
    /// <summary>Read only once it stands here: several threads send with it.</summary>
    public SocketAddress Address { get; } = remote.Serialize();
}
