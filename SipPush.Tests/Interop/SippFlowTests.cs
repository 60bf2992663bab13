using SipPush.Sip;

namespace SipPush.Tests.Interop;

/// <summary>Sipp as the sender and as the receiver against the agents, with requests that are lost, late and repeated.</summary>
[TestFixture, Category("Interop"), Parallelizable]
public sealed class SippFlowTests
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(30);

    private readonly List<string> _callIds = [];

    [TestCase(false)]
    [TestCase(true)]
    public async Task Sipp_sends_and_the_receiver_delivers(bool tcp)
    {
        await using var pair = await AgentPair.StartAsync(null, null, FreePort.Next());
        using var limit = new CancellationTokenSource(Limit, TimeProvider.System);
        var pushes = CountAsync(pair, 20, limit.Token);

        var sent = await Sipp.RunAsync("message_uac", new SippOptions { Tcp = tcp, Target = pair.ReceiverStack.Local[0].Address.ToString(), Calls = 20, Rate = 50 });

        Assert.That(sent.ExitCode, Is.Zero, () => sent.Output);
        Assert.That(await pushes, Is.EqualTo(20));
    }

    [Test]
    public async Task A_repeated_MESSAGE_is_answered_each_time_and_delivered_once()
    {
        await using var pair = await AgentPair.StartAsync(null, null, FreePort.Next());
        using var limit = new CancellationTokenSource(Limit, TimeProvider.System);
        var pushes = CountAsync(pair, 2, limit.Token);
        var target = pair.ReceiverStack.Local[0].Address.ToString();

        // SIP-33; the one behind it shows that none of the repetitions was delivered.
        var repeated = await Sipp.RunAsync("message_uac_repeated", new SippOptions { Target = target, Retransmissions = false });
        var behind = await Sipp.RunAsync("message_uac", new SippOptions { Target = target });

        Assert.That(repeated.ExitCode, Is.Zero, () => repeated.Output);
        Assert.That(repeated.Received.Count(), Is.EqualTo(3));
        Assert.That(repeated.Received.Distinct().Count(), Is.EqualTo(1));
        Assert.That(behind.ExitCode, Is.Zero, () => behind.Output);
        Assert.That(await pushes, Is.EqualTo(2));
        Assert.That(_callIds.Distinct().Count(), Is.EqualTo(2));
    }

    [TestCase("message_uas", true, PushOutcome.Delivered, 200)]
    [TestCase("message_uas", false, PushOutcome.Delivered, 200)]
    [TestCase("message_uas_third", false, PushOutcome.Delivered, 200, Description = "two requests lost")]
    [TestCase("message_uas_late", false, PushOutcome.Delivered, 200)]
    [TestCase("message_uas_twice", false, PushOutcome.Delivered, 200)]
    [TestCase("message_uas_202", false, PushOutcome.Stored, 202)]
    [TestCase("message_uas_480", false, PushOutcome.Refused, 480)]
    public async Task Sipp_receives_what_the_sender_sends(string scenario, bool tcp, PushOutcome outcome, int status)
    {
        await using var uas = await Sipp.StartAsync(scenario, new SippOptions
        {
            Tcp = tcp,
            Retransmissions = scenario != "message_uas_third",
            Keys = new Dictionary<string, string> { ["retry_after"] = "30" },
        });
        await using var pair = await AgentPair.StartAsync(null, null, FreePort.Next());
        using var limit = new CancellationTokenSource(Limit, TimeProvider.System);
        var target = SipUri.Parse($"sip:bob@127.0.0.1:{uas.Port};transport={(tcp ? "tcp" : "udp")}");

        var result = await pair.Sender.SendAsync(AgentPair.Bob, PushContent.FromText("The kettle is on."), new PushOptions { Target = target }, limit.Token);
        var received = await uas.WaitAsync();

        Assert.That((result.Outcome, result.StatusCode), Is.EqualTo((outcome, status)), result.ToString());
        Assert.That(received.ExitCode, Is.Zero, () => received.Output);
        if (outcome == PushOutcome.Refused)
        {
            Assert.That(result.RetryAfter, Is.EqualTo(TimeSpan.FromSeconds(30)));
        }
    }

    private async Task<int> CountAsync(AgentPair pair, int count, CancellationToken cancellationToken)
    {
        var received = 0;
        await foreach (var push in pair.Receiver.ReceiveAllAsync(cancellationToken))
        {
            await using (push)
            {
                _callIds.Add(push.Request.CallId.ToString());
                if (++received == count)
                {
                    break;
                }
            }
        }

        return received;
    }
}
