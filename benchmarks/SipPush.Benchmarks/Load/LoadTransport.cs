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
        var peer = (LoadFlow)flow;
        peer.Answers++;
        peer.Sent(message.Span);
        return ValueTask.CompletedTask;
    }

    public override ValueTask DisposeAsync() => ValueTask.CompletedTask;

    /// <summary>A peer that listens on that port; its requests come from one thread.</summary>
    public LoadFlow Peer(int port) => new(this, Local, new SipEndPoint(SipProtocol.Udp, new IPEndPoint(IPAddress.Loopback, port)));

    public void Receive(LoadFlow flow, ReadOnlySpan<byte> message) => _receiver!.Received(flow, message);
}

/// <summary>One peer of a <see cref="LoadTransport"/>.</summary>
internal sealed class LoadFlow(LoadTransport transport, SipEndPoint local, SipEndPoint remote) : SipFlow(transport, local, remote)
{
    private const int BranchLength = 39;

    private readonly byte[] _answer = System.Text.Encoding.ASCII.GetBytes(
        $"SIP/2.0 200 OK\r\nVia: SIP/2.0/UDP {local.Address};branch={new string('0', BranchLength)};rport=5080;received=127.0.0.1\r\n"
        + "From: <sip:psa.domain.com>;tag=49583\r\nTo: \"Bob\" <sip:user@domain.com>;tag=8321234356\r\n"
        + "Call-ID: 723459815768908@998sdasdh09\r\nCSeq: 1 MESSAGE\r\nContent-Length: 0\r\n\r\n");

    private readonly byte[] _branch = new byte[BranchLength];

    /// <summary>Answers are sent by the thread that brought the request, so it counts alone.</summary>
    public long Answers { get; set; }

    private readonly LoadMessage _message = new($"SIP/2.0/UDP {remote.Address};rport");

    /// <summary>Keeps the branch of what the stack sends, where it is a request.</summary>
    public void Sent(ReadOnlySpan<byte> message)
    {
        if (message[0] != 'S')
        {
            message.Slice(message.IndexOf(";branch="u8) + ";branch="u8.Length, BranchLength).CopyTo(_branch);
        }
    }

    /// <summary>The stack gets the next request of this peer.</summary>
    public void SendRequest() => transport.Receive(this, _message.NextOctets());

    /// <summary>The stack gets a 200 to the request that it last sent to this peer.</summary>
    public void SendAnswer()
    {
        _branch.CopyTo(_answer.AsSpan(_answer.AsSpan().IndexOf(";branch="u8) + ";branch="u8.Length));
        transport.Receive(this, _answer);
    }
}
