using System.Globalization;
using SipPush.Msrp;
using SipPush.Sip;

namespace SipPush.Benchmarks.Load;

/// <summary>Keeps a number of pushes in flight, each by MESSAGE or in a session of its own: INVITE, MSRP with a report, BYE.</summary>
internal sealed class LoadPushSender : IAsyncDisposable
{
    private static readonly TimeSpan WarmUp = TimeSpan.FromSeconds(1);

    private readonly SipStack _stack;
    private readonly MsrpEndpoint _endpoint = MsrpEndpoint.Start(new MsrpEndpointOptions());
    private readonly PushSenderAgent _agent;
    private readonly LoadCallMeter _pushes = new();
    private readonly PushMode _mode;
    private readonly long _size;
    private readonly PushOptions _options;
    private int _begun;

    private LoadPushSender(SipStack stack, SipEndPoint target, PushMode mode, long size)
    {
        _stack = stack;
        _mode = mode;
        _size = size;
        _options = new PushOptions { Target = LoadCallsUac.Callee(target), SuccessReport = true };
        _agent = new PushSenderAgent(
            stack.CreateUserAgent(new SipUserAgentOptions { AddressOfRecord = SipUri.Parse("sip:psa@example.com") }),
            new PushSenderOptions { CongestionSafe = true, Media = new PushMediaOptions { Endpoint = _endpoint } });
    }

    public static async Task<LoadPushSender> StartAsync(SipEndPoint target, SipTlsOptions tls, SipTimers timers, PushMode mode, long size)
    {
        var stack = await SipStack.StartAsync(new SipStackOptions { Listen = LoadPushReceiver.Listen(LoadSipUac.Here(target)), Tls = tls, Timers = timers }).ConfigureAwait(false);
        return new LoadPushSender(stack, target, mode, size);
    }

    /// <summary>One second to warm up, as long or as many as asked for, and until the stack has forgotten the last push.</summary>
    public async Task<LoadPushReport> RunAsync(int inFlight, int count, TimeSpan length, CancellationToken stop)
    {
        var start = LoadMeter.Now;
        await Task.WhenAll(Enumerable.Range(0, inFlight).Select(number => Task.Run(
            async () =>
            {
                var to = User(number);
                while (TimeProvider.System.GetElapsedTime(start) < WarmUp + length && !stop.IsCancellationRequested && Interlocked.Increment(ref _begun) <= count)
                {
                    await MeasureAsync(to).ConfigureAwait(false);
                }
            },
            stop))).ConfigureAwait(false);
        return LoadPushReport.Of(await _pushes.ReportAsync(_stack).ConfigureAwait(false), _endpoint);
    }

    /// <summary>One push.</summary>
    public ValueTask<PushResult> PushAsync(SipUri to) =>
        _mode == PushMode.Message ? _agent.SendAsync(to, Content(), _options) : _agent.PushAsync(to, Content(), _options);

    /// <summary>Whom pushes are for. By MESSAGE each user gets one at a time (RFC 3428 §8).</summary>
    public static SipUri User(int number) => SipUri.Parse(string.Create(CultureInfo.InvariantCulture, $"sip:user{number}@example.com"));

    public async ValueTask DisposeAsync()
    {
        await _agent.DisposeAsync().ConfigureAwait(false);
        await _endpoint.DisposeAsync().ConfigureAwait(false);
        await _stack.DisposeAsync().ConfigureAwait(false);
        _pushes.Dispose();
    }

    private PushContent Content() => _size <= LoadBody.Block.Length
        ? PushContent.FromBytes(LoadBody.Block.AsMemory(0, (int)_size), LoadMsrpEnds.Measured)
        : PushContent.FromStream(new LoadBody(_size, hash: null).AsStream(), LoadMsrpEnds.Measured, _size);

    private async Task MeasureAsync(SipUri to)
    {
        var calledAt = LoadMeter.Now;
        var result = await PushAsync(to).ConfigureAwait(false);
        if (result.IsDelivered)
        {
            _pushes.Ended(calledAt);
        }
        else
        {
            _pushes.Failed();
        }
    }
}
