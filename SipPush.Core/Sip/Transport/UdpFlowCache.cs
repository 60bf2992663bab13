using System.Net;
using System.Runtime.InteropServices;

namespace SipPush.Sip;

/// <summary>
/// The flows of the peers heard last: a fixed table in which a newcomer takes its place from whoever held it, so that
/// forged source addresses can't make it grow. A flow that has lost its place stays usable.
/// </summary>
/// <remarks>Threads share it without a lock: a flow never changes, and a slot is replaced as a whole.</remarks>
internal sealed class UdpFlowCache(UdpTransport transport, SipEndPoint local)
{
    private const int Slots = 4096;

    private readonly UdpFlow?[] _flows = new UdpFlow?[Slots];
    private readonly IPEndPoint _prototype = new(local.Address.Address, 0);

    public UdpFlow Find(SocketAddress remote)
    {
        ref var slot = ref _flows[Slot(remote.Buffer.Span[..remote.Size])];
        var flow = Volatile.Read(ref slot);

        if (flow is null || !flow.Address.Equals(remote))
        {
            flow = new UdpFlow(transport, local, (IPEndPoint)_prototype.Create(remote));
            Volatile.Write(ref slot, flow);
        }
        return flow;
    }

    private static int Slot(ReadOnlySpan<byte> address)
    {
        const ulong Odd = 0x9E3779B97F4A7C15;
        var hash = 0UL;

        foreach (var word in MemoryMarshal.Cast<byte, uint>(address))
        {
            hash = (hash ^ word) * Odd;
        }
        return (int)(hash >> 52);
    }
}
