using System.Net;
using System.Text;
using SipPush.Msrp;
using SipPush.Sip;
using SipPush.Tests.Support;

namespace SipPush.Tests.Seed;

/// <summary>What the library writes in the flows has none of the faults that the printed flows have.</summary>
[Description("PUSH-29")]
public sealed class WrittenFormsTests
{
    private static readonly SipUri User = SipUri.Parse("sip:user@domain.com");

    private readonly ManualTimeProvider _clock = new();

    [TestCase("udp")]
    [TestCase("tcp")]
    public async Task Registration_push_and_answers_are_written_without_a_fault(string protocol)
    {
        var tap = new WrittenTap();
        var network = new MemoryNetwork(_clock);
        await using var sending = await StackAsync(network, $"{protocol}:192.0.2.10:5060", tap);
        await using var receiving = await StackAsync(network, $"{protocol}:192.0.2.4:5060", tap);
        await using var core = await WirePeer.StartAsync(network, $"{protocol}:192.0.2.9:5060");
        core.Answer = request => WirePeer.ResponseTo(
            request, "200 OK", request.Split("\r\n").First(line => line.StartsWith("Contact:", StringComparison.Ordinal)) + $";pub-gruu=\"{SeedMessages.Gruu}\";expires=3600");

        // B.1, with the third-party REGISTER.
        await using var sender = new PushSenderAgent(
            UserAgent(sending, "sip:psa@domain.com", $"sip:192.0.2.4;transport={protocol};lr"),
            new PushSenderOptions { Application = "mms.ua" });
        await using var receiver = new PushReceiverAgent(
            UserAgent(receiving, User.ToString(), $"sip:192.0.2.9;transport={protocol};lr"), new PushReceiverOptions { Applications = ["mms.ua"] });
        await using var registration = await receiver.RegisterAsync(new RegistrationOptions { Expires = TimeSpan.FromHours(2) });
        await core.SendAsync($"{protocol}:192.0.2.10:5060", Encoding.UTF8.GetString(WirePeer.Octets($"""
            REGISTER sip:psa.domain.com SIP/2.0
            Via: SIP/2.0/{protocol.ToUpperInvariant()} 192.0.2.9:5060;branch=z9hG4bKnashds7
            Max-Forwards: 70
            To: "Bob" <sip:user@domain.com>
            From: <sip:registrar.domain.com>;tag=456249
            Call-ID: 843817637684230@998sdasdh0a
            CSeq: 1827 REGISTER
            Contact: <sip:registrar.domain.com>
            Expires: 7200
            Content-Length: 0
            """)));

        // B.2, taken and refused, with a name and a display name that need care.
        var content = PushContent.FromBytes("octets"u8.ToArray(), "application/vnd.wap.mms-message");
        var stored = await sender.SendAsync(User, content).AsTask().WaitAsync(TimeSpan.FromSeconds(20));
        var refused = await sender.SendAsync(User, content, new PushOptions { Application = "sms.ua" }).AsTask().WaitAsync(TimeSpan.FromSeconds(20));

        Assert.That((stored.StatusCode, refused.StatusCode), Is.EqualTo((200, 480)));
        var written = tap.Written;
        Assert.That(written.Select(Kind).Distinct(), Is.SupersetOf(["MESSAGE", "REGISTER", "SIP/2.0 200", "SIP/2.0 480"]));
        Assert.That(written.SelectMany(message => DefectForms.Find(message).Select(id => $"{id} in {message}")), Is.Empty);

        var requests = written.Where(message => !IsResponse(message)).ToList();
        var answers = written.Where(IsResponse).SelectMany(response => requests.Where(request => CallId(request) == CallId(response)).Select(request => (request, response))).ToList();
        Assert.That(answers, Has.Count.GreaterThanOrEqualTo(2));
        Assert.That(DefectForms.FindBetween(requests, answers), Is.Empty);
    }

    // B.3, with whoever can be reached.
    [TestCase(true, true)]
    [TestCase(true, false)]
    [TestCase(false, true)]
    public async Task Sessions_and_what_they_describe_are_written_without_a_fault(bool sendingIsReachable, bool receivingIsReachable)
    {
        var tap = new WrittenTap();
        var network = new MemoryNetwork(_clock);
        await using var sending = await StackAsync(network, "tcp:192.0.2.10:5060", tap);
        await using var receiving = await StackAsync(network, "tcp:192.0.2.4:5060", tap);
        await using var near = MsrpEndpoint.Start(new MsrpEndpointOptions { Listen = new IPEndPoint(IPAddress.Loopback, 0) });
        await using var far = MsrpEndpoint.Start(new MsrpEndpointOptions { Listen = new IPEndPoint(IPAddress.Loopback, 0) });
        await using var receiver = new PushReceiverAgent(
            UserAgent(receiving, User.ToString(), "sip:192.0.2.9;transport=tcp;lr"),
            new PushReceiverOptions { Applications = ["mms.ua"], Media = new PushMediaOptions { Endpoint = far, IsReachable = receivingIsReachable } });
        await using var sender = new PushSenderAgent(
            UserAgent(sending, "sip:psa@domain.com", "sip:192.0.2.4;transport=tcp;lr"),
            new PushSenderOptions { Application = "mms.ua", Media = new PushMediaOptions { Endpoint = near, IsReachable = sendingIsReachable } });
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(20), TimeProvider.System);
        await using var pushes = receiver.ReceiveAllAsync(limit.Token).GetAsyncEnumerator();

        var pushing = sender.PushAsync(User, PushContent.FromText("content"), new PushOptions { SuccessReport = true }, limit.Token).AsTask();
        await TakeAsync();
        Assert.That((await pushing).IsDelivered, Is.True);
        var files = sender.SendFilesAsync(User, [PushFile.FromBytes("a \"b\".txt", "octets"u8.ToArray(), "text/plain")], cancellationToken: limit.Token).AsTask();
        await TakeAsync();
        Assert.That((await files).Single().IsSuccess, Is.True);

        var written = tap.Written;
        var described = written.Where(message => message.Contains("\r\nContent-Type: application/sdp\r\n", StringComparison.Ordinal)).ToList();
        Assert.That(described.Select(Kind), Is.EqualTo(["INVITE", "SIP/2.0 200", "INVITE", "SIP/2.0 200"]));
        Assert.That(written.SelectMany(message => DefectForms.Find(message).Select(id => $"{id} in {message}")), Is.Empty);
        Assert.That(described.SelectMany(message => DefectForms.FindOfSession(message).Select(id => $"{id} in {message}")), Is.Empty);
        var requests = written.Where(message => !IsResponse(message)).ToList();
        Assert.That(requests.Select(Kind), Is.EqualTo(["INVITE", "ACK", "BYE", "INVITE", "ACK", "BYE"]));
        Assert.That(DefectForms.FindBetween(requests, [.. written.Where(IsResponse).Select(response => (requests.Single(request => Asked(request) == Asked(response)), response))]), Is.Empty);

        async Task TakeAsync()
        {
            Assert.That(await pushes.MoveNextAsync(), Is.True);
            await using var push = pushes.Current;
            await push.Content.CopyToAsync(Stream.Null, limit.Token);
            await push.CompleteAsync(limit.Token);
        }

        static string Asked(string message) => CallId(message) + message.Split("\r\n").First(line => line.StartsWith("CSeq:", StringComparison.Ordinal));
    }

    [Test]
    public void The_checker_sees_what_the_printed_descriptions_have_wrong()
    {
        // All of them stand in the print; the answer is that of an INVITE.
        const string offer = "INVITE sip:user@domain.com SIP/2.0\r\n\r\nv=0\r\ns=-\r\n\r\na=setup: passive\r\na=path: msrp://psa.domain.com:7654/a3cd20b8ae7f;tcp\r\na=file-selector:name:\"a\"\r\n hash:sha-1:72\r\n";
        const string answer = "SIP/2.0 200 OK\r\n\r\nv=0\r\nm=message 8888 TCP/MSRP *\r\na=setup:active \r\na=path:msrp://192.0.2.4:8888/9di4ea;tcp\r\n";

        Assert.That(DefectForms.FindOfSession(offer), Is.EqualTo(["D51", "D52", "D53", "D54", "D55", "D57", "D59"]));
        Assert.That(DefectForms.FindOfSession(answer), Is.EqualTo(["D57", "D66", "D67", "D68", "D70"]));
        Assert.That(DefectForms.FindOfSession("SIP/2.0 200 OK\r\nAllow: INVITE\r\nSupported: gruu\r\nv=0\r\ns=-\r\n"), Does.Contain("D65"));
    }

    [Test]
    public void The_checker_sees_what_two_messages_have_wrong_together()
    {
        var message = SeedMessages.Repaired("B.2 1 MESSAGE", out _);
        var bye = SeedMessages.Repaired("B.3 12 BYE", out _);

        Assert.That(DefectForms.FindBetween([message, bye], [(bye, SeedMessages.Repaired("B.3 15 200", out _))]), Is.Empty);
        Assert.That(
            DefectForms.FindBetween([message, bye.Replace("sgdksh", "sgdkse", StringComparison.Ordinal)], [(bye, SeedMessages.Repaired("B.2 4 200", out _))]),
            Is.EqualTo(["D10", "D18", "D84"]));
    }

    private static string Kind(string message) => IsResponse(message) ? message[..11] : message[..message.IndexOf(' ')];

    private static bool IsResponse(string message) => message.StartsWith("SIP/2.0 ", StringComparison.Ordinal);

    private static string CallId(string message) => message.Split("\r\n").First(line => line.StartsWith("Call-ID:", StringComparison.Ordinal));

    private static SipUserAgent UserAgent(SipStack stack, string aor, string proxy) => stack.CreateUserAgent(new SipUserAgentOptions
    {
        AddressOfRecord = SipUri.Parse(aor),
        OutboundProxies = [SipUri.Parse(proxy)],
        InstanceId = "urn:uuid:f81d4fae-7dec-11d0-a765-00a0c91e6bf6",
        IsTrusted = true,
    });

    private Task<SipStack> StackAsync(MemoryNetwork network, string endPoint, SipTap tap) => SipStack.StartAsync(new SipStackOptions
    {
        Transports = [new MemoryTransport(network, SipEndPoint.Parse(endPoint))],
        TimeProvider = _clock,
        TrustDomain = TrustDomain.Of("192.0.2.9", "192.0.2.10"),
        Tap = tap,
    }).AsTask();

    private sealed class WrittenTap : SipTap
    {
        private readonly List<string> _written = [];

        public List<string> Written
        {
            get
            {
                lock (_written)
                {
                    return [.. _written];
                }
            }
        }

        public override void Received(SipFlow flow, ReadOnlySpan<byte> message)
        {
        }

        public override void Sending(SipFlow flow, ReadOnlySpan<byte> message)
        {
            lock (_written)
            {
                _written.Add(Encoding.UTF8.GetString(message));
            }
        }
    }
}
