using SipPush.Sip;
using SipPush.Tests.Support;

namespace SipPush.Tests.Sip;

/// <summary>What the UAS core answers before a request reaches a handler (RFC 3261 §8.2): literal text in, status and headers out.</summary>
public sealed class RequestInspectionTests
{
    private const string Message = """
        MESSAGE sip:bob@192.0.2.1 SIP/2.0
        Via: SIP/2.0/UDP 192.0.2.9:5060;branch=z9hG4bKa1
        Max-Forwards: 70
        From: <sip:psa@example.com>;tag=1
        To: <sip:bob@example.com>
        Call-ID: c1
        CSeq: 1 MESSAGE
        Content-Type: text/plain
        Content-Length: 5

        hello
        """;

    private readonly List<SipRequest> _seen = [];
    private WirePeer _peer = null!;
    private SipStack _stack = null!;

    [SetUp]
    public async Task Start()
    {
        var network = new MemoryNetwork();
        _peer = await WirePeer.StartAsync(network, "udp:192.0.2.9:5060");
        _stack = await SipStack.StartAsync(new SipStackOptions
        {
            Transports = [new MemoryTransport(network, SipEndPoint.Parse("udp:192.0.2.1:5060"))],
            Identifiers = new CountingIdentifiers(),
        });
        _stack.CreateUserAgent(new SipUserAgentOptions { AddressOfRecord = SipUri.Parse("sip:bob@example.com") }).Handle(
            SipMethod.Message,
            async (transaction, token) =>
            {
                _seen.Add(transaction.Request);
                await transaction.RespondAsync(200, cancellationToken: token);
            },
            ["text/*", "application/vnd.oma.push"]);
    }

    [TearDown]
    public async Task Stop()
    {
        await _stack.DisposeAsync();
        await _peer.DisposeAsync();
    }

    [TestCase("Subject", "Subject", "200 OK", "", Description = "the request as it is")]
    [TestCase("MESSAGE", "NEWMETHOD", "501 Not Implemented", "Allow: MESSAGE, OPTIONS", Description = "SIP-40")]
    [TestCase("MESSAGE", "NOTIFY", "405 Method Not Allowed", "Allow: MESSAGE, OPTIONS", Description = "SIP-40")]
    [TestCase("sip:bob@192.0.2.1 ", "tel:+15550100 ", "416 Unsupported URI Scheme", "", Description = "SIP-42")]
    [TestCase("sip:bob@192.0.2.1 ", "sip:alice@192.0.2.1 ", "404 Not Found", "")]
    [TestCase("sip:bob@192.0.2.1 ", "sip:bob@192.0.2.1?Route=%3Csip:example.com%3E ", "400 Headers In Request-URI", "")]
    [TestCase("Max-Forwards: 70", "Max-Forwards: 70\nRequire: foo, gruu\nRequire: bar", "420 Bad Extension", "Unsupported: foo, bar", Description = "SIP-39")]
    [TestCase("Max-Forwards: 70", "Max-Forwards: 70\nRequire: gruu", "200 OK", "", Description = "SIP-39")]
    [TestCase("text/plain", "image/png", "415 Unsupported Media Type", "Accept: text/*, application/vnd.oma.push", Description = "SIP-41")]
    [TestCase("text/plain", "image/png\nContent-Disposition: icon;handling=optional", "200 OK", "", Description = "SIP-41")]
    [TestCase("text/plain", "text/plain\nContent-Encoding: gzip", "415 Unsupported Media Type", "Accept-Encoding: identity", Description = "SIP-41")]
    [TestCase("text/plain", "text/plain\nContent-Encoding: identity", "200 OK", "", Description = "SIP-41")]
    public async Task The_first_thing_that_is_wrong_decides_the_answer(string from, string to, string status, string header)
    {
        await _peer.SendAsync("udp:192.0.2.1:5060", Message.Replace(from, to, StringComparison.Ordinal));

        Assert.That(_peer.Last, Does.StartWith($"SIP/2.0 {status}\r\n"));
        Assert.That(_peer.Last, Does.Contain(header));
        Assert.That(_seen, Has.Count.EqualTo(status == "200 OK" ? 1 : 0));
    }

    [TestCase("To: <sip:bob@example.com>", "To: <sip:bob@example.com>\nTo: <sip:eve@example.com>", "Bad To")]
    [TestCase("To: <sip:bob@example.com>", "To: <sip:bob@example.com>, <sip:eve@example.com>", "Bad To")]
    [TestCase("To: <sip:bob@example.com>", "To: \"Bob <sip:bob@example.com>", "Bad To")]
    [TestCase("To: <sip:bob@example.com>", "To: < sip:bob@example.com >", "Bad To")]
    [TestCase("From: <sip:psa@example.com>", "From: Bell, Alexander <sip:psa@example.com>", "Bad From")]
    [TestCase("From: <sip:psa@example.com>", "f: <sip:eve@example.com>\nFrom: <sip:psa@example.com>", "Bad From")]
    [TestCase("Call-ID: c1", "Call-ID: c1\ni: c2", "Bad Call-ID")]
    [TestCase("CSeq: 1 MESSAGE", "CSeq: 1 MESSAGE\nCSeq: 2 MESSAGE", "Bad CSeq")]
    [TestCase("CSeq: 1 MESSAGE", "CSeq: 36893488147419103232 MESSAGE", "Bad CSeq")]
    [TestCase("Max-Forwards: 70", "Max-Forwards: 300", "Bad Max-Forwards")]
    [TestCase("Max-Forwards: 70", "Max-Forwards: 70\nMax-Forwards: 5", "Bad Max-Forwards")]
    [TestCase("branch=z9hG4bKa1", "branch=z9hG4bKa1,;,,", "Bad Via")]
    [TestCase("branch=z9hG4bKa1", "branch=z9hG4bK", "Bad Via")]
    [Description("RFC 4475 §3.1.2")]
    public async Task A_request_that_can_be_read_in_two_ways_is_answered_400_and_leaves_no_transaction(string from, string to, string reason)
    {
        await _peer.SendAsync("udp:192.0.2.1:5060", Message.Replace(from, to, StringComparison.Ordinal));

        Assert.That(_peer.Last, Does.StartWith($"SIP/2.0 400 {reason}\r\n"));
        Assert.That(_stack.Layer.Count(), Is.EqualTo((0, 0, 0, 0)));
        Assert.That(_seen, Is.Empty);
    }

    [TestCase("To: Bob Baker <sip:bob@example.com>")]
    [TestCase("To: \"Baker, Bob\"<sip:bob@example.com> ; x=\"<,>\"")]
    [TestCase("To: tel:+15550100;phone-context=example.com")]
    public async Task Whatever_can_be_read_in_one_way_only_is_taken(string to)
    {
        await _peer.SendAsync("udp:192.0.2.1:5060", Message.Replace("To: <sip:bob@example.com>", to, StringComparison.Ordinal));

        Assert.That(_peer.Last, Does.StartWith("SIP/2.0 200 OK\r\n"));
    }

    [TestCase("sip:bob@192.0.2.1", "200 OK")]
    [TestCase("sip:192.0.2.1", "200 OK")]
    [TestCase("sip:alice@192.0.2.1", "404 Not Found")]
    [TestCase("nobodyKnowsThisScheme:opaque", "416 Unsupported URI Scheme", Description = "SIP-42")]
    public async Task OPTIONS_is_answered_as_an_INVITE_would_be(string uri, string status)
    {
        await _peer.SendAsync("udp:192.0.2.1:5060", Options(uri));

        Assert.That(_peer.Last, Does.StartWith($"SIP/2.0 {status}\r\n"));
    }

    [Test]
    public async Task OPTIONS_tells_what_the_user_agents_can_do()
    {
        await _peer.SendAsync("udp:192.0.2.1:5060", Options("sip:bob@192.0.2.1"));

        // RFC 3261 §11.2
        Assert.That(_peer.Last, Does.Contain("""
            Allow: MESSAGE, OPTIONS
            Accept: text/*, application/vnd.oma.push
            Accept-Encoding: identity
            Supported: 100rel, gruu, path, timer

            """.ReplaceLineEndings("\r\n")));
    }

    [TestCase("Max-Forwards: 70", "Max-Forwards: 70\nRequire: foo", "420")]
    [TestCase(";tag=1\nTo: <sip:bob@example.com>", ";tag=1\nTo: <sip:bob@example.com>;tag=gone", "481")]
    public async Task OPTIONS_is_looked_at_like_any_other_request(string from, string to, string status)
    {
        await _peer.SendAsync("udp:192.0.2.1:5060", Options("sip:bob@192.0.2.1").ReplaceLineEndings("\n").Replace(from, to, StringComparison.Ordinal));

        Assert.That(_peer.Last, Does.StartWith($"SIP/2.0 {status} "));
    }

    private static string Options(string uri) => $"""
        OPTIONS {uri} SIP/2.0
        Via: SIP/2.0/UDP 192.0.2.9:5060;branch=z9hG4bKa1
        Max-Forwards: 70
        From: <sip:psa@example.com>;tag=1
        To: <sip:bob@example.com>
        Call-ID: c1
        CSeq: 1 OPTIONS
        Content-Length: 0
        """;
}
