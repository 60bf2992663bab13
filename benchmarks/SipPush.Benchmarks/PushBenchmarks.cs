using System.Net;
using BenchmarkDotNet.Attributes;
using SipPush.Benchmarks.Load;
using SipPush.Sip;

namespace SipPush.Benchmarks;

/// <summary>A push in a session of its own, from INVITE to the answer of BYE, agent to agent over loopback in one process: SIP over TCP, MSRP with a report. Per push, with 32 under way.</summary>
[MemoryDiagnoser]
public class PushBenchmarks
{
    private const int Pushes = 320;
    private const int InFlight = 32;

    // What both stacks remember of a push lasts 12.8 s, so that it is level soon; so long the first of all has to be answered, while everything is being compiled.
    private static readonly SipTimers Timers = new() { T1 = TimeSpan.FromMilliseconds(200) };

    private LoadPushReceiver _receiver = null!;
    private LoadPushSender _sender = null!;

    [Params(4096, 1 << 20)]
    public int Size { get; set; }

    // In its own process (-i) BenchmarkDotNet waits for no task of a setup or a clean-up: the next case would listen where this one still does.
    [GlobalSetup]
    public void Setup() => SetupAsync().GetAwaiter().GetResult();

    [GlobalCleanup]
    public void CleanUp() => CleanUpAsync().GetAwaiter().GetResult();

    [Benchmark(OperationsPerInvoke = Pushes)]
    public Task Session() => Task.WhenAll(Enumerable.Range(0, InFlight).Select(number => Task.Run(async () =>
    {
        var to = LoadPushSender.User(number);
        for (var i = 0; i < Pushes / InFlight; i++)
        {
            if (await _sender.PushAsync(to).ConfigureAwait(false) is { IsDelivered: false } result)
            {
                throw new InvalidOperationException(result.ToString());
            }
        }
    })));

    private async Task SetupAsync()
    {
        var listen = new SipEndPoint(SipProtocol.Tcp, new IPEndPoint(IPAddress.Loopback, 5199));
        _receiver = await LoadPushReceiver.StartAsync(listen, new SipTlsOptions(), Timers).ConfigureAwait(false);
        _sender = await LoadPushSender.StartAsync(listen, new SipTlsOptions(), Timers, PushMode.Session, Size).ConfigureAwait(false);
    }

    private async Task CleanUpAsync()
    {
        await _sender.DisposeAsync().ConfigureAwait(false);
        await _receiver.DisposeAsync().ConfigureAwait(false);
    }
}
