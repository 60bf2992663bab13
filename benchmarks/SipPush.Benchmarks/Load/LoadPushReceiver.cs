using System.Net;
using SipPush.Msrp;
using SipPush.Sip;

namespace SipPush.Benchmarks.Load;

/// <summary>Takes every push, reads it to its end and reports it.</summary>
internal sealed class LoadPushReceiver : IAsyncDisposable
{
    // Contents that are read at once: one that comes slowly holds up nobody else.
    private const int Readers = 16;

    private readonly LoadCallMeter _pushes = new();
    private readonly SipStack _stack;
    private readonly MsrpEndpoint _endpoint;
    private readonly PushReceiverAgent _agent;
    private readonly Task _reading;

    private LoadPushReceiver(SipStack stack, SipEndPoint listen)
    {
        _stack = stack;
        _endpoint = MsrpEndpoint.Start(new MsrpEndpointOptions { Listen = new IPEndPoint(listen.Address.Address, 0) });
        _agent = new PushReceiverAgent(
            stack.CreateUserAgent(new SipUserAgentOptions { AddressOfRecord = LoadCallsUac.Callee(listen) }),
            new PushReceiverOptions { MaxSize = long.MaxValue, Media = new PushMediaOptions { Endpoint = _endpoint } });
        _reading = Task.WhenAll(Enumerable.Range(0, Readers).Select(_ => Task.Run(ReadAsync)));
    }

    public static async Task<LoadPushReceiver> StartAsync(SipEndPoint listen, SipTlsOptions tls, SipTimers timers)
    {
        var stack = await SipStack.StartAsync(new SipStackOptions
        {
            Listen = Listen(listen),
            Tls = tls,
            Timers = timers,
            MaximumServerTransactions = int.MaxValue,
        }).ConfigureAwait(false);
        return new LoadPushReceiver(stack, listen);
    }

    /// <summary>What is too large for UDP goes by TCP (RFC 3261 §18.1.1), so with the one goes the other.</summary>
    public static IReadOnlyList<SipEndPoint> Listen(SipEndPoint local) =>
        local.Protocol == SipProtocol.Udp ? [local, new SipEndPoint(SipProtocol.Tcp, local.Address)] : [local];

    /// <summary>Once no more pushes come.</summary>
    public async Task<LoadPushReport> ReportAsync() => LoadPushReport.Of(await _pushes.ReportAsync(_stack).ConfigureAwait(false), _endpoint);

    public async ValueTask DisposeAsync()
    {
        await _agent.DisposeAsync().ConfigureAwait(false);
        await _reading.ConfigureAwait(false);
        await _endpoint.DisposeAsync().ConfigureAwait(false);
        await _stack.DisposeAsync().ConfigureAwait(false);
        _pushes.Dispose();
    }

    private async Task ReadAsync()
    {
        var buffer = new byte[64 * 1024];
        await foreach (var push in _agent.ReceiveAllAsync().ConfigureAwait(false))
        {
            await using var ended = push.ConfigureAwait(false);
            try
            {
                while (await push.Content.ReadAsync(buffer).ConfigureAwait(false) > 0)
                {
                    // To its end.
                }
            }
            catch (IOException)
            {
                _pushes.Failed();
                continue;
            }

            await push.CompleteAsync().ConfigureAwait(false);
            _pushes.Ended();
        }
    }
}
