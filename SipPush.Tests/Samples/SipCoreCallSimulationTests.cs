using System.Collections.Concurrent;
using System.Security.Cryptography;
using System.Text;
using SipPush.Samples.SipCore;
using SipPush.Sip;
using SipPush.Tests.Sip.Dialogs;
using SipPush.Tests.Support;

namespace SipPush.Tests.Samples;

/// <summary>Many calls at once through a core, to a user with two contacts, over networks that lose, double and delay: nothing is left of any.</summary>
public sealed class SipCoreCallSimulationTests
{
    private const int Calls = 100;

    private static readonly SessionTimerOptions Timer = new() { Interval = TimeSpan.FromSeconds(90) };

    private readonly ConcurrentBag<SipSession> _called = [];
    private ManualTimeProvider _clock = null!;
    private Random _chance = null!;

    [TestCase(1)]
    [TestCase(2)]
    public async Task Each_call_is_a_session_of_both_ends_or_a_clean_failure(int seed)
    {
        _clock = new ManualTimeProvider();
        _chance = new Random(seed);
        var network = new MemoryNetwork(_clock);
        await using var core = await SipCoreServer.StartAsync(new CoreOptions
        {
            ListenTransports = [new MemoryTransport(network, new SipEndPoint(SipProtocol.Udp, CoreScene.Open))],
            TrustedTransports = [new MemoryTransport(network, new SipEndPoint(SipProtocol.Udp, CoreScene.Trusted))],
            TimeProvider = _clock,
            Identifiers = new ShuffledIdentifiers("core"),
            MaxExpires = TimeSpan.FromDays(1),
        });
        await using var calling = await StartAsync(network, "udp:192.0.2.10:5080");
        await using var first = await StartAsync(network, "udp:192.0.2.4:5060");
        await using var second = await StartAsync(network, "udp:192.0.2.5:5060");
        SipStack[] ends = [calling, first, second];
        SipStack[] all = [.. ends, .. core.Stacks];
        var psa = calling.CreateUserAgent(new SipUserAgentOptions
        {
            AddressOfRecord = SipUri.Parse("sip:psa@example.com"),
            OutboundProxies = [SipUri.Parse($"sip:{CoreScene.Trusted};lr")],
            SessionTimer = Timer,
        });
        await TakeCallsAsync(first, "192.0.2.4");
        await TakeCallsAsync(second, "192.0.2.5");
        network.Fate = _ => Fate();

        var calls = Enumerable.Range(0, Calls).Select(number => CallAsync(psa, number)).ToArray();
        await AdvanceUntilAsync(() => Array.TrueForAll(calls, call => call.IsCompleted));
        var outcomes = await Task.WhenAll(calls);
        await AdvanceUntilAsync(() => _called.All(session => session.Completion.IsCompleted));
        await AdvanceUntilAsync(() => Array.TrueForAll(all, stack => stack.Sessions.Count == 0 && stack.Layer.Count() == (0, 0, 0, 0)));

        Assert.That(outcomes.CountBy(outcome => outcome).ToDictionary(), Contains.Key("BYE").And.ContainKey("486").And.ContainKey("cancelled"));
        Assert.That(outcomes, Is.All.AnyOf("BYE", "486", "408", "480", "487", "cancelled"));
    }

    private async Task TakeCallsAsync(SipStack stack, string host)
    {
        var bob = stack.CreateUserAgent(new SipUserAgentOptions
        {
            AddressOfRecord = SipUri.Parse("sip:bob@example.com"),
            OutboundProxies = [SipUri.Parse($"sip:{CoreScene.Open};lr")],
            SessionTimer = Timer,
        });
        bob.HandleInvitations((invitation, token) => TakeAsync(invitation, host, token));

        // By hand, for the refresh of a registration would be one more thing under way.
        var register = SipRequest.Parse(WirePeer.Octets($"""
            REGISTER sip:example.com SIP/2.0
            Max-Forwards: 70
            From: <sip:bob@example.com>;tag=1
            To: <sip:bob@example.com>
            Call-ID: {host}
            CSeq: 1 REGISTER
            Contact: <sip:bob@{host}:5060>
            Expires: 86400
            Content-Length: 0
            """));
        Assert.That((await stack.SendAsync(register, SipUri.Parse($"sip:{CoreScene.Open}"))).StatusCode, Is.EqualTo(200));
    }

    // What the caller does in turn: it is refused by one or by both, gives up, changes the session, or says BYE.
    private async Task<string> CallAsync(SipUserAgent psa, int number)
    {
        using var patience = new CancellationTokenSource(number % 5 == 1 ? TimeSpan.FromSeconds(1) : TimeSpan.FromMinutes(10), _clock);
        var options = new InviteOptions
        {
            Offer = SessionWire.Offer,
            ReliableProvisionals = number % 2 == 0,
            Prepare = request => request.Add("Subject", (number % 5) switch { 0 => "nobody", 2 => "192.0.2.4", 3 => "192.0.2.5", _ => "both" }),
        };

        InviteResult result;
        try
        {
            result = await psa.InviteAsync(SipUri.Parse("sip:bob@example.com"), options, patience.Token);
        }
        catch (OperationCanceledException)
        {
            return "cancelled";
        }

        if (result.Session is not { } session)
        {
            return $"{result.StatusCode}";
        }

        await Task.Delay(TimeSpan.FromSeconds(number % 50), _clock);
        if (number % 3 == 0)
        {
            await session.ReinviteAsync(SessionWire.Sdp("more"));
        }

        await session.EndAsync();
        return "BYE";
    }

    private async ValueTask TakeAsync(Invitation invitation, string host, CancellationToken cancellationToken)
    {
        await invitation.ProgressAsync(180, cancellationToken: cancellationToken);
        await Task.Delay(TimeSpan.FromSeconds(2), _clock, cancellationToken);
        if (invitation.Request["Subject"].ToString() is var who && who != "both" && who != host)
        {
            await invitation.RejectAsync(486, cancellationToken: cancellationToken);
            return;
        }

        var session = await invitation.AcceptAsync(SessionWire.Answer, cancellationToken);
        session.OfferAsync = (_, _) => new ValueTask<SipBody?>(SessionWire.Sdp("changed"));
        _called.Add(session);
    }

    // Of the two hops of each message one in ten is lost, one doubled, and two come late.
    private MemoryFate Fate()
    {
        lock (_chance)
        {
            return _chance.Next(10) switch
            {
                0 => MemoryFate.Drop,
                1 => MemoryFate.Duplicate,
                2 or 3 => MemoryFate.Late(TimeSpan.FromMilliseconds(_chance.Next(1, 700))),
                _ => MemoryFate.Deliver,
            };
        }
    }

    private async Task AdvanceUntilAsync(Func<bool> condition)
    {
        for (var steps = 0; !condition(); steps++)
        {
            Assert.That(steps, Is.LessThan(3_000));
            _clock.Advance(TimeSpan.FromMilliseconds(250));
            await Task.Delay(TimeSpan.FromMilliseconds(1), TimeProvider.System);
        }
    }

    private ValueTask<SipStack> StartAsync(MemoryNetwork network, string endPoint) => SipStack.StartAsync(new SipStackOptions
    {
        Transports = [new MemoryTransport(network, SipEndPoint.Parse(endPoint))],
        TimeProvider = _clock,
        Identifiers = new ShuffledIdentifiers(endPoint),
    });

    // Counting ones would give all ends the same tags and branches.
    private sealed class ShuffledIdentifiers(string seed) : SipIdentifiers
    {
        private int _last;

        public override void Fill(Span<byte> destination)
        {
            var hash = SHA256.HashData(Encoding.ASCII.GetBytes($"{seed} {Interlocked.Increment(ref _last)}"));
            hash.AsSpan(0, destination.Length).CopyTo(destination);
        }
    }
}
