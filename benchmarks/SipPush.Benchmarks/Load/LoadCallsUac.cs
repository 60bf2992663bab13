using System.Text;
using SipPush.Sip;

namespace SipPush.Benchmarks.Load;

/// <summary>Keeps a number of calls in flight, each of them INVITE, 200, ACK, BYE and 200.</summary>
internal sealed class LoadCallsUac
{
    private static readonly TimeSpan WarmUp = TimeSpan.FromSeconds(1);

    // A session is given up by then, its BYE answered or not.
    private static readonly TimeSpan ByeTimeout = TimeSpan.FromSeconds(5);

    private readonly SipUserAgent _caller;
    private readonly SipUri _callee;
    private readonly InviteOptions _invite = new() { Offer = Description("offer") };
    private readonly LoadCallMeter _calls;
    private readonly long _start = LoadMeter.Now;
    private readonly TimeSpan _length;

    private LoadCallsUac(SipUserAgent caller, SipUri callee, LoadCallMeter calls, TimeSpan length)
    {
        _caller = caller;
        _callee = callee;
        _calls = calls;
        _length = WarmUp + length;
    }

    /// <summary>One second to warm up, as long as asked for, and until the stack has forgotten the last call.</summary>
    public static async Task<LoadCallReport> RunAsync(
        SipEndPoint target, SipTlsOptions tls, SipTimers timers, int inFlight, TimeSpan length, CancellationToken stop)
    {
        var stack = await SipStack.StartAsync(new SipStackOptions { Listen = [LoadSipUac.Here(target)], Tls = tls, Timers = timers }, stop).ConfigureAwait(false);
        await using var _ = stack.ConfigureAwait(false);
        using var calls = new LoadCallMeter();

        var caller = stack.CreateUserAgent(new SipUserAgentOptions { AddressOfRecord = SipUri.Parse("sip:caller@example.com") });
        var uac = new LoadCallsUac(caller, Callee(target), calls, length);
        await Task.WhenAll(Enumerable.Range(0, inFlight).Select(_ => Task.Run(() => uac.CallAsync(stop), stop))).ConfigureAwait(false);
        return await calls.ReportAsync(stack).ConfigureAwait(false);
    }

    /// <summary>Whom calls are for. sipp's own scenarios call it so too.</summary>
    public static SipUri Callee(SipEndPoint address) => SipUri.Parse($"sip:service@{address.Address};transport={address.Protocol.ParameterName()}");

    /// <summary>A session description of 150 octets or so; nobody reads it.</summary>
    public static SipBody Description(string session) => new("application/sdp", Encoding.ASCII.GetBytes(
        $"v=0\r\no=load 2890844526 2890842807 IN IP4 127.0.0.1\r\ns={session}\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\n"
        + "m=audio 49170 RTP/AVP 0 8\r\na=rtpmap:0 PCMU/8000\r\na=rtpmap:8 PCMA/8000\r\n"));

    private async Task CallAsync(CancellationToken stop)
    {
        while (TimeProvider.System.GetElapsedTime(_start) < _length && !stop.IsCancellationRequested)
        {
            var calledAt = LoadMeter.Now;
            var result = await _caller.InviteAsync(_callee, _invite, CancellationToken.None).ConfigureAwait(false);
            var answeredAt = LoadMeter.Now;

            if (result.Session is not { } session)
            {
                _calls.Failed();
                continue;
            }

            await session.DisposeAsync().ConfigureAwait(false);
            if (TimeProvider.System.GetElapsedTime(answeredAt) < ByeTimeout)
            {
                _calls.Ended(calledAt, answeredAt);
            }
            else
            {
                _calls.Failed();
            }
        }
    }
}
