using System.Net;
using System.Text;
using SipPush.Samples.SipCore;
using SipPush.Sip;

namespace SipPush.Tests.Interop;

/// <summary>Calls through the core of the samples, on real sockets: between user agents of this library, and with sipp at either end.</summary>
[TestFixture, Category("Interop"), Parallelizable(ParallelScope.All)]
public sealed class CoreCallTests
{
    private static readonly SipTimers Timers = new()
    {
        T1 = TimeSpan.FromMilliseconds(100),
        T2 = TimeSpan.FromMilliseconds(400),
        T4 = TimeSpan.FromMilliseconds(400),
    };

    [TestCase("udp", "tcp", true)]
    [TestCase("tcp", "udp", false)]
    public async Task A_call_between_two_users_is_changed_and_ended_through_the_core(string callerBy, string calleeBy, bool callerEnds)
    {
        await using var core = await StartAsync();
        await using var alice = await CallParty.RegisterAsync(core.Listen[0].Address, "alice", callerBy);
        await using var bob = await CallParty.RegisterAsync(core.Listen[0].Address, "bob", calleeBy);

        await CallFlow.RunAsync(alice, bob, callerEnds);

        // Nothing has found another way: all that either end has received came from the core, by the protocol it registered with.
        foreach (var (party, protocol) in new[] { (alice, callerBy), (bob, calleeBy) })
        {
            var vias = party.Tap.Messages.Where(message => !message.Sent && message.Text.Split(' ')[0] is "INVITE" or "ACK" or "UPDATE" or "BYE")
                .Select(message => message.Text.Split("\r\nVia: ")[1].Split(';')[0]);
            Assert.That(vias, Is.All.EqualTo($"SIP/2.0/{protocol.ToUpperInvariant()} {core.Listen[0].Address}"));
        }
    }

    [TestCase(false, "tcp")]
    [TestCase(true, "udp")]
    public async Task Sipp_calls_a_user_through_the_core(bool tcp, string calleeBy)
    {
        await using var core = await StartAsync();
        await using var bob = await CallParty.RegisterAsync(core.Listen[0].Address, "bob", calleeBy);
        bob.TakeCalls();

        await RunAsync(core, bob, new SippOptions { Tcp = tcp });

        var session = await bob.CalledAsync();
        Assert.That((await session.Completion).Cause, Is.EqualTo(SipSessionEndCause.Remote));
    }

    [Test]
    public async Task With_losses_every_call_of_sipp_is_taken_and_ended_through_the_core()
    {
        const int Calls = 10;
        await using var core = await StartAsync(options => options with { Timers = Timers });
        await using var bob = await CallParty.RegisterAsync(core.Listen[0].Address, "bob", "udp", options => options with { Timers = Timers });
        bob.TakeCalls();

        await RunAsync(core, bob, new SippOptions { Calls = Calls, Loss = 15, MostRetransmissions = 10, Limit = TimeSpan.FromSeconds(40) });

        for (var call = 0; call < Calls; call++)
        {
            var session = await bob.CalledAsync();
            Assert.That((await session.Completion).Cause, Is.EqualTo(SipSessionEndCause.Remote));
        }
    }

    [TestCase(false, "tcp")]
    [TestCase(true, "udp")]
    public async Task Sipp_is_called_through_the_core(bool tcp, string callerBy)
    {
        await using var core = await StartAsync();
        await using var sipp = await Sipp.StartAsync("invite_uas_core", new SippOptions { Tcp = tcp });
        await using var alice = await CallParty.RegisterAsync(core.Listen[0].Address, "alice", callerBy);
        await BindAsync(alice, core, $"sip:bob@127.0.0.1:{sipp.Port};transport={(tcp ? "tcp" : "udp")}");

        var session = await alice.CallAsync(AgentPair.Bob);
        await sipp.UntilReceivedAsync("ACK");
        await session.EndAsync(alice.Token);
        await alice.UntilQuietAsync();

        var run = await sipp.WaitAsync();
        Assert.That(run.ExitCode, Is.Zero, () => $"{run.Output}\n{string.Join("\n", run.Messages)}");
        var requests = run.Received.Where(message => !message.StartsWith("SIP/2.0", StringComparison.Ordinal)).Distinct().ToArray();
        Assert.That(requests.Select(request => request.Split(' ')[0]), Is.EqualTo(["INVITE", "ACK", "BYE"]));
        Assert.That(requests.Select(request => request.Split("\r\nVia: ")[1].Split(';')[0]), Is.All.EqualTo($"SIP/2.0/{(tcp ? "TCP" : "UDP")} {core.Listen[0].Address}"));
    }

    private static async Task<SipCoreServer> StartAsync(Func<CoreOptions, CoreOptions>? change = null)
    {
        var options = new CoreOptions { Listen = new IPEndPoint(IPAddress.Loopback, 0), Trusted = new IPEndPoint(IPAddress.Loopback, 0), Domain = "ims.example" };
        return await SipCoreServer.StartAsync(change is null ? options : change(options));
    }

    private static async Task RunAsync(SipCoreServer core, CallParty bob, SippOptions options)
    {
        var run = await Sipp.RunAsync("invite_uac_core", options with { Target = core.Trusted[0].Address.ToString() });
        Assert.That(run.ExitCode, Is.Zero, () => $"{run.Output}\n{string.Join("\n", run.Messages)}");
        await bob.UntilQuietAsync();
    }

    // A sipp that is called can't register itself.
    private static async Task BindAsync(CallParty by, SipCoreServer core, string contact)
    {
        var register = SipRequest.Parse(Encoding.ASCII.GetBytes($"""
            REGISTER sip:ims.example SIP/2.0
            Max-Forwards: 70
            From: <sip:bob@ims.example>;tag=1
            To: <sip:bob@ims.example>
            Call-ID: bob-by-hand
            CSeq: 1 REGISTER
            Contact: <{contact}>
            Content-Length: 0


            """.ReplaceLineEndings("\r\n")));
        Assert.That((await by.Stack.SendAsync(register, SipUri.Parse($"sip:{core.Listen[0].Address}"), by.Token)).StatusCode, Is.EqualTo(200));
    }
}
