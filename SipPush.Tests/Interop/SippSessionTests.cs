using System.Globalization;
using System.Net;
using SipPush.Msrp;
using SipPush.Sip;

namespace SipPush.Tests.Interop;

/// <summary>Sessions whose SIP is sipp's at the far end, in both directions; the MSRP of the far end is an endpoint that has no part in the SIP.</summary>
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
        await using var far = Listen();
        await using var messages = far.CreateSession();
        await using var sipp = await Sipp.StartAsync("session_uas", Options(messages, setup, tcp));
        await using var alice = await SessionParty.SenderAsync(null, tcp ? "tcp" : "udp", change: media => connects ? media : media with { ConnectAfter = TimeSpan.FromMilliseconds(100) });
        await using var msrp = await Capture.StartAsync(far.LocalEndPoint!.Port, alice.Media.LocalEndPoint!.Port);
        var options = new PushOptions
        {
            Target = SipUri.Parse($"sip:bob@127.0.0.1:{sipp.Port};transport={(tcp ? "tcp" : "udp")}"),
            Envelope = false,
            SuccessReport = true,
            MessageId = "push",
        };

        var opening = alice.Sender!.OpenSessionAsync(AgentPair.Bob, options, alice.Token).AsTask();
        Assert.That(await Poll.UntilAsync(() => alice.Tap.Said.Any(), TimeSpan.FromSeconds(10)), Is.True);
        var starting = StartAsync(messages, alice.Sdp("INVITE", "a=path:"), isActive: connects, alice.Token);
        await using (var session = await opening)
        {
            await starting;
            var sending = session.SendAsync(PushContent.FromBytes(Content, "image/png"), options, alice.Token).AsTask();
            Assert.That(await ReadAsync(messages, alice.Token), Is.EqualTo(("push", "image/png", SessionParty.HashOf(Content))));
            Assert.That((await sending).Outcome, Is.EqualTo(MsrpSendOutcome.Reported));
            await session.EndAsync(alice.Token);
        }

        var run = await sipp.WaitAsync();
        Assert.That(run.ExitCode, Is.Zero, () => $"{run.Output}\n{string.Join("\n", run.Messages)}");
        Assert.That(run.Received.Select(message => message.Split(' ')[0]), Is.EqualTo(["INVITE", "ACK", "BYE"]));
        await alice.UntilQuietAsync();
        await CheckAsync(msrp);
    }

    [TestCase("actpass", "passive", false)]
    [TestCase("active", "passive", true)]
    [TestCase("passive", "active", false)]
    public async Task Sipp_opens_a_session_that_ends_with_its_media(string offered, string answered, bool tcp)
    {
        await using var far = Listen();
        await using var messages = far.CreateSession();
        await using var bob = await SessionParty.ReceiverAsync(null, tcp ? "tcp" : "udp");
        await using var msrp = await Capture.StartAsync(far.LocalEndPoint!.Port, bob.Media.LocalEndPoint!.Port);
        await using var sipp = await Sipp.StartAsync("session_uac", Options(messages, offered, tcp) with { Target = $"127.0.0.1:{bob.Port}" });
        Assert.That(
            await Poll.UntilAsync(() => bob.Tap.Said.Any(message => message.StartsWith("SIP/2.0 200", StringComparison.Ordinal)), TimeSpan.FromSeconds(10)),
            Is.True,
            () => string.Join("\n", bob.Tap.Messages));
        Assert.That(bob.Sdp("SIP/2.0 200", "a=setup:"), Is.EqualTo(answered));
        var taking = bob.TakeAsync(1);

        await StartAsync(messages, bob.Sdp("SIP/2.0 200", "a=path:"), isActive: answered == "passive", bob.Token);
        var result = await messages.SendAsync(OutgoingMsrpMessage.FromMemory("image/png", Content) with { MessageId = "push", SuccessReport = true }, bob.Token);

        Assert.That(result.Outcome, Is.EqualTo(MsrpSendOutcome.Reported));
        Assert.That(await taking, Is.EquivalentTo(new[] { KeyValuePair.Create("push", ((long)Length, SessionParty.HashOf(Content))) }));

        // The connection ends, and with it the dialog.
        await messages.CloseAsync(bob.Token);
        var run = await sipp.WaitAsync();
        Assert.That(run.ExitCode, Is.Zero, () => $"{run.Output}\n{string.Join("\n", run.Messages)}");
        await bob.UntilQuietAsync();
        await CheckAsync(msrp);
    }

    private static MsrpEndpoint Listen() => MsrpEndpoint.Start(new MsrpEndpointOptions { Listen = new IPEndPoint(IPAddress.Loopback, FreePort.Next()) });

    private static SippOptions Options(MsrpSession messages, string setup, bool tcp) => new()
    {
        Tcp = tcp,
        Keys = new Dictionary<string, string>
        {
            ["path"] = messages.LocalUri.ToString(),
            ["msrp_port"] = messages.LocalUri.Port!.Value.ToString(CultureInfo.InvariantCulture),
            ["setup"] = setup,
        },
    };

    private static Task StartAsync(MsrpSession messages, string path, bool isActive, CancellationToken cancellationToken) =>
        messages.StartAsync(new MsrpRemote { Path = MsrpPath.Parse(path), Role = isActive ? MsrpRole.Active : MsrpRole.Passive }, cancellationToken).AsTask();

    private static async Task<(string MessageId, string ContentType, string Hash)> ReadAsync(MsrpSession messages, CancellationToken cancellationToken)
    {
        await foreach (var message in messages.ReceiveAllAsync(cancellationToken))
        {
            await using (message)
            {
                using var body = new MemoryStream();
                await message.AsStream().CopyToAsync(body, cancellationToken);
                return (message.MessageId, message.ContentType, SessionParty.HashOf(body.ToArray()));
            }
        }

        throw new InvalidOperationException("The session has ended");
    }

    private static async Task CheckAsync(Capture msrp)
    {
        var frames = (await msrp.ReadStreamsAsync()).SelectMany(stream => CapturedMsrp.Frames(stream.Octets)).ToList();
        Assert.That(frames.SelectMany(frame => frame.Faults), Is.Empty);
        Assert.That(CapturedMsrp.Messages(frames).Select(message => (message.Key, SessionParty.HashOf(message.Value))), Is.EqualTo([("push", SessionParty.HashOf(Content))]));
    }
}
