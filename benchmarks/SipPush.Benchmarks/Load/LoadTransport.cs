using System.Net;
using SipPush.Sip;

namespace SipPush.Benchmarks.Load;

/// <summary>A UDP-like transport without a network: threads of the process hand it requests, and answers are counted and dropped.</summary>
internal sealed class LoadTransport : SipTransport
{
    private SipTransportReceiver? _receiver;

    public override SipEndPoint Local { get; } = new(SipProtocol.Udp, new IPEndPoint(IPAddress.Loopback, 5060));

    public override ValueTask StartAsync(SipTransportReceiver receiver, CancellationToken cancellationToken)
    {
        _receiver = receiver;
        return ValueTask.CompletedTask;
    }

    public override ValueTask<SipFlow> ConnectAsync(SipEndPoint remote, CancellationToken cancellationToken) =>
        new(new LoadFlow(this, Local, remote));

    public override ValueTask SendAsync(SipFlow flow, ReadOnlyMemory<byte> message, CancellationToken cancellationToken)
    {
        ((LoadFlow)flow).Answers++;
        return ValueTask.CompletedTask;
    }

    public override ValueTask DisposeAsync() => ValueTask.CompletedTask;

    /// <summary>A peer that listens on that port; its requests come from one thread.</summary>
    public LoadFlow Peer(int port) => new(this, Local, new SipEndPoint(SipProtocol.Udp, new IPEndPoint(IPAddress.Loopback, port)));

    public void Receive(LoadFlow flow, ReadOnlySpan<byte> message) => _receiver!.Received(flow, message);
}

/// <summary>One peer of a <see cref="LoadTransport"/>.</summary>
internal sealed class LoadFlow(SipTransport transport, SipEndPoint local, SipEndPoint remote) : SipFlow(transport, local, remote)
{
    /// <summary>Answers are sent by the thread that brought the request, so it counts alone.</summary>
    public long Answers { get; set; }

    public LoadMessage Message { get; } = new($"SIP/2.0/UDP {remote.Address};rport");
}
