using System.Collections.Concurrent;
using System.Net;
using SipPush.Sip;
using SipPush.Sip.Transactions;

namespace SipPush.Tests.Torture;

/// <summary>
/// UDP of the system under test, without a network: datagrams are handed to it from any address, and whatever it sends, to whichever
/// port, is heard. <see cref="MemoryTransport"/> would lose what goes to a port where nobody listens.
/// </summary>
internal sealed class SutDatagrams(SipEndPoint local) : SipTransport
{
    private readonly ConcurrentDictionary<SipEndPoint, SipFlow> _flows = new();
    private SipTransportReceiver? _receiver;

    /// <summary>Called with all that goes out.</summary>
    public required Action<SipEndPoint, byte[]> Sent { get; init; }

    /// <summary>Called with what escaped from the receiver.</summary>
    public required Action<Exception> Escaped { get; init; }

    /// <summary>True while sending fails as it does without a route.</summary>
    public bool IsBroken { get; set; }

    public override SipEndPoint Local { get; } = local;

    /// <summary>Transactions and timers of the stack that this is a transport of.</summary>
    public (int Clients, int Servers, int Completed, int Timers) Count() => ((TransactionLayer)_receiver!).Count();

    public override ValueTask StartAsync(SipTransportReceiver receiver, CancellationToken cancellationToken)
    {
        _receiver = receiver;
        return ValueTask.CompletedTask;
    }

    public override ValueTask<SipFlow> ConnectAsync(SipEndPoint remote, CancellationToken cancellationToken) => new(Flow(remote));

    public override ValueTask SendAsync(SipFlow flow, ReadOnlyMemory<byte> message, CancellationToken cancellationToken)
    {
        if (IsBroken)
        {
            return ValueTask.FromException(new IOException("The network is down"));
        }

        Sent(flow.Remote, message.ToArray());
        return ValueTask.CompletedTask;
    }

    public override ValueTask DisposeAsync() => ValueTask.CompletedTask;

    public void Receive(IPEndPoint from, ReadOnlySpan<byte> datagram)
    {
#pragma warning disable CA1031 // To find what escapes is what this is for.
        try
        {
            _receiver!.Received(Flow(new SipEndPoint(Local.Protocol, from)), datagram);
        }
        catch (Exception fault)
        {
            Escaped(fault);
        }
#pragma warning restore CA1031
    }

    private SipFlow Flow(SipEndPoint remote) => _flows.GetOrAdd(remote, end => new SipFlow(this, Local, end));
}
