using System.Collections.Concurrent;
using System.Security.Cryptography;
using System.Text;
using SipPush.Sip;
using SipPush.Tests.Support;

namespace SipPush.Tests.Sip.Dialogs;

/// <summary>Many calls at once over a network that loses, doubles and delays: whatever happens, nothing is left of any.</summary>
public sealed class SessionSimulationTests
{
    private const int Calls = 300;

    // The shortest there is, so that many are refreshed in the time of this test.
    private static readonly SessionTimerOptions Timer = new() { Interval = TimeSpan.FromSeconds(90) };

    private readonly ConcurrentDictionary<string, SipSession> _called = new();
    private ManualTimeProvider _clock = null!;
    private Random _chance = null!;

    [TestCase(1)]
    [TestCase(2)]
    public async Task Each_call_is_a_session_of_both_ends_or_a_clean_failure(int seed)
    {
        _clock = new ManualTimeProvider();
        _chance = new Random(seed);
        var network = new MemoryNetwork(_clock) { Fate = _ => Fate() };
        await using var calling = await StartAsync(network, "udp:192.0.2.1:5060");
        await using var called = await StartAsync(network, "udp:192.0.2.9:5060");
        var al = called.CreateUserAgent(new SipUserAgentOptions { AddressOfRecord = SipUri.Parse("sip:al@example.com"), SessionTimer = Timer });
        var bob = calling.CreateUserAgent(new SipUserAgentOptions { AddressOfRecord = SipUri.Parse("sip:bob@example.com"), SessionTimer = Timer });
        al.HandleInvitations(TakeAsync);

        var ends = Enumerable.Range(0, Calls).Select(number => CallAsync(bob, number)).ToArray();
        await AdvanceUntilAsync(() => Array.TrueForAll(ends, end => end.IsCompleted));
        var outcomes = await Task.WhenAll(ends);

        // What the called end had accepted and the caller never heard of ends with the missing ACK, or the missing refresh.
        await AdvanceUntilAsync(() => _called.Values.All(session => session.Completion.IsCompleted));
        await AdvanceUntilAsync(() => calling.Sessions.Count + called.Sessions.Count == 0
            && calling.Layer.Count() == (0, 0, 0, 0) && called.Layer.Count() == (0, 0, 0, 0));

        Assert.That(outcomes.CountBy(outcome => outcome).ToDictionary(), Contains.Key("BYE").And.ContainKey("486").And.ContainKey("cancelled"));
        Assert.That(outcomes, Is.All.AnyOf("BYE", "486", "408", "480", "cancelled"));
    }

    // What the caller does in turn: it lets itself be refused, gives up, changes the session, or says BYE.
    private async Task<string> CallAsync(SipUserAgent bob, int number)
    {
        using var patience = new CancellationTokenSource(number % 5 == 1 ? TimeSpan.FromSeconds(1) : TimeSpan.FromMinutes(10), _clock);
        var options = new InviteOptions
        {
            Offer = SessionWire.Offer,
            ReliableProvisionals = number % 2 == 0,
            Prepare = request => request.Add("Subject", number % 5 == 0 ? "refuse" : "take"),
        };

        InviteResult result;
        try
        {
            result = await bob.InviteAsync(SipUri.Parse("sip:al@192.0.2.9"), options, patience.Token);
        }
        catch (OperationCanceledException)
        {
            return "cancelled";
        }

        if (result.Session is not { } session)
        {
            return $"{result.StatusCode}";
        }

        await Task.Delay(TimeSpan.FromSeconds(number % 100), _clock);
        if (number % 3 == 0)
        {
            await session.ReinviteAsync(SessionWire.Sdp("more"));
        }

        await session.EndAsync();
        Assert.That(session.Completion.IsCompleted, Is.True);

        // Both ends knew it: the far end had accepted this very dialog.
        Assert.That(_called.ContainsKey(session.Dialog.Id.RemoteTag), Is.True);
        return "BYE";
    }

    private async ValueTask TakeAsync(Invitation invitation, CancellationToken cancellationToken)
    {
        await invitation.ProgressAsync(180, cancellationToken: cancellationToken);
        await Task.Delay(TimeSpan.FromSeconds(2), _clock, cancellationToken);
        if (invitation.Request["Subject"].ToString() == "refuse")
        {
            await invitation.RejectAsync(486, cancellationToken: cancellationToken);
            return;
        }

        var session = await invitation.AcceptAsync(SessionWire.Answer, cancellationToken);
        session.OfferAsync = (_, _) => new ValueTask<SipBody?>(SessionWire.Sdp("changed"));
        _called[session.Dialog.Id.LocalTag] = session;
    }

    // A fifth is lost, a tenth comes twice, three tenths come late and so in another order.
    private MemoryFate Fate()
    {
        lock (_chance)
        {
            return _chance.Next(10) switch
            {
                0 or 1 => MemoryFate.Drop,
                2 => MemoryFate.Duplicate,
                3 or 4 or 5 => MemoryFate.Late(TimeSpan.FromMilliseconds(_chance.Next(1, 700))),
                _ => MemoryFate.Deliver,
            };
        }
    }

    // What the two ends do runs on other threads between the steps; the clock must not run away from them.
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

    // Counting ones would give both ends the same tags and branches.
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
