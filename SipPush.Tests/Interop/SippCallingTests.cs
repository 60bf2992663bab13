using SipPush.Sip;

namespace SipPush.Tests.Interop;

/// <summary>Sipp calls: with requests that are repeated and lost, with CANCEL, changes, PRACK and a session timer.</summary>
[TestFixture, Category("Interop"), Parallelizable(ParallelScope.All)]
public sealed class SippCallingTests
{
    private static readonly SipTimers Timers = new()
    {
        T1 = TimeSpan.FromMilliseconds(100),
        T2 = TimeSpan.FromMilliseconds(400),
        T4 = TimeSpan.FromMilliseconds(400),
    };

    [TestCase(false)]
    [TestCase(true)]
    public async Task A_call_is_taken_until_its_BYE(bool tcp)
    {
        await using var bob = await StartAsync();
        bob.TakeCalls();

        await RunAsync("invite_uac", bob, new SippOptions { Tcp = tcp });
        var session = await bob.CalledAsync();

        Assert.That((await session.Completion).Cause, Is.EqualTo(SipSessionEndCause.Remote));
        Assert.That((await session.Acknowledged)?.Method, Is.EqualTo(SipMethod.Ack));
    }

    [Test, Description("SIP-28, SIP-37")]
    public async Task A_repeated_INVITE_is_one_call_and_its_200_is_repeated_until_the_ACK()
    {
        var calls = 0;

        // The timers of the RFC: the third 200 is acknowledged long before the fourth is due.
        await using var bob = await CallParty.StartAsync("bob");
        bob.TakeCalls(async (_, _) =>
        {
            calls++;
            await bob.UntilAsync(message => message is { Sent: true, Text: ['S', 'I', 'P', '/', '2', '.', '0', ' ', '1', '8', '0', ..] }, 2);
        });

        var run = await RunAsync("invite_uac_repeated", bob, new SippOptions { Retransmissions = false });

        Assert.That(calls, Is.EqualTo(1));
        Assert.That(run.Received.Count(message => !message.StartsWith("SIP/2.0 100", StringComparison.Ordinal)), Is.EqualTo(6));
        Assert.That(run.Received.Where(message => message.Contains(" INVITE\r\n", StringComparison.Ordinal) && !message.StartsWith("SIP/2.0 100", StringComparison.Ordinal)).Distinct().Count(), Is.EqualTo(2));
        Assert.That((await (await bob.CalledAsync()).Completion).Cause, Is.EqualTo(SipSessionEndCause.Remote));
    }

    [Test]
    public async Task With_losses_in_both_directions_every_call_is_taken_and_ended()
    {
        const int Calls = 10;
        await using var bob = await StartAsync();
        bob.TakeCalls();

        await RunAsync("invite_uac", bob, new SippOptions { Calls = Calls, Loss = 15, MostRetransmissions = 10, Limit = TimeSpan.FromSeconds(40) });

        for (var call = 0; call < Calls; call++)
        {
            var session = await bob.CalledAsync();
            Assert.That((await session.Completion).Cause, Is.EqualTo(SipSessionEndCause.Remote));
        }
    }

    [Test, Description("RFC 3261 §9.2")]
    public async Task CANCEL_ends_the_ringing_with_487()
    {
        var invitation = default(Invitation);
        await using var bob = await StartAsync();
        bob.TakeCalls(async (ringing, token) =>
        {
            invitation = ringing;
            await Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System, token);
        });

        await RunAsync("invite_uac_cancel", bob, new SippOptions());

        Assert.That(invitation!.Cancelled.IsCancellationRequested, Is.True);
    }

    [Test]
    public async Task Requests_in_the_dialog_change_the_session_and_are_answered()
    {
        await using var bob = await StartAsync();
        bob.TakeCalls();

        var run = await RunAsync("invite_uac_reinvite", bob, new SippOptions());

        var bodies = run.Received.Where(message => message.StartsWith("SIP/2.0 200", StringComparison.Ordinal)).Select(message => message.Split("\r\n\r\n")[1]);
        Assert.That(bodies.Select(body => body.Split("\r\n").FirstOrDefault(line => line.StartsWith("o=", StringComparison.Ordinal)) ?? ""), Is.EqualTo(
            ["o=- 1 1 IN IP4 127.0.0.1", "o=- 1 2 IN IP4 127.0.0.1", "o=- 1 3 IN IP4 127.0.0.1", "", "", ""]));
        var options = run.Received.Single(message => message.Contains(" OPTIONS\r\n", StringComparison.Ordinal));
        Assert.That(options, Does.Contain("\r\nAllow: ").And.Contain("BYE"));
    }

    [Test, Description("RFC 3262 §3")]
    public async Task A_caller_that_requires_reliable_provisional_responses_gets_them()
    {
        await using var bob = await StartAsync();
        bob.TakeCalls(async (_, _) =>
            await bob.UntilAsync(message => message.Sent && message.Text.Contains(" PRACK\r\n", StringComparison.Ordinal)));

        var run = await RunAsync("invite_uac_reliable", bob, new SippOptions());

        Assert.That(run.Received.First(message => message.StartsWith("SIP/2.0 180", StringComparison.Ordinal)), Does.Contain("\r\nRequire: 100rel\r\n"));
    }

    [Test, Description("SIP-78")]
    public async Task A_session_timer_is_agreed_on()
    {
        await using var bob = await StartAsync();
        bob.TakeCalls();

        var run = await RunAsync("invite_uac_timer", bob, new SippOptions());

        Assert.That(run.Received.First(message => message.StartsWith("SIP/2.0 422", StringComparison.Ordinal)), Does.Contain("\r\nMin-SE: 90\r\n"));
        Assert.That(run.Received.First(message => message.StartsWith("SIP/2.0 200", StringComparison.Ordinal)),
            Does.Contain("\r\nSession-Expires: 90;refresher=uac\r\n").And.Contain("\r\nRequire: timer\r\n"));
    }

    private static Task<CallParty> StartAsync() => CallParty.StartAsync("bob", options => options with { Timers = Timers });

    private static async Task<SippResult> RunAsync(string scenario, CallParty bob, SippOptions options)
    {
        var run = await Sipp.RunAsync(scenario, options with { Target = $"127.0.0.1:{bob.Port}" });
        Assert.That(run.ExitCode, Is.Zero, () => $"{run.Output}\n{string.Join("\n", run.Messages)}");
        await bob.UntilQuietAsync();
        return run;
    }
}
