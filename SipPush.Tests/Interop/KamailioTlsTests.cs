using System.Text;
using SipPush.Sip;
using SipPush.Tests.Support;

namespace SipPush.Tests.Interop;

/// <summary>Kamailio on TLS, with the OpenSSL that it brings: certificates are made for each test, and names are what they are verified by.</summary>
[TestFixture, Category("Interop"), Parallelizable(ParallelScope.All)]
public sealed class KamailioTlsTests
{
    private readonly TestAuthority _authority = TestAuthority.CreateRoot();

    [TestCase("tls")]
    [TestCase("udp")]
    [Description("SIP-48")]
    public async Task A_MESSAGE_goes_over_TLS_to_whom_has_registered_over_TLS_and_over_UDP(string receiver)
    {
        await using var core = await StartCoreAsync();
        await using var alice = await CallParty.RegisterAsync(core, "alice", "tls", _authority);
        await using var bob = await CallParty.RegisterAsync(core, "bob", receiver, _authority);
        var texts = new List<string>();
        bob.User.Handle(SipMethod.Message, async (transaction, token) =>
        {
            texts.Add(Encoding.UTF8.GetString(transaction.Request.Body.Span));
            await transaction.RespondAsync(200, cancellationToken: token);
        });

        using var request = alice.User.CreateRequest(SipMethod.Message, AgentPair.Bob);
        request.SetBody("text/plain", "The kettle is on."u8.ToArray());
        var result = await alice.User.SendAsync(request, alice.Token);

        Assert.That(result.StatusCode, Is.EqualTo(200), () => $"{result.Error}{result.Response}");
        Assert.That(texts, Is.EqualTo(["The kettle is on."]));
        var heard = bob.Tap.Heard.Distinct().Single(message => message.StartsWith("MESSAGE", StringComparison.Ordinal));
        Assert.That(heard, Does.Contain($"\r\nVia: SIP/2.0/{receiver.ToUpperInvariant()} ").And.Contain("\r\nVia: SIP/2.0/TLS "));

        // Digest over TLS: a 401, and the REGISTER again.
        var registers = alice.Tap.Said.Where(message => message.StartsWith("REGISTER sip:ims.example SIP/2.0\r\n", StringComparison.Ordinal)).ToList();
        Assert.That(registers.Select(message => message.Contains("\r\nAuthorization: Digest ", StringComparison.Ordinal)), Is.EqualTo([false, true]));
    }

    [TestCase("tls", "udp", true)]
    [TestCase("udp", "tls", false)]
    [TestCase("tls", "tls", false)]
    public async Task A_call_lives_over_TLS(string callerBy, string calleeBy, bool callerEnds)
    {
        await using var core = await StartCoreAsync();
        await using var alice = await CallParty.RegisterAsync(core, "alice", callerBy, _authority);
        await using var bob = await CallParty.RegisterAsync(core, "bob", calleeBy, _authority);

        await CallFlow.RunAsync(alice, bob, callerEnds);

        var routes = callerBy == calleeBy ? 1 : 2;
        string[] inDialog = ["ACK", "UPDATE", "BYE"];
        foreach (var (party, peer) in new[] { (alice, bob), (bob, alice) })
        {
            var said = party.Tap.Said.Where(message => inDialog.Contains(message[..message.IndexOf(' ', StringComparison.Ordinal)])).ToList();
            Assert.That(said, Is.Not.Empty);
            Assert.That(said.Select(message => message.Split(' ')[1]), Is.All.EqualTo(peer.Gruu.ToString()));
            Assert.That(said.Select(message => message.Split(";lr").Length - 1), Is.All.EqualTo(routes), () => said[0]);
        }
    }

    [TestCase("dns:ims.example.net", "its certificate is not for ims.example but for ims.example.net")]
    [TestCase("ip:127.0.0.1", "its certificate is not for ims.example")]
    [Description("RFC 5922 §7.2")]
    public async Task A_core_that_is_for_another_domain_gets_nothing(string name, string error)
    {
        await using var core = await StartCoreAsync(name);
        await using var stack = await SipStack.StartAsync(CallParty.TlsOptions(core, _authority));

        var result = await SendAsync(stack);

        Assert.That(result.Outcome, Is.EqualTo(SipTransactionOutcome.TransportFailed));
        Assert.That(result.Error?.Message, Does.Contain(error));
    }

    [Test]
    public async Task A_core_of_an_authority_that_nobody_trusts_gets_nothing()
    {
        await using var core = await StartCoreAsync();
        await using var stack = await SipStack.StartAsync(CallParty.TlsOptions(core, TestAuthority.CreateRoot("Somebody else")));

        var result = await SendAsync(stack);

        Assert.That(result.Outcome, Is.EqualTo(SipTransactionOutcome.TransportFailed));
        Assert.That(result.Error?.Message, Does.Contain("certificate"));
    }

    [TestCase(true)]
    [TestCase(false)]
    public async Task A_core_that_wants_a_certificate_of_its_clients_takes_no_other(bool shown)
    {
        await using var core = await StartCoreAsync(change: options => options with { ClientRoot = _authority.Certificate });
        var options = CallParty.TlsOptions(core, _authority);
        await using var stack = await SipStack.StartAsync(shown
            ? options with { Tls = options.Tls with { ClientCertificate = new SipCertificate(_authority.Issue("dns:alice.example")) } }
            : options);

        var result = await SendAsync(stack);

        Assert.That(result.Outcome, Is.EqualTo(shown ? SipTransactionOutcome.Answered : SipTransactionOutcome.TransportFailed), result.ToString());
        if (!shown)
        {
            Assert.That(await Poll.UntilAsync(() => core.Log.Any(line => line.Contains("peer did not return a certificate", StringComparison.Ordinal)), TimeSpan.FromSeconds(20)), Is.True, () => $"{result}\n{string.Join('\n', core.Log)}");
        }
    }

    private static async Task<SipTransactionResult> SendAsync(SipStack stack)
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(20), TimeProvider.System);
        var user = stack.CreateUserAgent(new SipUserAgentOptions { AddressOfRecord = SipUri.Parse("sip:alice@ims.example") });
        using var request = user.CreateRequest(SipMethod.Options, SipUri.Parse("sip:ims.example"));
        return await user.SendAsync(request, limit.Token);
    }

    private Task<KamailioCore> StartCoreAsync(string? name = null, Func<KamailioOptions, KamailioOptions>? change = null)
    {
        var options = new KamailioOptions
        {
            Authentication = true,
            Certificate = name is null ? _authority.Issue("dns:ims.example", "dns:localhost") : _authority.Issue(name),
        };
        return KamailioCore.StartAsync(change is null ? options : change(options));
    }
}
