using System.Net;

namespace SipPush.Sip.Transactions;

/// <summary>Where a response goes (RFC 3261 §18.2.2, RFC 3581 §4).</summary>
internal static class ResponseRoute
{
    /// <summary>
    /// On a connection: back on it, or on a new one to the source address and sent-by's port when it is gone. On UDP: to maddr; else
    /// to the source address, at the source port when the client asked for that by <c>rport</c>, else at sent-by's.
    /// </summary>
    /// <exception cref="IOException">There is no way back.</exception>
    public static ValueTask<SipFlow> FindAsync(SipRequest request, SipFlow flow, CancellationToken cancellationToken)
    {
        var via = request.TopVia;

        if (flow.Protocol.IsReliable())
        {
            return flow.IsOpen ? new ValueTask<SipFlow>(flow) : ConnectAsync(flow, flow.Remote.Address.Address, via, cancellationToken);
        }

        if (via.Parameters.TryGet("maddr"u8, out var maddr) && IPAddress.TryParse(maddr.ToString().Trim('[', ']'), out var address))
        {
            return ConnectAsync(flow, address, via, cancellationToken);
        }

        return via.Parameters.Contains("rport"u8) || Port(via, flow) == flow.Remote.Address.Port
            ? new ValueTask<SipFlow>(flow)
            : ConnectAsync(flow, flow.Remote.Address.Address, via, cancellationToken);
    }

    private static ValueTask<SipFlow> ConnectAsync(SipFlow flow, IPAddress address, Via via, CancellationToken cancellationToken) =>
        flow.Transport.ConnectAsync(
            new SipEndPoint(flow.Protocol, new IPEndPoint(address, Port(via, flow))), via.ReadSentBy().Host, cancellationToken);

    private static int Port(Via via, SipFlow flow) =>
        via.ReadSentBy().Port is > 0 and <= IPEndPoint.MaxPort and var port ? port : flow.Protocol.DefaultPort();
}
