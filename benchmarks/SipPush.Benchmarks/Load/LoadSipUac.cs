using System.Net;
using System.Net.Sockets;
using SipPush.Sip;

namespace SipPush.Benchmarks.Load;

/// <summary>Keeps a number of MESSAGE transactions in flight.</summary>
internal sealed class LoadSipUac
{
    private static readonly TimeSpan WarmUp = TimeSpan.FromSeconds(1);

    private readonly SipStack _stack;
    private readonly SipUri _target;
    private readonly Lock _gate = new();
    private readonly LoadMeter _meter = new();
    private readonly long _measureFrom;
    private readonly long _end;
    private bool _measuring;

    private LoadSipUac(SipStack stack, SipUri target, TimeSpan length)
    {
        _stack = stack;
        _target = target;
        _measureFrom = LoadMeter.Now + Ticks(WarmUp);
        _end = _measureFrom + Ticks(length);
    }

    /// <summary>One second to warm up, then as long as asked for.</summary>
    public static async Task<LoadReport> RunAsync(SipEndPoint target, SipTlsOptions tls, int inFlight, TimeSpan length, CancellationToken stop)
    {
        var stack = await SipStack.StartAsync(new SipStackOptions { Listen = [Here(target)], Tls = tls }, stop).ConfigureAwait(false);
        await using var _ = stack.ConfigureAwait(false);

        var uac = new LoadSipUac(stack, SipUri.Parse($"sip:{target.Address};transport={target.Protocol.ParameterName()}"), length);
        await Task.WhenAll(Enumerable.Range(0, inFlight).Select(_ => Task.Run(() => uac.SendAsync(stop), stop))).ConfigureAwait(false);
        return uac._meter.Report();
    }

    /// <summary>Any port on this machine that <paramref name="target"/> can be reached from.</summary>
    public static SipEndPoint Here(SipEndPoint target)
    {
        var here = target.Address.AddressFamily == AddressFamily.InterNetwork ? IPAddress.Loopback : IPAddress.IPv6Loopback;
        return new SipEndPoint(target.Protocol, new IPEndPoint(here, 0));
    }

    private async Task SendAsync(CancellationToken stop)
    {
        var message = new LoadMessage(via: null);

        for (var sentAt = LoadMeter.Now; sentAt < _end && !stop.IsCancellationRequested;)
        {
            var result = await _stack.SendAsync(message.NextRequest(), _target, CancellationToken.None).ConfigureAwait(false);
            var now = LoadMeter.Now;
            Ended(result, sentAt, now);
            sentAt = now;
        }
    }

    private void Ended(in SipTransactionResult result, long sentAt, long now)
    {
        lock (_gate)
        {
            if (!_measuring && now >= _measureFrom)
            {
                _measuring = true;
                _meter.Start();
            }

            if (!_measuring)
            {
                return;
            }

            if (result.StatusCode == 200)
            {
                _meter.Complete(sentAt, now);
            }
            else
            {
                _meter.Fail();
            }
        }
    }

    private static long Ticks(TimeSpan time) => (long)(time.TotalSeconds * TimeProvider.System.TimestampFrequency);
}
