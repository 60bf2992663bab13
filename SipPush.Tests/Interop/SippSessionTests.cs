using SipPush.Msrp;
using SipPush.Sip;

namespace SipPush.Tests.Interop;

/// <summary>Sessions whose SIP is sipp's at the far end, in both directions, and whose MSRP is that of <see cref="SippMedia"/>.</summary>
[TestFixture, Category("Interop"), Parallelizable(ParallelScope.All)]
public sealed class SippSessionTests
{
    private const int Length = 70_000;

    private static readonly byte[] Content = SessionParty.Octets(Length);

    [TestCase("passive", false, false)]
    [TestCase("active", true, true)]
    [TestCase("active", false, false, Description = "D74: it says that it connects, and waits to be connected to")]
    [Description("PUSH-23, PUSH-25")]
    public async Task Sipp_takes_a_session(string setup, bool tcp, bool connects)
    {
        await using var far = new SippMedia();
        await using var sipp = await Sipp.StartAsync("session_uas", far.OptionsFor(setup, tcp));
        await using var alice = await SessionParty.SenderAsync(
            null, tcp ? "tcp" : "udp", change: media => media with { ConnectAfter = connects ? TimeSpan.FromMinutes(1) : TimeSpan.FromMilliseconds(100) });
        await using var msrp = await Capture.StartAsync(far.Port, alice.MediaPort);
        var options = new PushOptions
        {
            Target = SipUri.Parse($"sip:bob@127.0.0.1:{sipp.Port};transport={(tcp ? "tcp" : "udp")}"),
            Envelope = false,
            SuccessReport = true,
            MessageId = "push",
        };

        await using (var session = await far.OpenAsync(alice, options, isActive: connects))
        {
            var sending = session.SendAsync(PushContent.FromBytes(Content, "image/png"), options, alice.Token).AsTask();
            Assert.That(await ReadAsync(far, alice.Token), Is.EqualTo(("push", "image/png", SessionParty.HashOf(Content))));
            Assert.That((await sending).Outcome, Is.EqualTo(MsrpSendOutcome.Reported));
            await session.EndAsync(alice.Token);
        }

        var run = await sipp.WaitAsync();
        Assert.That(run.ExitCode, Is.Zero, () => $"{run.Output}\n{string.Join("\n", run.Messages)}");
        Assert.That(run.Received.Distinct().Select(message => message.Split(' ')[0]), Is.EqualTo(["INVITE", "ACK", "BYE"]));
        await alice.UntilQuietAsync();
        await CheckAsync(msrp);
    }

    [TestCase("actpass", "passive", false)]
    [TestCase("active", "passive", true)]
    [TestCase("passive", "active", false)]
    public async Task Sipp_opens_a_session_that_ends_with_its_media(string offered, string answered, bool tcp)
    {
        await using var far = new SippMedia();
        await using var bob = await SessionParty.ReceiverAsync(null, tcp ? "tcp" : "udp");
        await using var msrp = await Capture.StartAsync(far.Port, bob.MediaPort);
        await using var sipp = await Sipp.StartAsync("session_uac", far.OptionsFor(offered, tcp) with { Target = $"127.0.0.1:{bob.Port}" });
        await bob.UntilAsync("SIP/2.0 200");
        Assert.That(bob.Line("SIP/2.0 200", "a=setup:"), Is.EqualTo(answered));
        var taking = bob.TakeAsync(1);

        await far.StartAsync(bob.Line("SIP/2.0 200", "a=path:"), isActive: answered == "passive", bob.Token);
        var result = await far.Session.SendAsync(OutgoingMsrpMessage.FromMemory("image/png", Content) with { MessageId = "push", SuccessReport = true }, bob.Token);

        Assert.That(result.Outcome, Is.EqualTo(MsrpSendOutcome.Reported));
        Assert.That(await taking, Is.EquivalentTo(new[] { KeyValuePair.Create("push", ((long)Length, SessionParty.HashOf(Content))) }));

        // The connection ends, and with it the dialog.
        await far.Session.CloseAsync(bob.Token);
        var run = await sipp.WaitAsync();
        Assert.That(run.ExitCode, Is.Zero, () => $"{run.Output}\n{string.Join("\n", run.Messages)}");
        await bob.UntilQuietAsync();
        await CheckAsync(msrp);
    }

    private static async Task<(string MessageId, string ContentType, string Hash)> ReadAsync(SippMedia far, CancellationToken cancellationToken)
    {
        await using var message = await far.TakeAsync(cancellationToken);
        using var body = new MemoryStream();
        await message.AsStream().CopyToAsync(body, cancellationToken);
        return (message.MessageId, message.ContentType, SessionParty.HashOf(body.ToArray()));
    }

    private static async Task CheckAsync(Capture msrp)
    {
        var frames = (await msrp.ReadStreamsAsync()).SelectMany(stream => CapturedMsrp.Frames(stream.Octets)).ToList();
        Assert.That(frames.SelectMany(frame => frame.Faults), Is.Empty);
        Assert.That(CapturedMsrp.Messages(frames).Select(message => (message.Key, SessionParty.HashOf(message.Value))), Is.EqualTo([("push", SessionParty.HashOf(Content))]));
    }
}
