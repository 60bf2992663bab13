using BenchmarkDotNet.Attributes;
using SipPush.Benchmarks.Load;
using SipPush.Sip;
using SipPush.Sip.Transactions;

namespace SipPush.Benchmarks;

/// <summary>One MESSAGE transaction through the whole stack, without a network: a step of each side. Of INVITE the machines alone, since the
/// stack keeps what was accepted for 32 s, and a run would fill the memory.</summary>
[MemoryDiagnoser]
public class TransactionBenchmarks
{
    private readonly LoadMessage _request = new(via: null);
    private SipStack? _stack;
    private LoadFlow? _peer;

    // In its own process (-i) BenchmarkDotNet waits for no task of a setup or a clean-up.
    [GlobalSetup]
    public void Setup()
    {
        var transport = new LoadTransport();
        _peer = transport.Peer(5080);
        _stack = SipStack.StartAsync(new SipStackOptions
        {
            Transports = [transport],
            CompletedTransactionBytes = 64 << 20,
            OnRequest = LoadDriver.AnswerAsync,
        }).AsTask().GetAwaiter().GetResult();
    }

    [GlobalCleanup]
    public void Cleanup() => _stack!.DisposeAsync().AsTask().GetAwaiter().GetResult();

    /// <summary>A request comes in, a 200 goes out and is kept for repetitions.</summary>
    [Benchmark]
    public long Server()
    {
        _peer!.SendRequest();
        return _peer.Answers;
    }

    /// <summary>A request goes out, its 200 comes in. The request itself is made here too.</summary>
    [Benchmark]
    public int Client()
    {
        var sending = _stack!.SendAsync(_request.NextRequest(), _peer!, CancellationToken.None);
        _peer!.SendAnswer();
        return sending.IsCompletedSuccessfully ? sending.Result.StatusCode : throw new InvalidOperationException("There was no answer");
    }

    /// <summary>The machine of an INVITE that comes in over UDP: 180, 200, the ACK, and timer L.</summary>
    [Benchmark]
    public bool InviteServerMachine()
    {
        var machine = new InviteServerTransaction(SipTimers.Rfc3261, reliable: false);
        var effects = default(TransactionEffects);
        machine.Start(ref effects);
        effects = default;
        machine.Respond(180, ref effects);
        effects = default;
        machine.Respond(200, ref effects);
        effects = default;
        machine.OnAck(ref effects);
        effects = default;
        machine.OnTimer(TransactionTimer.L, ref effects);
        return machine.State == InviteServerTransactionState.Terminated;
    }

    /// <summary>The machine of an INVITE that goes out over UDP: 180, 200, and timer M.</summary>
    [Benchmark]
    public bool InviteClientMachine()
    {
        var machine = new InviteClientTransaction(SipTimers.Rfc3261, reliable: false);
        var effects = default(TransactionEffects);
        machine.Start(ref effects);
        effects = default;
        machine.OnResponse(180, ref effects);
        effects = default;
        machine.OnResponse(200, ref effects);
        effects = default;
        machine.OnTimer(TransactionTimer.M, ref effects);
        return machine.State == InviteClientTransactionState.Terminated;
    }
}
