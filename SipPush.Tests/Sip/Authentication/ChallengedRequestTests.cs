using SipPush.Sip;
using SipPush.Tests.Support;

namespace SipPush.Tests.Sip.Authentication;

/// <summary>What a user agent sends when it is challenged, on the wire.</summary>
public sealed class ChallengedRequestTests
{
    private readonly ManualTimeProvider _clock = new();
    private WirePeer _core = null!;
    private SipStack _stack = null!;
    private SipUserAgent _user = null!;

    [SetUp]
    public async Task Start()
    {
        var network = new MemoryNetwork(_clock);
        _core = await WirePeer.StartAsync(network, "udp:192.0.2.9:5060");
        _stack = await SipStack.StartAsync(new SipStackOptions
        {
            Transports = [new MemoryTransport(network, SipEndPoint.Parse("udp:192.0.2.4:5060"))],
            TimeProvider = _clock,
            Identifiers = new CountingIdentifiers(),
        });
        _user = _stack.CreateUserAgent(new SipUserAgentOptions
        {
            AddressOfRecord = SipUri.Parse("sip:bob@example.com"),
            OutboundProxies = [SipUri.Parse("sip:192.0.2.9;lr")],
            Credentials = [new SipCredential("bob", "zanzibar", "example.com")],
        });
    }

    [TearDown]
    public async Task Stop()
    {
        await _stack.DisposeAsync();
        await _core.DisposeAsync();
    }

    [Test, Description("SIP-75")]
    public async Task Endless_stale_nonces_come_to_an_end()
    {
        _core.Answer = request => WirePeer.ResponseTo(
            request, "401 Unauthorized", $"WWW-Authenticate: Digest realm=\"example.com\", nonce=\"n{_core.Messages.Count}\", stale=true");

        var result = await _user.SendAsync(_user.CreateRequest(SipMethod.Message, SipUri.Parse("sip:alice@example.com")));

        Assert.That(result.StatusCode, Is.EqualTo(401));
        Assert.That(_core.Messages, Has.Count.EqualTo(5));
        Assert.That(_core.Last, Does.Contain("nonce=\"n4\"").And.Contain("CSeq: 5 MESSAGE"));
    }

    [Test, Description("SIP-76")]
    public async Task A_proxy_and_the_far_end_are_answered_in_one_request()
    {
        _core.Answer = request => !request.Contains("Proxy-Authorization:", StringComparison.Ordinal)
            ? WirePeer.ResponseTo(request, "407 Proxy Authentication Required", "Proxy-Authenticate: Digest realm=\"example.com\", nonce=\"p\", qop=\"auth\"")
            : !request.Contains("\r\nAuthorization:", StringComparison.Ordinal)
                ? WirePeer.ResponseTo(request, "401 Unauthorized", "WWW-Authenticate: Digest realm=\"example.com\", nonce=\"w\", qop=\"auth\"")
                : WirePeer.ResponseTo(request, "200 OK", "Authentication-Info: nextnonce=\"x\"");

        var first = await _user.SendAsync(_user.CreateRequest(SipMethod.Message, SipUri.Parse("sip:alice@example.com")));
        var second = await _user.SendAsync(_user.CreateRequest(SipMethod.Message, SipUri.Parse("sip:alice@example.com")));

        Assert.That((first.StatusCode, second.StatusCode), Is.EqualTo((200, 200)));
        Assert.That(_core.Messages, Has.Count.EqualTo(4));
        Assert.That(_core.Messages.Select(CallId).Distinct().Count(), Is.EqualTo(2));
        Assert.That(_core.Messages[2], Does.Contain("nonce=\"p\"").And.Contain("nc=00000002").And.Contain("nonce=\"w\""));
        Assert.That(_core.Messages[3], Does.Contain("nonce=\"p\"").And.Contain("nc=00000003").And.Contain("nonce=\"x\"").And.Contain("nc=00000001"));
    }

    private static string CallId(string message) => message.Split("\r\n").First(line => line.StartsWith("Call-ID:", StringComparison.Ordinal));
}
