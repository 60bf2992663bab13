using SipPush.Msrp;
using SipPush.Tests.Support;

namespace SipPush.Tests.Interop;

/// <summary>Sessions between the agents with Kamailio between them, which stays on the way of each SIP request, while MSRP goes from one to the other. What is on the wire is read by others.</summary>
[TestFixture, Category("Interop"), Parallelizable]
public sealed class KamailioSessionTests
{
    private static readonly int[] Sizes = [0, 1, 1_300, 2_048, 2_049, 64 * 1024];

    private readonly TestAuthority _authority = TestAuthority.CreateRoot();

    [TestCase("tcp", "udp")]
    [TestCase("udp", "tcp")]
    [TestCase("tcp", "tls")]
    [TestCase("udp", "tls")]
    [Description("PUSH-23, PUSH-25")]
    public async Task Contents_of_any_size_go_through_a_session(string senderBy, string receiverBy)
    {
        await using var core = await StartAsync(withTls: receiverBy == "tls");
        await using var alice = await SessionParty.SenderAsync(core, senderBy);
        await using var bob = await SessionParty.ReceiverAsync(core, receiverBy, roots: _authority);
        await using var sip = await Capture.StartAsync(core.Gm.Port, alice.Port, bob.Port);
        await using var msrp = await Capture.StartAsync(bob.MediaPort, alice.MediaPort);

        var taking = bob.TakeAsync(Sizes.Length);
        await using (var session = await alice.Sender!.OpenSessionAsync(AgentPair.Bob, new PushOptions { Envelope = false, SuccessReport = true }, alice.Token))
        {
            foreach (var size in Sizes)
            {
                var report = await session.SendAsync(
                    PushContent.FromBytes(SessionParty.Octets(size), "application/octet-stream"), new PushOptions { Envelope = false, SuccessReport = true, MessageId = $"size{size}" }, alice.Token);
                Assert.That((report.Outcome, report.StatusCode, report.Bytes), Is.EqualTo((MsrpSendOutcome.Reported, 200, (long)size)));
            }

            await session.EndAsync(alice.Token);
        }

        var sent = Sizes.ToDictionary(size => $"size{size}", size => ((long)size, SessionParty.HashOf(SessionParty.Octets(size))));
        Assert.That(await taking, Is.EquivalentTo(sent));
        await alice.UntilQuietAsync();
        await bob.UntilQuietAsync();

        // MSRP, framed by another reader: whole, without a fault, and from the one to the other without anybody between them.
        var streams = (await msrp.ReadStreamsAsync()).Where(stream => stream.Octets.Length > 0).ToList();
        Assert.That(streams, Has.Count.EqualTo(2));
        var frames = streams.Select(stream => (stream.DestinationPort, Frames: CapturedMsrp.Frames(stream.Octets))).ToList();
        Assert.That(frames.SelectMany(stream => stream.Frames).SelectMany(frame => frame.Faults), Is.Empty);
        var toBob = frames.Single(stream => stream.DestinationPort == bob.MediaPort).Frames;
        Assert.That(
            CapturedMsrp.Messages(toBob).Select(message => KeyValuePair.Create(message.Key, ((long)message.Value.Length, SessionParty.HashOf(message.Value)))), Is.EquivalentTo(sent));
        var reports = frames.SelectMany(stream => stream.Frames).Where(frame => frame.IsReport).Select(frame => (frame["Message-ID"], frame["Status"]));
        Assert.That(reports, Is.EqualTo(Sizes.Select(size => ($"size{size}", "000 200 OK"))));

        await CheckSipAsync(core, alice, bob, sip, isClear: receiverBy != "tls");
    }

    [TestCase(true, true, "actpass", "passive")]
    [TestCase(true, false, "actpass", "active")]
    [TestCase(false, true, "active", "passive")]
    [Description("PUSH-23, RFC 6135 §4.2.2")]
    public async Task Whoever_can_be_connected_to_is(bool senderIsReachable, bool receiverIsReachable, string offered, string answered)
    {
        await using var core = await StartAsync();
        await using var alice = await SessionParty.SenderAsync(core, "tcp", senderIsReachable);
        await using var bob = await SessionParty.ReceiverAsync(core, "udp", receiverIsReachable);
        var taking = bob.TakeAsync(1);

        var result = await alice.Sender!.PushAsync(AgentPair.Bob, PushContent.FromBytes(SessionParty.Octets(5_000), "image/png"), new PushOptions { SuccessReport = true, MessageId = "push" }, alice.Token);

        Assert.That((result.Outcome, result.Mode), Is.EqualTo((PushOutcome.Delivered, PushMode.Session)), result.ToString());
        Assert.That(await taking, Is.EquivalentTo(new[] { KeyValuePair.Create("push", (5_000L, SessionParty.HashOf(SessionParty.Octets(5_000)))) }));
        Assert.That((alice.Line("INVITE", "a=setup:"), alice.Line("SIP/2.0 200", "a=setup:")), Is.EqualTo((offered, answered)));
        await alice.UntilQuietAsync();
        await bob.UntilQuietAsync();
    }

    [TestCase("udp")]
    [TestCase("tcp")]
    [Description("PUSH-23, PUSH-25, flow B.3")]
    public async Task An_application_server_opens_a_session_with_whom_it_has_been_told_of(string receiverBy)
    {
        var psaPort = FreePort.Next();
        await using var core = await KamailioCore.StartAsync(new KamailioOptions { Authentication = true, PsaAddress = $"127.0.0.1:{psaPort}", ThirdPartyRegisterBody = true });
        await using var pair = await AgentPair.StartAsync(core.Gm, core.Isc, psaPort, receiverBy, password: "secret");
        await using var capture = await Capture.StartAsync(core.Gm.Port, core.Isc.Port, psaPort, pair.ReceiverStack.Local[0].Address.Port);
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(20), TimeProvider.System);
        await using var registration = await pair.Receiver.RegisterAsync(cancellationToken: limit.Token);
        await pair.Sender.Registrations.WaitForAsync(AgentPair.Bob, "mms.ua", limit.Token);

        // This core tells of the REGISTER without its answer, and so not of the GRUU.
        var options = new PushOptions { Target = registration.Binding!.PublicGruu, SuccessReport = true };
        var pushing = pair.Sender.PushAsync(AgentPair.Bob, PushContent.FromBytes(SessionParty.Octets(4_385), "image/png"), options, limit.Token).AsTask();
        await foreach (var push in pair.Receiver.ReceiveAllAsync(limit.Token))
        {
            await using (push)
            {
                using var content = new MemoryStream();
                await push.Content.CopyToAsync(content, limit.Token);
                Assert.That(content.ToArray(), Is.EqualTo(SessionParty.Octets(4_385)));
                Assert.That((push.From, push.FromIsAsserted, push.To.IsSameGruu(options.Target!)), Is.EqualTo((AgentPair.Psa, true, true)));
                await push.CompleteAsync(limit.Token);
            }

            break;
        }

        Assert.That((await pushing).Outcome, Is.EqualTo(PushOutcome.Delivered));
        Assert.That(await Poll.UntilAsync(() => pair.SenderStack.Sessions.Count + pair.ReceiverStack.Sessions.Count == 0, TimeSpan.FromSeconds(20)), Is.True);
        var seen = await capture.ReadAsync();
        Assert.That(seen.Where(message => message.Malformed || message.Warnings.Count > 0), Is.Empty);
        Assert.That(core.Log.Where(line => line.Contains("ERROR", StringComparison.Ordinal) || line.Contains("WARNING", StringComparison.Ordinal)), Is.Empty);
        var invite = seen.First(message => message.Method == "INVITE" && message.DestinationPort == core.Isc.Port);
        Assert.That(invite.RequestUri, Is.EqualTo(options.Target!.ToString()));
        Assert.That(invite.HeaderFields, Has.Some.EqualTo("P-Asserted-Identity: <sip:psa@ims.example>").And.Some.EqualTo("To: <sip:bob@ims.example>"));
    }

    [Test]
    public async Task Two_ends_that_only_connect_have_no_session()
    {
        await using var core = await StartAsync();
        await using var alice = await SessionParty.SenderAsync(core, "tcp", isReachable: false);
        await using var bob = await SessionParty.ReceiverAsync(core, "udp", isReachable: false);

        var result = await alice.Sender!.PushAsync(AgentPair.Bob, PushContent.FromText("?"), new PushOptions { SuccessReport = true }, alice.Token);

        Assert.That((result.Outcome, result.StatusCode), Is.EqualTo((PushOutcome.Refused, 488)), result.ToString());
        await alice.UntilQuietAsync();
        await bob.UntilQuietAsync();
    }

    [Test]
    public async Task A_hundred_megabytes_come_as_they_went()
    {
        const int Length = 100_000_000;
        await using var core = await StartAsync();
        await using var alice = await SessionParty.SenderAsync(core, "tcp");
        await using var bob = await SessionParty.ReceiverAsync(core, "udp");
        var octets = SessionParty.Octets(Length);
        var taking = bob.TakeAsync(1);

        var result = await alice.Sender!.PushAsync(AgentPair.Bob, PushContent.FromBytes(octets, "video/mp4"), new PushOptions { SuccessReport = true, MessageId = "film" }, alice.Token);

        Assert.That(result.Outcome, Is.EqualTo(PushOutcome.Delivered), result.ToString());
        Assert.That(await taking, Is.EquivalentTo(new[] { KeyValuePair.Create("film", ((long)Length, SessionParty.HashOf(octets))) }));
        await alice.UntilQuietAsync();
        await bob.UntilQuietAsync();
    }

    [Test]
    public async Task Three_sessions_share_a_port()
    {
        const int Sessions = 3;
        await using var core = await StartAsync();
        await using var alice = await SessionParty.SenderAsync(core, "tcp");
        await using var bob = await SessionParty.ReceiverAsync(core, "udp");
        await using var msrp = await Capture.StartAsync(bob.MediaPort);
        var taking = bob.TakeAsync(Sessions);
        var options = new PushOptions { Envelope = false, SuccessReport = true };

        // All of them are open before the first has sent anything.
        var sessions = await Task.WhenAll(Enumerable.Range(0, Sessions).Select(_ => alice.Sender!.OpenSessionAsync(AgentPair.Bob, options, alice.Token).AsTask()));
        Assert.That((alice.Media.Counts.Sessions, bob.Media.Counts.Sessions), Is.EqualTo((Sessions, Sessions)));
        await Task.WhenAll(sessions.Select(async (session, number) =>
        {
            var report = await session.SendAsync(PushContent.FromBytes(SessionParty.Octets(300_000 + number), "image/png"), options with { MessageId = $"push{number}" }, alice.Token);
            Assert.That(report.Outcome, Is.EqualTo(MsrpSendOutcome.Reported));
            await session.EndAsync(alice.Token);
        }));

        var sent = Enumerable.Range(0, Sessions).ToDictionary(number => $"push{number}", number => (300_000L + number, SessionParty.HashOf(SessionParty.Octets(300_000 + number))));
        Assert.That(await taking, Is.EquivalentTo(sent));
        await alice.UntilQuietAsync();
        await bob.UntilQuietAsync();

        var frames = (await msrp.ReadStreamsAsync()).SelectMany(stream => CapturedMsrp.Frames(stream.Octets)).ToList();
        Assert.That(frames.SelectMany(frame => frame.Faults), Is.Empty);
        Assert.That(frames.Where(frame => frame.IsSend).Select(frame => frame["To-Path"]).Distinct().Count(), Is.EqualTo(Sessions));
        Assert.That(CapturedMsrp.Messages(frames).Select(message => KeyValuePair.Create(message.Key, ((long)message.Value.Length, SessionParty.HashOf(message.Value)))), Is.EquivalentTo(sent));
    }

    // The core stays on the way, the Contacts are GRUUs, and nobody finds anything wrong.
    private static async Task CheckSipAsync(KamailioCore core, SessionParty alice, SessionParty bob, Capture capture, bool isClear)
    {
        // TLS begins with a warning of its own.
        Assert.That(core.Log.Where(line => line.Contains("ERROR", StringComparison.Ordinal) || (isClear && line.Contains("WARNING", StringComparison.Ordinal))), Is.Empty);
        var invite = bob.Tap.Heard.First(message => message.StartsWith("INVITE ", StringComparison.Ordinal));
        Assert.That(invite, Does.Contain("\r\nRecord-Route: ").And.Contain("\r\nContact: <sip:alice@ims.example;gr=urn:uuid:"));
        Assert.That(alice.Tap.Heard.First(message => message.StartsWith("SIP/2.0 200", StringComparison.Ordinal) && message.Contains(" INVITE\r\n", StringComparison.Ordinal)),
            Does.Contain("\r\nRecord-Route: ").And.Contain("\r\nContact: <sip:bob@ims.example;gr=urn:uuid:"));
        Assert.That(alice.Tap.Said.Where(message => message.Split(' ')[0] is "ACK" or "BYE"), Is.All.StartsWith("ACK sip:bob@ims.example;gr=").Or.StartsWith("BYE sip:bob@ims.example;gr="));

        var seen = await capture.ReadAsync();
        Assert.That(seen.Where(message => message.Malformed || message.Warnings.Count > 0), Is.Empty);
        if (isClear)
        {
            string[] methods = ["INVITE", "ACK", "BYE"];
            Assert.That(seen.Where(message => message.DestinationPort == bob.Port && methods.Contains(message.Method)).Select(message => message.Method), Is.EqualTo(methods));
        }
    }

    private Task<KamailioCore> StartAsync(bool withTls = false) => KamailioCore.StartAsync(new KamailioOptions
    {
        Authentication = true,
        Certificate = withTls ? _authority.Issue("dns:ims.example", "dns:localhost") : null,
    });
}
