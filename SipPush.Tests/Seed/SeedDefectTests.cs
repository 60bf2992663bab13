using SipPush.Sip;
using SipPush.Tests.Support;

namespace SipPush.Tests.Seed;

/// <summary>
/// The faults of the printed flows, D01 to D88, one case each: what becomes of a message that has it, in the strict profile and in the lenient one.
/// A fault of syntax is refused strictly, with 400 or by not reading the header that has it, and taken leniently where its meaning is plain; a fault of
/// sense is tolerated in both; what only the print did is taken in neither.
/// </summary>
[Description("PUSH-28")]
public sealed class SeedDefectTests
{
    // Of these a receiver of SIP sees nothing.
    private static readonly string[] Prose = ["D17", "D20", "D31", "D72", "D79", "D80", "D85"];

    private static readonly string[] SessionDescription = ["D52", "D53", "D54", "D55", "D56", "D57", "D58", "D59", "D60", "D66", "D67", "D68", "D74"];

    private static readonly string[] Msrp = ["D75", "D76", "D77", "D78", "D81"];

    private static readonly Dictionary<string, Func<SipMessage, SipProfile, string?>> Readings = new()
    {
        ["nothing"] = (_, _) => "",
        ["applications"] = (message, _) => Applications(message.Addresses("Contact").Select(FeatureSet.FromContact)),
        ["wanted applications"] = (message, _) => Applications(CallerPreference.Read(message, "Accept-Contact").Select(preference => preference.Features)),
        ["icsi"] = (message, _) => CallerPreference.Read(message, "Accept-Contact").SelectMany(preference => preference.Features.Tags)
            .FirstOrDefault(tag => tag.IsNamed(FeatureTag.IcsiName))?.Values[0].Text,
        ["service"] = (message, profile) => ServiceId.TryParse(message["P-Asserted-Service"], out var service, profile) ? service.ToString() : null,
        ["identity"] = (message, profile) => AssertedIdentity.TryRead(message, "P-Asserted-Identity", out var identity, profile)
            ? identity + (identity.IsAssumed ? " assumed" : "")
            : null,
        ["called"] = (message, _) => message.Addresses("P-Called-Party-ID").FirstOrDefault().Uri?.ToString(),
        ["contact"] = (message, _) => message.Addresses("Contact").FirstOrDefault().Uri?.ToString(),
        ["public GRUU"] = (message, _) => message.Addresses("Contact").FirstOrDefault().PublicGruu()?.ToString(),
        ["expiry"] = (message, _) => (message.Addresses("Contact").First().ExpiresIn() ?? message.Expires)?.TotalSeconds.ToString("0"),
        ["to"] = (message, _) => message.To == default ? null : message.To.ToString(),
        ["from"] = (message, _) => message.From.ToString(),
        ["branch"] = (message, _) => message.TopVia.Branch.ToString(),
        ["called URI"] = (message, _) => ((SipRequest)message).RequestUri?.ToString(),
        ["body"] = (message, _) => System.Text.Encoding.UTF8.GetString(message.Body.Span),
        ["push"] = (message, profile) => PushMessage.TryRead(message.Body, profile == SipProfile.Lenient, out _).ToString(),
        ["registration"] = (message, profile) => ThirdPartyRegistrationBody.Read((SipRequest)message, new SipLimits(), profile) is { HasUnreadable: false, Contacts.Count: 0 } ? "no contacts" : null,
        ["allowed"] = (message, _) => TokenList.Read(message, "Allow").Tokens.Count + " methods",
    };

    /// <summary>Id, what is read, strict and lenient outcome, and the lines that stand instead of those of a sound MESSAGE, or beside them.</summary>
    private static readonly string[][] Requests =
    [
        ["D01", "nothing", "400", "400", "Max-Forwards: 70\r\n"],
        ["D03", "applications", "200 unread", "200 mms.ua", "Contact: <sip:user@192.0.2.4>;+g.oma.pusheventapp=\"mms.ua\u201d"],
        ["D04", "to", "400", "200 \"Bob\" <sip:user@domain.com>", "To: \u201cBob\u201d <sip:user@domain.com>"],
        ["D05", "icsi", "200 unread", "200 urn:urn-7:x", "Accept-Contact: *; +g.3gpp.icsi_ref=\"urn%3Aurn-7%3Ax\""],
        ["D06", "service", "200 unread", "200 urn:urn-xxx:3gpp-service.ims.icsi.omapush", "P-Asserted-Service: urn:urn-xxx:3gpp-service.ims.icsi.omapush"],
        ["D07", "body", "400", "200 body", "Content-Length: .."],
        ["D08", "called URI", "400", "200 sip:user@domain.com;gr=urn:uuid:f81d4fae", "MESSAGE sip:user@domain.com;gr=urn:uuid:f81d4fae\" SIP/2.0"],
        ["D09", "to", "400", "200 Bob <sip:user@domain.com>;tag=456248", "To: Bob <sip:user@domain.com;tag=456248 "],
        ["D13", "branch", "200 z9hG4bKa1", "200 z9hG4bKa1", "Via: SIP/2.0/UDP 192.0.2.9:5060;branch= z9hG4bKa1"],
        ["D14", "called URI", "400", "200 sip:user@192.0.2.4", "MESSAGE sip:user@192.0.2.4  SIP/2.0"],
        ["D15", "branch", "200 z9hG4bKa1", "200 z9hG4bKa1", "Via: SIP/2.0/UDP 192.0.2.9:5060;branch=z9hG4bKa1 "],
        ["D18", "nothing", "silence", "silence", "Via: SIP/2.0/UDP psa@domain.com;branch=z9hG4bKa1"],
        ["D19", "branch", "200 z9hG4bKa1", "200 z9hG4bKa1", "Via: SIP/2.0/UDP 192.0.2.9:5060;branch=z9hG4bKa1\r\nVia: SIP/2.0/TCP psa.domain.com;branch=z9hG4bKx;received=192.0.2.4"],
        ["D21", "called URI", "200 sip:registrar.domain.com", "200 sip:registrar.domain.com", "MESSAGE sip:registrar.domain.com SIP/2.0"],
        ["D22", "applications", "200 mms.ua", "200 mms.ua", "Contact: <sip:user@192.0.2.4>;+g.oma.pusheventapp=\"mms.ua\""],
        ["D23", "branch", "200 z9hG4bKa1", "200 z9hG4bKa1"],
        ["D30", "registration", "200 no contacts", "200 no contacts", "REGISTER sip:psa.domain.com SIP/2.0", "CSeq: 1827 REGISTER"],
        ["D33", "called URI", "400", "200 sip:user@domain.com;gr=urn:uuid:f81d4fae", "MESSAGE sip:user@domain.com;gr=urn:uuid:f81d4fae\" SIP/2.0"],
        ["D35", "to", "400", "200 \"Bob\" <sip:user@domain.com>", "To: \u201cBob\u201d <sip:user@domain.com "],
        ["D36", "wanted applications", "200 unread", "200 mms.ua", "Accept-Contact: *; +g.3gpp.icsi-ref=\"urn%3Aurn-7%3Ax\", +g.oma.pusheventapp=\"mms.ua\""],
        ["D37", "identity", "200 <sip:psa@domain.com>", "200 <sip:psa@domain.com>", "P-Asserted-Identity: sip:psa@domain.com"],
        ["D38", "identity", "200 <sip:psa@domain.com>", "200 <sip:psa@domain.com>", "P-Asserted-Identity: <sip:psa@domain.com>", "From: <sip:psa.domain.com>;tag=49583"],
        ["D39", "push", "200 MissingEmptyLine", "200 MissingEmptyLine", "Content-Type: application/vnd.oma.push", "Content-Length: 17\r\n\r\n(Push content\u2026)"],
        ["D40", "called URI", $"200 {SeedMessages.Gruu}", $"200 {SeedMessages.Gruu}", $"MESSAGE {SeedMessages.Gruu} SIP/2.0"],
        ["D41", "called", "200 unread", $"200 {SeedMessages.Gruu}", $"P-Called-Party-ID: {SeedMessages.Gruu}\""],
        ["D42", "to", "200 Bob <sip:user@domain.com>", "200 Bob <sip:user@domain.com>", "To: Bob <sip:user@domain.com>"],
        ["D43", "wanted applications", "200 mms.ua", "200 mms.ua", "Accept-Contact: *; +g.3gpp.icsi-ref=\"urn%3Aurn-7%3Ax\"; +g.oma.pusheventapp=\"mms.ua\""],
        ["D44", "identity", "200 <sip:psa@domain.com>", "200 <sip:psa@domain.com>", "P-Asserted-Identity: <sip:psa@domain.com>"],
        ["D47", "called URI", "400", "200 sip:user@domain.com;gr=1", "MESSAGE sip:user@domain.com;gr=1\" SIP/2.0"],
        ["D48", "nothing", "silence", "silence", "Via: SIP/2.0/TCP psa@domain.com;branch=z9hG4bK776sgdkse"],
        ["D49", "to", "400", "200 Bob <sip:user@domain.com>", "To: Bob <sip:user@domain.com"],
        ["D50", "contact", "200 sip:psa.domain.com", "200 sip:psa.domain.com", "Contact: <sip:psa.domain.com>;+g.3gpp.icsi-ref=\"x\""],
        ["D51", "allowed", "200 0 methods", "200 0 methods"],
        ["D61", "to", $"200 Bob <{SeedMessages.Gruu}>", $"200 Bob <{SeedMessages.Gruu}>", $"To: Bob <{SeedMessages.Gruu}>"],
        ["D62", "called", "200 unread", $"200 {SeedMessages.Gruu}", $"P-Called-Party-ID: {SeedMessages.Gruu}\""],
        ["D63", "contact", "200 sip:psa.domain.com", "200 sip:psa.domain.com", "Contact: <sip:psa.domain.com>"],
        ["D65", "nothing", "400", "400", "Content-Length: 4\r\nv=0"],
        ["D73", "to", "400", "200 Bob <sip:user@domain.com>;tag=456248", "To: Bob <sip:user@domain.com;tag=456248"],
        ["D82", "nothing", "400", "400", "BYE sip:user@domain.com gr=urn:uuid:f81d4fae\" SIP/2.0", "CSeq: 198457 BYE"],
        ["D83", "from", "400", "200 <sip:psa.domain.com>;tag=49583", "From: <sip:psa.domain.com>;tag=49583>"],
    ];

    /// <summary>The same of a 200 that answers a MESSAGE.</summary>
    private static readonly string[][] Responses =
    [
        ["D24", "contact", "silence", "silence", "Contact: <sip:user@192.0.2.4>;q=1\r\n;+sip.instance=\"<urn:uuid:f81d4fae>\";expires=3600"],
        ["D25", "public GRUU", "200 unread", "200 sip:callee@example.com;gr=urn:uuid:f81d4fae", "Contact: <sip:user@192.0.2.4>;pub-gruu=\"sip:callee@example.com; ;gr=urn:uuid:f81d4fae\""],
        ["D26", "public GRUU", "200 sip:callee@example.com;gr=1", "200 sip:callee@example.com;gr=1", "Contact: <sip:user@192.0.2.4>;pub-gruu=\"sip:callee@example.com;gr=1\""],
        ["D27", "contact", "200 sip:user@192.0.2.4", "200 sip:user@192.0.2.4", "Contact: <sip:user@192.0.2.4>;+sip.instance=\"<urn:uuid:f81d4fae>\""],
        ["D28", "expiry", "200 3600", "200 3600", "Contact: <sip:user@192.0.2.4>;expires=3600", "Expires: 7200"],
        ["D29", "contact", "200 sip:user@192.0.2.4", "200 sip:user@192.0.2.4", "Contact: <sip:user@192.0.2.4>;expires=3600"],
        ["D32", "expiry", "200 7200", "200 7200", "Contact: <sip:registrar.domain.com>", "Expires: 7200"],
        ["D45", "identity", "200 unread", "200 <sip:user@domain.com> assumed", "P-Asserted-Identity: user@domain.com"],
        ["D46", "to", "200 Bob <sip:user@domain.com>;tag=456248", "200 Bob <sip:user@domain.com>;tag=456248", "To: Bob <sip:user@domain.com>;tag=456248"],
        ["D64", "to", "200 unread", "200 Bob <sip:user@domain.com>;tag=456248", "To: Bob <sip:user@domain.com;tag=456248"],
        ["D69", "identity", "200 unread", "200 <sip:user@domain.com> assumed", "P-Asserted-Identity: user@domain.com"],
        ["D70", "allowed", "200 0 methods", "200 0 methods"],
        ["D84", "to", "200 Bob <sip:user@domain.com>;tag=1", "200 Bob <sip:user@domain.com>;tag=1", "CSeq: 2 MESSAGE", "To: Bob <sip:user@domain.com>;tag=1"],
        ["D86", "to", "200 unread", "200 Bob <sip:user@domain.com>;tag=456248", "To: Bob <sip:user@domain.com;tag=456248"],
        ["D87", "to", "200 <sip:x@y>;tag=1", "200 <sip:x@y>;tag=1", "To: <sip:x@y>;tag=1", "Lower Via: SIP/2.0/TCP psa.domain.com;branch=z9hG4bKx"],
        ["D88", "identity", "200 unread", "200 unread"],
    ];

    /// <summary>Id, and what two messages have in common that they should not: method, branch, Call-ID and sent-by of each.</summary>
    private static readonly string[][] Pairs =
    [
        ["D10", "MESSAGE z9hG4bK776sgdkse c1 192.0.2.9:5060", "BYE z9hG4bK776sgdkse c2 192.0.2.9:5060"],
        ["D11", "MESSAGE z9hG4bK123dsghds c1 192.0.2.9:5060", "OPTIONS z9hG4bK123dsghds c2 192.0.2.9:5060"],
        ["D12", "REGISTER z9hG4bKnashds7 c1 192.0.2.9:5060", "REGISTER z9hG4bKnashds7 c2 192.0.2.9"],
        ["D16", "MESSAGE z9hG4bKa1 c1 192.0.2.9:5060", "MESSAGE z9hG4bKa2 c2 192.0.2.9:5060"],
        ["D71", "OPTIONS z9hG4bK776sgdkse c1 192.0.2.9:5060", "BYE z9hG4bK776sgdkse c1 192.0.2.9:5060"],
    ];

    // Here the line end is the fault; and on a stream a placeholder for a length stays one.
    [TestCase("D02", "udp", "Content-Length: 4", "\n", "200", "200")]
    [TestCase("D07", "tcp", "Content-Length: ..", "\r\n", "400", "400")]
    public async Task A_fault_of_the_transport_has_its_outcome(string id, string protocol, string line, string lineEnd, string strict, string lenient)
    {
        Assert.That(await AskAsync(SipProfile.Strict, Sound([line]).Replace("\r\n", lineEnd, StringComparison.Ordinal), "nothing", protocol), Is.EqualTo(strict), id);
        Assert.That(await AskAsync(SipProfile.Lenient, Sound([line]).Replace("\r\n", lineEnd, StringComparison.Ordinal), "nothing", protocol), Is.EqualTo(lenient), id);
    }

    [TestCaseSource(nameof(Requests))]
    public async Task A_request_with_the_fault_has_its_outcome(params string[] row)
    {
        Assert.That(await AskAsync(SipProfile.Strict, Sound(row[4..]), row[1]), Is.EqualTo(row[2]));
        Assert.That(await AskAsync(SipProfile.Lenient, Sound(row[4..]), row[1]), Is.EqualTo(row[3]));
    }

    [TestCaseSource(nameof(Responses))]
    public async Task A_response_with_the_fault_has_its_outcome(params string[] row)
    {
        Assert.That(await AnswerAsync(SipProfile.Strict, row[4..], row[1]), Is.EqualTo(row[2]));
        Assert.That(await AnswerAsync(SipProfile.Lenient, row[4..], row[1]), Is.EqualTo(row[3]));
    }

    [TestCaseSource(nameof(Pairs))]
    public async Task Two_requests_that_share_too_much_are_two_all_the_same(params string[] row)
    {
        foreach (var profile in Enum.GetValues<SipProfile>())
        {
            await using var scene = await Scene.StartAsync(profile, "udp");
            foreach (var request in row[1..].Select(text => text.Split(' ')))
            {
                await scene.Peer.SendAsync("udp:192.0.2.1:5060", Sound(
                    $"{request[0]} sip:user@domain.com SIP/2.0", $"Via: SIP/2.0/UDP {request[3]};branch={request[1]}", $"Call-ID: {request[2]}", $"CSeq: 1 {request[0]}"));
            }

            Assert.That(scene.Peer.Messages.Select(message => message.Split("\r\n")[0]), Is.EqualTo(["SIP/2.0 200 OK", "SIP/2.0 200 OK"]), $"{profile}");
        }
    }

    // D34: a tag in To belongs into a dialog, and there is none.
    [TestCase(SipProfile.Strict, "SIP/2.0 481 ")]
    [TestCase(SipProfile.Lenient, "SIP/2.0 200 ")]
    public async Task A_push_with_a_tag_in_To_has_its_outcome(SipProfile profile, string status)
    {
        await using var wire = await Agents.AgentWire.StartAsync("sip:user@domain.com", profile: profile);
        await using var receiver = new PushReceiverAgent(wire.UserAgent, new PushReceiverOptions());

        var answer = await wire.AskAsync(Sound("Via: SIP/2.0/UDP 192.0.2.1:5060;branch=z9hG4bKa1", "To: \"Bob\" <sip:user@domain.com>;tag=456248"));

        Assert.That(answer, Does.StartWith(status));
    }

    [Test]
    public void Every_fault_has_its_case_or_is_none_of_SIP()
    {
        string[] known = [.. Requests.Concat(Responses).Concat(Pairs).Select(row => row[0]), "D02", "D34", .. Prose, .. SessionDescription, .. Msrp];

        Assert.That(known, Is.Unique);
        Assert.That(known.Order(StringComparer.Ordinal), Is.EqualTo(Enumerable.Range(1, 88).Select(number => $"D{number:00}")));
    }

    private static async Task<string> AskAsync(SipProfile profile, string request, string reading, string protocol = "udp")
    {
        await using var scene = await Scene.StartAsync(profile, protocol);
        await scene.Peer.SendAsync($"{protocol}:192.0.2.1:5060", System.Text.Encoding.UTF8.GetBytes(request));

        return scene.Peer.Messages.Count == 0
            ? "silence"
            : Outcome(int.Parse(scene.Peer.Last.AsSpan("SIP/2.0 ".Length, 3)), scene.Seen.SingleOrDefault(), profile, reading);
    }

    private static async Task<string> AnswerAsync(SipProfile profile, string[] lines, string reading)
    {
        await using var scene = await Scene.StartAsync(profile, "udp");
        scene.Peer.Answer = request => Replace(WirePeer.ResponseTo(request, "200 OK"), lines);
        var sending = scene.Stack.SendAsync(SipRequest.Parse(WirePeer.Octets(Sound("MESSAGE sip:192.0.2.9 SIP/2.0")))).AsTask();
        if (!sending.IsCompleted)
        {
            scene.Clock.Advance(TimeSpan.FromSeconds(33));
        }

        var result = await sending.WaitAsync(TimeSpan.FromSeconds(20));
        return result.Response is null ? "silence" : Outcome(result.StatusCode, result.Response, profile, reading);
    }

    private static string Outcome(int status, SipMessage? message, SipProfile profile, string reading) =>
        message is null ? $"{status}" : $"{status} {Readings[reading](message, profile) ?? "unread"}".TrimEnd();

    private static string? Applications(IEnumerable<FeatureSet> features)
    {
        var applications = string.Join(',', features.SelectMany(feature => feature.PushEventApplications));
        return applications.Length == 0 ? null : applications;
    }

    private static string Sound(params string[] lines) => Replace(
        """
        MESSAGE sip:user@domain.com SIP/2.0
        Via: SIP/2.0/UDP 192.0.2.9:5060;branch=z9hG4bKa1
        Max-Forwards: 70
        From: <sip:psa.domain.com>;tag=49583
        To: "Bob" <sip:user@domain.com>
        Call-ID: c1
        CSeq: 1 MESSAGE
        Content-Type: text/plain
        Content-Length: 4

        body
        """.ReplaceLineEndings("\r\n"),
        lines);

    // A line takes the place of that of its name, a lower one of the last; where there is none it goes to the end of the header section.
    private static string Replace(string message, string[] lines)
    {
        var parts = message.Split("\r\n\r\n", 2);
        var head = parts[0].Split("\r\n").ToList();
        foreach (var given in lines)
        {
            var isLower = given.StartsWith("Lower ", StringComparison.Ordinal);
            var line = isLower ? given["Lower ".Length..] : given;
            var colon = line.IndexOf(": ", StringComparison.Ordinal);
            var at = isLower ? head.FindLastIndex(other => other.StartsWith(line[..(colon + 1)], StringComparison.Ordinal)) : line.EndsWith(" SIP/2.0", StringComparison.Ordinal) ? 0 : head.FindIndex(other => other.StartsWith(line[..(colon + 1)], StringComparison.Ordinal));
            if (at < 0)
            {
                head.Insert(head.Count - 1, line);
            }
            else
            {
                head[at] = line;
            }
        }

        // A length that brings its body with it has the last word.
        return head[^1].Contains("\r\n", StringComparison.Ordinal) ? string.Join("\r\n", head) + "\r\n" : string.Join("\r\n", head) + "\r\n\r\n" + parts[1];
    }

    private sealed class Scene : IAsyncDisposable
    {
        public ManualTimeProvider Clock { get; } = new();

        public List<SipRequest> Seen { get; } = [];

        public WirePeer Peer { get; private set; } = null!;

        public SipStack Stack { get; private set; } = null!;

        public static async Task<Scene> StartAsync(SipProfile profile, string protocol)
        {
            var scene = new Scene();
            var network = new MemoryNetwork(scene.Clock);
            scene.Peer = await WirePeer.StartAsync(network, $"{protocol}:192.0.2.9:5060");
            scene.Stack = await SipStack.StartAsync(new SipStackOptions
            {
                Transports = [new MemoryTransport(network, SipEndPoint.Parse($"{protocol}:192.0.2.1:5060"))],
                TimeProvider = scene.Clock,
                Identifiers = new CountingIdentifiers(),
                Profile = profile,
                OnRequest = async (transaction, token) =>
                {
                    scene.Seen.Add(transaction.Request);
                    await transaction.RespondAsync(200, cancellationToken: token);
                },
            });
            return scene;
        }

        public async ValueTask DisposeAsync()
        {
            await Stack.DisposeAsync();
            await Peer.DisposeAsync();
        }
    }
}
