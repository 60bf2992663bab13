using System.IO.Pipelines;
using SipPush.Msrp;
using SipPush.Sip;

namespace SipPush.Tests.Interop;

/// <summary>What sipp does in the middle of a session: it offers the same again, says BYE while content is under way, gives up before the answer, and accepts late and twice.</summary>
[TestFixture, Category("Interop"), Parallelizable(ParallelScope.All)]
public sealed class SippSessionEventTests
{
    private const int Half = 30_000;

    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(30);
    private static readonly byte[] Content = SessionParty.Octets(2 * Half);

    [Test]
    [Description("PUSH-26")]
    public async Task The_called_offers_the_same_again_and_ends_the_session_while_content_comes()
    {
        await using var far = new SippMedia();
        await using var sipp = await Sipp.StartAsync("session_uas_ends", far.OptionsFor("passive"));
        await using var alice = await SessionParty.SenderAsync(null, "udp");
        var options = OptionsFor(sipp, "udp");
        await using var session = await far.OpenAsync(alice, options);

        // The offer changes nothing, not even for what is under way.
        var first = new Pipe();
        var sending = session.SendAsync(PushContent.FromStream(first.Reader.AsStream(), "image/png"), options, alice.Token).AsTask();
        await first.Writer.WriteAsync(Content.AsMemory(0, Half));
        await using (var message = await far.TakeAsync(alice.Token))
        {
            var received = new byte[Content.Length];
            var begun = await message.AsStream().ReadAsync(received, alice.Token);
            await alice.PromptAsync(sipp);
            await alice.UntilAsync("SIP/2.0 200", " INVITE\r\n");
            await first.Writer.WriteAsync(Content.AsMemory(Half));
            await first.Writer.CompleteAsync();
            await message.AsStream().ReadExactlyAsync(received.AsMemory(begun), alice.Token);
            Assert.That(received, Is.EqualTo(Content));
            Assert.That(await message.AsStream().ReadAsync(received, alice.Token), Is.Zero);
        }

        Assert.That((await sending).Outcome, Is.EqualTo(MsrpSendOutcome.Reported));

        // Nor does BYE leave anybody waiting.
        var second = new Pipe();
        sending = session.SendAsync(PushContent.FromStream(second.Reader.AsStream(), "image/png"), options, alice.Token).AsTask();
        await second.Writer.WriteAsync(Content.AsMemory(0, Half));
        await using (var message = await far.TakeAsync(alice.Token))
        {
            await alice.PromptAsync(sipp);
            Assert.That((await sending.WaitAsync(Limit)).Outcome, Is.EqualTo(MsrpSendOutcome.SessionEnded));
            Assert.That(async () => await message.Completion.WaitAsync(Limit), Throws.InstanceOf<MsrpException>());
        }

        Assert.That(await session.Completion.WaitAsync(Limit), Is.EqualTo(PushSessionEnd.EndedByPeer));
        Assert.That((await session.SendAsync(PushContent.FromBytes(Content, "image/png"), options, alice.Token)).Outcome, Is.EqualTo(MsrpSendOutcome.SessionEnded));
        await CheckAsync(sipp);
        await alice.UntilQuietAsync();
        Assert.That(Bodies(alice.Tap.Said), Has.Count.EqualTo(1), "its answer is its offer");
    }

    [Test]
    [Description("PUSH-26")]
    public async Task The_caller_offers_the_same_again_and_ends_the_session_while_content_comes()
    {
        await using var far = new SippMedia();
        await using var bob = await SessionParty.ReceiverAsync(null, "udp");
        await using var sipp = await Sipp.StartAsync("session_uac_ends", far.OptionsFor("actpass") with { Target = $"127.0.0.1:{bob.Port}" });
        await bob.UntilAsync("SIP/2.0 200");
        await far.StartAsync(bob.Line("SIP/2.0 200", "a=path:"), isActive: true, bob.Token);
        await using var pushes = bob.Receiver!.ReceiveAllAsync(bob.Token).GetAsyncEnumerator();

        var first = new Pipe();
        var sending = far.Session.SendAsync(OutgoingMsrpMessage.FromPipe("image/png", first.Reader) with { SuccessReport = true }, bob.Token).AsTask();
        await first.Writer.WriteAsync(Content.AsMemory(0, Half));
        Assert.That(await pushes.MoveNextAsync(), Is.True);
        await using (var push = pushes.Current)
        {
            var received = new byte[Content.Length];
            var begun = await push.Content.ReadAsync(received, bob.Token);
            await bob.PromptAsync(sipp);
            await bob.UntilAsync("SIP/2.0 200", "CSeq: 2 INVITE\r\n");
            await first.Writer.WriteAsync(Content.AsMemory(Half));
            await first.Writer.CompleteAsync();
            await push.Content.ReadExactlyAsync(received.AsMemory(begun), bob.Token);
            Assert.That(received, Is.EqualTo(Content));
            Assert.That(await push.Content.ReadAsync(received, bob.Token), Is.Zero);
            await push.CompleteAsync(bob.Token);
        }

        Assert.That((await sending).Outcome, Is.EqualTo(MsrpSendOutcome.Reported));

        var second = new Pipe();
        sending = far.Session.SendAsync(OutgoingMsrpMessage.FromPipe("image/png", second.Reader), bob.Token).AsTask();
        await second.Writer.WriteAsync(Content.AsMemory(0, Half));
        Assert.That(await pushes.MoveNextAsync(), Is.True);
        await using (var push = pushes.Current)
        {
            await bob.PromptAsync(sipp);
            Assert.That(async () => await push.Content.CopyToAsync(Stream.Null, bob.Token), Throws.InstanceOf<IOException>());
        }

        Assert.That((await sending.WaitAsync(Limit)).Outcome, Is.EqualTo(MsrpSendOutcome.ConnectionLost));
        await CheckAsync(sipp);
        await bob.UntilQuietAsync();
        Assert.That(Bodies(bob.Tap.Said), Has.Count.EqualTo(1), "both answers are the same");
    }

    [Test]
    [Description("RFC 3261 §9.2")]
    public async Task A_caller_that_gives_up_while_it_is_decided_on_leaves_nothing_behind()
    {
        var givenUp = new TaskCompletionSource();
        await using var far = new SippMedia();
        await using var bob = await SessionParty.ReceiverAsync(null, "udp", decide: async (_, token) =>
        {
            try
            {
                await Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System, token);
            }
            finally
            {
                givenUp.SetResult();
            }

            return PushDecision.Accept;
        });

        await using var sipp = await Sipp.StartAsync("session_uac_cancel", far.OptionsFor("actpass") with { Target = $"127.0.0.1:{bob.Port}" });

        await CheckAsync(sipp);
        await givenUp.Task.WaitAsync(Limit);
        await bob.UntilQuietAsync();
        Assert.That(Bodies(bob.Tap.Said), Is.Empty);
    }

    [Test]
    [Description("SIP-17, PUSH-25")]
    public async Task A_200_that_comes_late_and_twice_is_one_session()
    {
        await using var far = new SippMedia();
        await using var sipp = await Sipp.StartAsync("session_uas_late", far.OptionsFor("passive", tcp: true) with { Retransmissions = false });
        await using var alice = await SessionParty.SenderAsync(null, "tcp");
        var options = OptionsFor(sipp, "tcp");

        await using var session = await far.OpenAsync(alice, options, called: async () =>
        {
            await alice.UntilAsync("SIP/2.0 180", said: false);
            await alice.PromptAsync(sipp, tcp: true);
        });
        await alice.UntilAsync("ACK ", count: 2);
        var sending = session.SendAsync(PushContent.FromBytes(Content, "image/png"), options, alice.Token).AsTask();
        await using (var message = await far.TakeAsync(alice.Token))
        {
            var received = new byte[Content.Length];
            await message.AsStream().ReadExactlyAsync(received, alice.Token);
            Assert.That(received, Is.EqualTo(Content));
        }

        Assert.That((await sending).Outcome, Is.EqualTo(MsrpSendOutcome.Reported));
        Assert.That(far.Endpoint.Counts.Connections, Is.EqualTo(1));
        await session.EndAsync(alice.Token);
        await CheckAsync(sipp);
        await alice.UntilQuietAsync();
    }

    private static PushOptions OptionsFor(Sipp sipp, string transport) => new()
    {
        Target = SipUri.Parse($"sip:bob@127.0.0.1:{sipp.Port};transport={transport}"),
        Envelope = false,
        SuccessReport = true,
    };

    private static List<string> Bodies(IEnumerable<string> messages) =>
        [.. messages.Select(message => message[(message.IndexOf("\r\n\r\n", StringComparison.Ordinal) + 4)..]).Where(body => body.Length > 0).Distinct()];

    private static async Task CheckAsync(Sipp sipp)
    {
        var run = await sipp.WaitAsync();
        Assert.That(run.ExitCode, Is.Zero, () => $"{run.Output}\n{string.Join("\n", run.Messages)}");
    }
}
