using BenchmarkDotNet.Attributes;
using SipPush.Benchmarks.Load;
using SipPush.Sip;

namespace SipPush.Benchmarks;

/// <summary>One MESSAGE transaction through the whole stack, without a network: a step of each side.</summary>
[MemoryDiagnoser]
public class TransactionBenchmarks
{
    private readonly LoadMessage _request = new(via: null);
    private SipStack? _stack;
    private LoadFlow? _peer;

    [GlobalSetup]
    public async Task SetupAsync()
    {
        var transport = new LoadTransport();
        _peer = transport.Peer(5080);
        _stack = await SipStack.StartAsync(new SipStackOptions
        {
            Transports = [transport],
            CompletedTransactionBytes = 64 << 20,
            OnRequest = LoadDriver.AnswerAsync,
        }).ConfigureAwait(false);
    }

    [GlobalCleanup]
    public async Task CleanupAsync() => await _stack!.DisposeAsync().ConfigureAwait(false);

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
}
