using SipPush.Sip;

namespace SipPush.Tests.Interop;

/// <summary>The flows B.1 and B.2 with this library at both ends and Kamailio as the SIP/IP core between them.</summary>
[TestFixture, Category("Interop"), Parallelizable]
public sealed class KamailioFlowTests
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(30);

    [TestCase("udp", "MD5", "udp")]
    [TestCase("tcp", "MD5", "tcp")]
    [TestCase("udp", "SHA-256", "tcp")]
    [TestCase("tcp", "SHA-256", "udp")]
    public async Task A_push_reaches_a_registered_receiver_and_the_sender_sees_it_come_and_go(string transport, string algorithm, string psaTransport)
    {
        var psaPort = FreePort.Next();
        await using var core = await KamailioCore.StartAsync(new KamailioOptions
        {
            Authentication = true,
            Algorithm = algorithm,
            PsaAddress = $"127.0.0.1:{psaPort}",
            PsaTransport = psaTransport,
            ThirdPartyRegisterBody = true,
        });
        await using var pair = await AgentPair.StartAsync(core.Gm, core.Isc, psaPort, transport, password: "secret");
        await using var capture = await Capture.StartAsync(core.Gm.Port, core.Isc.Port, psaPort, pair.ReceiverStack.Local[0].Address.Port);
        using var limit = new CancellationTokenSource(Limit, TimeProvider.System);
        var changes = CollectAsync(pair, until: RegistrationChangeKind.Unregistered, limit.Token);

        // B.1: REGISTER with digest, GRUU in the answer, third-party REGISTER to the sender (PUSH-01…05).
        var registration = await pair.Receiver.RegisterAsync(new RegistrationOptions { Expires = TimeSpan.FromSeconds(600) }, limit.Token);
        var gruu = registration.Binding!.PublicGruu;
        Assert.That(gruu?.ToString(), Does.StartWith("sip:bob@ims.example;gr="));
        var registered = await pair.Sender.Registrations.WaitForAsync(AgentPair.Bob, "mms.ua", limit.Token);
        Assert.That(registered.Applications.Select(application => application.ResourceIdentifier), Is.EqualTo(["mms.ua"]));

        // B.2: once to the address, once to the GRUU (PUSH-10, PUSH-11).
        foreach (var target in new[] { null, gruu })
        {
            var receiving = ReceiveAsync(pair, limit.Token);
            var result = await pair.Sender.SendAsync(AgentPair.Bob, PushContent.FromText("The kettle is on."), new PushOptions { Target = target }, limit.Token);
            Assert.That(result.Outcome, Is.EqualTo(PushOutcome.Delivered), result.ToString());

            var (push, text) = await receiving;
            Assert.That(text, Is.EqualTo("The kettle is on."));
            Assert.That(push.From.ToString(), Is.EqualTo("sip:psa@ims.example"));
            Assert.That(push.To.IsSameGruu(target ?? AgentPair.Bob), Is.True, push.To.ToString());
        }

        // De-registration (PUSH-04).
        await registration.DisposeAsync();
        Assert.That(await changes, Does.Contain(RegistrationChangeKind.Registered).And.Contain(RegistrationChangeKind.Unregistered));

        // What a bystander saw: nothing malformed, and what the flow needs.
        var seen = await capture.ReadAsync();
        Assert.That(seen.Where(message => message.Malformed || message.Warnings.Count > 0), Is.Empty);
        Assert.That(core.Log.Where(line => line.Contains("malformed", StringComparison.OrdinalIgnoreCase) || line.Contains("ERROR", StringComparison.Ordinal)), Is.Empty);
        var toCore = seen.First(message => message.Method == "MESSAGE" && message.DestinationPort == core.Isc.Port);
        Assert.That(toCore.HeaderFields, Has.Some.StartsWith("Accept-Contact: *;+g.3gpp.icsi-ref=\"urn%3Aurn-7%3A3gpp-service.ims.icsi.omapush\";+g.oma.pusheventapp=\"mms.ua\";require;explicit"));
        Assert.That(toCore.HeaderFields, Has.Some.EqualTo("P-Asserted-Identity: <sip:psa@ims.example>"));
        Assert.That(toCore.HeaderFields, Has.None.StartsWith("Contact:"));
        var toReceiver = seen.First(message => message.Method == "MESSAGE" && message.DestinationPort == pair.ReceiverStack.Local[0].Address.Port);
        Assert.That(toReceiver.HeaderFields, Has.Some.StartsWith("P-Called-Party-ID: <sip:bob@ims.example"));
    }

    [Test]
    public async Task A_receiver_without_the_application_is_not_found()
    {
        var psaPort = FreePort.Next();
        await using var core = await KamailioCore.StartAsync(new KamailioOptions { PsaAddress = $"127.0.0.1:{psaPort}" });
        await using var pair = await AgentPair.StartAsync(core.Gm, core.Isc, psaPort);
        using var limit = new CancellationTokenSource(Limit, TimeProvider.System);
        await using var registration = await pair.Receiver.RegisterAsync(new RegistrationOptions(), limit.Token);

        // PUSH-13: require and explicit leave no contact for another application.
        var result = await pair.Sender.SendAsync(AgentPair.Bob, PushContent.FromText("?"), new PushOptions { Application = "ulp.ua" }, limit.Token);

        Assert.That((result.Outcome, result.StatusCode), Is.EqualTo((PushOutcome.Refused, 480)));
    }

    [TestCase("sip:carol@ims.example", 480)]
    [TestCase("sip:nobody@ims.example", 404)]
    public async Task A_user_who_is_not_registered_gets_no_push(string user, int status)
    {
        var psaPort = FreePort.Next();
        await using var core = await KamailioCore.StartAsync(new KamailioOptions { PsaAddress = $"127.0.0.1:{psaPort}" });
        await using var pair = await AgentPair.StartAsync(core.Gm, core.Isc, psaPort);
        using var limit = new CancellationTokenSource(Limit, TimeProvider.System);

        var result = await pair.Sender.SendAsync(SipUri.Parse(user), PushContent.FromText("?"), limit.Token);

        Assert.That((result.Outcome, result.StatusCode), Is.EqualTo((PushOutcome.Refused, status)));
    }

    [Test]
    public async Task A_stored_push_is_told_apart_from_a_delivered_one()
    {
        var psaPort = FreePort.Next();
        await using var core = await KamailioCore.StartAsync(new KamailioOptions { PsaAddress = $"127.0.0.1:{psaPort}", Offline202 = true });
        await using var pair = await AgentPair.StartAsync(core.Gm, core.Isc, psaPort);
        using var limit = new CancellationTokenSource(Limit, TimeProvider.System);

        // SIP-88
        var result = await pair.Sender.SendAsync(AgentPair.Bob, PushContent.FromText("later"), limit.Token);

        Assert.That((result.Outcome, result.StatusCode, result.Stored), Is.EqualTo((PushOutcome.Stored, 202, true)));
    }

    [Test]
    public async Task A_lifetime_that_the_core_finds_too_short_is_raised()
    {
        await using var core = await KamailioCore.StartAsync(new KamailioOptions { MinExpires = 300, Ims200 = true });
        await using var pair = await AgentPair.StartAsync(core.Gm, core.Isc, FreePort.Next());
        using var limit = new CancellationTokenSource(Limit, TimeProvider.System);

        // SIP-55, SIP-59
        await using var registration = await pair.Receiver.RegisterAsync(new RegistrationOptions { Expires = TimeSpan.FromSeconds(30) }, limit.Token);

        Assert.That(registration.Binding!.Lifetime, Is.InRange(TimeSpan.FromSeconds(299), TimeSpan.FromSeconds(300)));
        Assert.That(registration.Binding.ServiceRoute.Select(uri => uri.ToString()), Is.EqualTo([$"sip:127.0.0.1:{core.Gm.Port};lr"]));
    }

    private static async Task<(IncomingPush Push, string Text)> ReceiveAsync(AgentPair pair, CancellationToken cancellationToken)
    {
        await foreach (var push in pair.Receiver.ReceiveAllAsync(cancellationToken))
        {
            await using (push)
            {
                using var reader = new StreamReader(push.Content);
                var text = await reader.ReadToEndAsync(cancellationToken);
                await push.CompleteAsync(cancellationToken);
                return (push, text);
            }
        }

        throw new InvalidOperationException("The receiver has ended");
    }

    private static async Task<List<RegistrationChangeKind>> CollectAsync(AgentPair pair, RegistrationChangeKind until, CancellationToken cancellationToken)
    {
        var kinds = new List<RegistrationChangeKind>();
        await foreach (var change in pair.Sender.Registrations.WatchAsync(cancellationToken))
        {
            kinds.Add(change.Kind);
            if (change.Kind == until)
            {
                break;
            }
        }

        return kinds;
    }
}
