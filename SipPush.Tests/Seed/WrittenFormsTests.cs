using System.Text;
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
