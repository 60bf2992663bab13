using SipPush.Samples.SipCore;
using SipPush.Sip;
using SipPush.Tests.Support;

namespace SipPush.Tests.Samples;

/// <summary>The core as a registrar that user agents have connections to (RFC 5626 §6, §7).</summary>
public sealed class SipCoreOutboundTests
{
    private const string Contact = $"<sip:bob@192.0.2.4:5060;transport=tcp>;reg-id=1;+sip.instance=\"<{CoreScene.Instance}>\"";

    private MemoryNetwork _network = null!;
    private SipCoreServer _core = null!;
    private CorePeer _bob = null!;
    private CorePeer _server = null!;
    private int _branch;

    [SetUp]
    public async Task Start()
    {
        var clock = new ManualTimeProvider();
        _network = new MemoryNetwork(clock);
        _core = await SipCoreServer.StartAsync(new CoreOptions
        {
            ListenTransports = [new MemoryTransport(_network, new SipEndPoint(SipProtocol.Tcp, CoreScene.Open)), new MemoryTransport(_network, new SipEndPoint(SipProtocol.Udp, CoreScene.Open))],
            TrustedTransports = [new MemoryTransport(_network, new SipEndPoint(SipProtocol.Udp, CoreScene.Trusted))],
            TimeProvider = clock,
        });
        _bob = await CorePeer.StartAsync(_network, "tcp:192.0.2.4:5060");
        _server = await CorePeer.StartAsync(_network, "udp:192.0.2.10:5080");
    }

    [TearDown]
    public async Task Stop()
    {
        await _core.DisposeAsync();
        await _bob.DisposeAsync();
        await _server.DisposeAsync();
    }

    [Test]
    public async Task A_flow_is_registered_and_the_answer_says_how_often_to_ping()
    {
        var answer = await _bob.AskAsync(CoreScene.Open, Register());

        Assert.That(answer.StatusCode, Is.EqualTo(200));
        Assert.That(answer[SipHeaderNames.Require].ToString(), Is.EqualTo("outbound"));
        Assert.That(answer[SipHeaderNames.FlowTimer].ToString(), Is.EqualTo("120"));
        Assert.That(answer[SipHeaderNames.Supported].ToString(), Does.Contain("outbound"));
        Assert.That(answer.Addresses(SipHeaderNames.Contact).Single().Parameters.Get("reg-id"), Is.EqualTo("1"));
    }

    [TestCase(Contact, "gruu, path")]
    [TestCase("<sip:bob@192.0.2.4:5060;transport=tcp>;reg-id=1", "outbound")]
    [TestCase($"<sip:bob@192.0.2.4:5060;transport=tcp>;reg-id=0;+sip.instance=\"<{CoreScene.Instance}>\"", "outbound")]
    [TestCase($"<sip:bob@192.0.2.4:5060;transport=tcp>;reg-id=2147483648;+sip.instance=\"<{CoreScene.Instance}>\"", "outbound")]
    [TestCase($"<sip:bob@192.0.2.4:5060;transport=tcp>;+sip.instance=\"<{CoreScene.Instance}>\"", "outbound")]
    public async Task Without_reg_id_instance_and_option_tag_it_is_an_ordinary_registration(string contact, string supported)
    {
        var answer = await _bob.AskAsync(CoreScene.Open, Register(contact: contact, supported: supported));

        Assert.That(answer.StatusCode, Is.EqualTo(200));
        Assert.That(answer.Contains(SipHeaderNames.Require), Is.False);
        Assert.That(answer.Contains(SipHeaderNames.FlowTimer), Is.False);
    }

    [Test]
    public async Task On_UDP_a_reg_id_means_nothing()
    {
        await using var bob = await CorePeer.StartAsync(_network, "udp:192.0.2.4:5060");

        var answer = await bob.AskAsync(CoreScene.Open, Register(protocol: "UDP"));

        Assert.That((answer.StatusCode, answer.Contains(SipHeaderNames.Require)), Is.EqualTo((200, false)));
    }

    [TestCase("", 439)]
    [TestCase("Path: <sip:edge.example.net;lr>\n", 439)]
    [TestCase("Path: <sip:inner.example.net;lr>, <sip:token@edge.example.net;lr;ob>\n", 200)]
    [TestCase("Path: <sip:inner.example.net;lr;ob>, <sip:token@edge.example.net;lr>\n", 439)]
    public async Task Behind_a_proxy_it_takes_one_that_keeps_the_flow(string path, int status)
    {
        var request = Register(more: path).Replace("Max-Forwards", "Via: SIP/2.0/TCP 10.0.0.7:5060;branch=z9hG4bKua\nMax-Forwards", StringComparison.Ordinal);

        var answer = await _bob.AskAsync(CoreScene.Open, request);

        Assert.That(answer.StatusCode, Is.EqualTo(status));
        Assert.That(answer.Contains(SipHeaderNames.Require), Is.EqualTo(status == 200));
        Assert.That(answer.Contains(SipHeaderNames.FlowTimer), Is.False);
    }

    [Test]
    public async Task Two_contacts_with_a_reg_id_between_them_are_refused()
    {
        var answer = await _bob.AskAsync(CoreScene.Open, Register(contact: $"{Contact}, <sip:bob@192.0.2.7>"));

        Assert.That(answer.StatusCode, Is.EqualTo(400));
    }

    [Test]
    public async Task The_same_flow_registered_again_replaces_the_contact_whatever_its_URI()
    {
        await _bob.AskAsync(CoreScene.Open, Register());

        var again = await _bob.AskAsync(CoreScene.Open, Register(contact: Contact.Replace("192.0.2.4", "192.0.2.44", StringComparison.Ordinal), callId: "after-boot"));
        var second = await _bob.AskAsync(CoreScene.Open, Register(contact: Contact.Replace("reg-id=1", "reg-id=2", StringComparison.Ordinal), callId: "second"));

        Assert.That(again.Addresses(SipHeaderNames.Contact).Select(contact => contact.Uri!.Host.ToString()), Is.EqualTo(["192.0.2.44"]));
        Assert.That(second.Addresses(SipHeaderNames.Contact).Select(contact => contact.Parameters.Get("reg-id")), Is.EquivalentTo(["1", "2"]));
    }

    [Test]
    public async Task A_request_goes_over_the_flow_and_not_to_the_contacts_address()
    {
        await _bob.AskAsync(CoreScene.Open, Register(contact: Contact.Replace("192.0.2.4", "10.0.0.7", StringComparison.Ordinal)));

        var answering = _bob.NextRequestAsync();
        var answer = await _server.AskAsync(CoreScene.Trusted, Message());

        Assert.That((await answering).RequestUri!.ToString(), Is.EqualTo("sip:bob@10.0.0.7:5060;transport=tcp"));
        Assert.That(answer.StatusCode, Is.EqualTo(200));
    }

    [Test]
    public async Task A_contact_whose_connection_has_gone_is_no_target_until_it_registers_again()
    {
        await _bob.AskAsync(CoreScene.Open, Register());
        await _bob.CloseAsync();

        var gone = await _server.AskAsync(CoreScene.Trusted, Message());
        var within = await _server.AskAsync(CoreScene.Trusted, Message(to: "sip:bob@192.0.2.4:5060;transport=tcp"));
        await _bob.AskAsync(CoreScene.Open, Register(cseq: 2));
        var answering = _bob.NextRequestAsync();
        var back = await _server.AskAsync(CoreScene.Trusted, Message());

        await answering;
        Assert.That((gone.StatusCode, within.StatusCode, back.StatusCode), Is.EqualTo((480, 430, 200)));
    }

    [TestCase(430, 200)]
    [TestCase(480, 480)]
    public async Task Another_flow_of_the_instance_is_tried_after_a_failed_flow_only(int first, int expected)
    {
        await using var edge = await CorePeer.StartAsync(_network, "udp:192.0.2.20:5060");
        await _bob.AskAsync(CoreScene.Open, Register());
        await edge.AskAsync(CoreScene.Open, Register(
            contact: Contact.Replace("reg-id=1", "reg-id=2", StringComparison.Ordinal), callId: "second", protocol: "UDP", more: "Path: <sip:token@192.0.2.20;lr;ob>\n")
            .Replace("Max-Forwards", "Via: SIP/2.0/TCP 10.0.0.7:5060;branch=z9hG4bKua\nMax-Forwards", StringComparison.Ordinal));

        var failing = edge.NextRequestAsync(first);
        var taking = expected == 200 ? _bob.NextRequestAsync() : null;
        var answer = await _server.AskAsync(CoreScene.Trusted, Message());

        await failing;
        Assert.That(answer.StatusCode, Is.EqualTo(expected));
        if (taking is not null)
        {
            await taking;
        }

        // Had there been a request for it, that would be read here instead of the answer.
        Assert.That((await _bob.AskAsync(CoreScene.Open, Register(cseq: 2))).StatusCode, Is.EqualTo(200));
    }

    [Test]
    public async Task A_failed_flow_is_not_told_to_the_caller()
    {
        await using var edge = await CorePeer.StartAsync(_network, "udp:192.0.2.20:5060");
        await edge.AskAsync(CoreScene.Open, Register(protocol: "UDP", more: "Path: <sip:token@192.0.2.20;lr;ob>\n")
            .Replace("Max-Forwards", "Via: SIP/2.0/TCP 10.0.0.7:5060;branch=z9hG4bKua\nMax-Forwards", StringComparison.Ordinal));

        var failing = edge.NextRequestAsync(430);
        var answer = await _server.AskAsync(CoreScene.Trusted, Message());

        await failing;
        Assert.That(answer.StatusCode, Is.EqualTo(480));
    }

    private string Register(string contact = Contact, string supported = "gruu, path, outbound", string callId = "bob-1", int cseq = 1, string more = "", string protocol = "TCP") =>
        $"""
        REGISTER sip:example.com SIP/2.0
        Via: SIP/2.0/{protocol} 192.0.2.4:5060;branch=z9hG4bKtest{++_branch};rport
        Max-Forwards: 70
        From: "Bob" <sip:bob@example.com>;tag=456248
        To: "Bob" <sip:bob@example.com>
        Call-ID: {callId}
        CSeq: {cseq} REGISTER
        Supported: {supported}
        Contact: {contact}
        Expires: 3600
        {more}Content-Length: 0
        """;

    private string Message(string to = "sip:bob@example.com") =>
        $"""
        MESSAGE {to} SIP/2.0
        Via: SIP/2.0/UDP 192.0.2.10:5080;branch=z9hG4bKtest{++_branch};rport
        Max-Forwards: 70
        From: <sip:psa@example.com>;tag=49583
        To: "Bob" <sip:bob@example.com>
        Call-ID: message-{_branch}
        CSeq: 1 MESSAGE
        Content-Length: 0
        """;
}
