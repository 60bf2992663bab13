using System.Globalization;
using SipPush.Samples.SipCore;
using SipPush.Sip;
using SipPush.Tests.Support;

namespace SipPush.Tests.Samples;

/// <summary>
/// Calls through the core: an application server (192.0.2.10) on its trusted side, Bob (192.0.2.4) and others on its open one, each on UDP and TCP.
/// After each test all that the core had under way has to have ended.
/// </summary>
public sealed class SipCoreCallTests
{
    private const string Gruu = $"sip:bob@example.com;gr={CoreScene.Instance}";

    private readonly ManualTimeProvider _clock = new();
    private readonly List<WirePeer> _peers = [];
    private readonly Dictionary<WirePeer, int> _read = [];
    private MemoryNetwork _network = null!;
    private SipCoreServer _core = null!;
    private int _number;
    private bool _hasStopped;

    [SetUp]
    public async Task Start()
    {
        _peers.Clear();
        _read.Clear();
        _hasStopped = false;
        _network = new MemoryNetwork(_clock);
        _core = await SipCoreServer.StartAsync(new CoreOptions
        {
            ListenTransports = [new MemoryTransport(_network, new SipEndPoint(SipProtocol.Udp, CoreScene.Open)), new MemoryTransport(_network, new SipEndPoint(SipProtocol.Tcp, CoreScene.Open))],
            TrustedTransports = [new MemoryTransport(_network, new SipEndPoint(SipProtocol.Udp, CoreScene.Trusted)), new MemoryTransport(_network, new SipEndPoint(SipProtocol.Tcp, CoreScene.Trusted))],
            TimeProvider = _clock,
        });
    }

    [TearDown]
    public async Task Stop()
    {
        var left = await UntilQuietAsync();

        await _core.DisposeAsync();
        foreach (var peer in _peers)
        {
            await peer.DisposeAsync();
        }

        Assert.That(left, Is.All.EqualTo((0, 0, 0, 0)));
    }

    // What is under way on both sides when all timers have had their time.
    private async Task<(int, int, int, int)[]> UntilQuietAsync()
    {
        for (var tries = 0; ; tries++)
        {
            var left = _hasStopped ? [] : _core.Stacks.Select(stack => stack.Layer.Count()).ToArray();
            if (left.All(count => count == (0, 0, 0, 0)) || tries == 1_000)
            {
                return left;
            }

            _clock.Advance(TimeSpan.FromSeconds(5));
            await Task.Delay(TimeSpan.FromMilliseconds(1), TimeProvider.System);
        }
    }

    [TestCase("udp", "tcp", true, "<sip:192.0.2.1:5060;transport=tcp;lr>, <sip:192.0.2.1:5062;lr>")]
    [TestCase("tcp", "udp", false, "<sip:192.0.2.1:5060;lr>, <sip:192.0.2.1:5062;transport=tcp;lr>")]
    [TestCase("udp", "udp", false, "<sip:192.0.2.1:5060;lr>, <sip:192.0.2.1:5062;lr>")]
    public async Task A_call_goes_through_from_the_INVITE_to_the_BYE(string callerBy, string calleeBy, bool callerEnds, string recordRoute)
    {
        var server = await StartAsync($"{callerBy}:192.0.2.10:5080");
        var bob = await StartAsync($"{calleeBy}:192.0.2.4:5060");
        await RegisterAsync(bob, $"<sip:bob@192.0.2.4:5060;transport={calleeBy}>;+sip.instance=\"<{CoreScene.Instance}>\"");
        var core = $"{callerBy}:{CoreScene.Trusted}";

        await server.SendAsync(core, Invite(to: Gruu, by: callerBy));
        Assert.That(StartLine(await NextAsync(server)), Is.EqualTo("SIP/2.0 100 Trying"));

        var invite = await NextAsync(bob);
        Assert.That(StartLine(invite), Is.EqualTo($"INVITE sip:bob@192.0.2.4:5060;transport={calleeBy} SIP/2.0"));
        Assert.That(Values(invite, "Record-Route"), Is.EqualTo(recordRoute));
        Assert.That(Values(invite, "Max-Forwards"), Is.EqualTo("69"));
        Assert.That(Values(invite, "P-Called-Party-ID"), Is.EqualTo($"<{Gruu}>"));

        await bob.ReplyAsync(Answer(invite, "180 Ringing"));
        Assert.That(StartLine(await NextAsync(server)), Is.EqualTo("SIP/2.0 180 Ringing"));
        await bob.ReplyAsync(Answer(invite, "200 OK"));
        var success = await NextAsync(server);
        Assert.That(StartLine(success), Is.EqualTo("SIP/2.0 200 OK"));
        Assert.That(Values(success, "Via"), Is.EqualTo(Values(Invite(to: Gruu, by: callerBy), "Via")));
        Assert.That(Values(success, "Record-Route"), Is.EqualTo(recordRoute));

        // Contact is a GRUU, so that each request in the dialog is led to the connection of the registration.
        await server.SendAsync(core, FromCaller("ACK", 1, success, callerBy));
        var ack = await NextAsync(bob);
        Assert.That(StartLine(ack), Is.EqualTo($"ACK sip:bob@192.0.2.4:5060;transport={calleeBy} SIP/2.0"));
        Assert.That(Values(ack, "Route") + Values(ack, "Record-Route") + Values(ack, "P-Called-Party-ID") + Values(ack, "P-Asserted-Identity"), Is.Empty);
        Assert.That(Values(ack, "Via").Split(',')[0], Does.StartWith($"SIP/2.0/{calleeBy.ToUpperInvariant()} 192.0.2.1:5060;branch=z9hG4bK"));

        // Either end may change the session.
        await server.SendAsync(core, FromCaller("INVITE", 2, success, callerBy));
        await AcceptAsync(bob, server);
        await server.SendAsync(core, FromCaller("ACK", 2, success, callerBy));
        Assert.That(StartLine(await NextAsync(bob)), Does.StartWith("ACK "));
        await bob.SendAsync($"{calleeBy}:{CoreScene.Open}", FromCallee("INVITE", 1, invite, calleeBy));
        var change = await AcceptAsync(server, bob);
        Assert.That(StartLine(change), Is.EqualTo($"INVITE sip:psa@192.0.2.10:5080;transport={callerBy} SIP/2.0"));
        Assert.That(Values(change, "Via").Split(',')[0], Does.StartWith($"SIP/2.0/{callerBy.ToUpperInvariant()} 192.0.2.1:5062;branch=z9hG4bK"));
        await bob.SendAsync($"{calleeBy}:{CoreScene.Open}", FromCallee("ACK", 1, invite, calleeBy));
        Assert.That(StartLine(await NextAsync(server)), Does.StartWith("ACK "));

        var (ends, core2, hears, bye) = callerEnds
            ? (server, core, bob, FromCaller("BYE", 3, success, callerBy))
            : (bob, $"{calleeBy}:{CoreScene.Open}", server, FromCallee("BYE", 2, invite, calleeBy));
        await ends.SendAsync(core2, bye);
        await hears.ReplyAsync(Answer(await NextAsync(hears), "200 OK"));
        Assert.That(StartLine(await NextAsync(ends)), Is.EqualTo("SIP/2.0 200 OK"));
    }

    [Test, Description("RFC 3261 §16.7 step 6, §17.1.1.3")]
    public async Task A_refusal_comes_back_and_each_hop_acknowledges_its_own()
    {
        var (server, bob) = await StartWithBobAsync();

        await server.SendAsync($"udp:{CoreScene.Trusted}", Invite());
        var invite = await NextAsync(bob);
        await bob.ReplyAsync(Answer(invite, "486 Busy Here"));
        var ack = await NextAsync(bob);
        var refusal = (await NextAsync(server), await NextAsync(server)).Item2;
        await server.SendAsync($"udp:{CoreScene.Trusted}", Invite().Replace("INVITE", "ACK", StringComparison.Ordinal));

        Assert.That(StartLine(refusal), Is.EqualTo("SIP/2.0 486 Busy Here"));
        Assert.That(StartLine(ack), Does.StartWith("ACK "));
        Assert.That(Values(ack, "Via"), Is.EqualTo(Values(invite, "Via").Split(", ")[0]));
        Assert.That(bob.Messages, Has.Count.EqualTo(_read[bob]));
    }

    [TestCase("503 Service Unavailable", 500)]
    [TestCase("480 Temporarily Unavailable", 480)]
    [TestCase("302 Moved Temporarily", 302)]
    [TestCase("606 Not Acceptable", 606)]
    public async Task What_the_callee_refuses_with_is_what_the_caller_hears(string refusal, int status)
    {
        var (server, bob) = await StartWithBobAsync();

        await server.SendAsync($"udp:{CoreScene.Trusted}", Invite());
        await bob.ReplyAsync(Answer(await NextAsync(bob), refusal));
        await NextAsync(server);

        Assert.That(StartLine(await NextAsync(server)), Does.StartWith($"SIP/2.0 {status} "));
    }

    [Test, Description("RFC 3261 §16.10")]
    public async Task CANCEL_is_answered_and_passed_on_and_the_INVITE_ends_when_its_branches_have()
    {
        var (server, bob) = await StartWithBobAsync();
        var alice = await StartAsync("udp:192.0.2.5:5060");
        await RegisterAsync(bob, "<sip:bob@192.0.2.4:5060>, <sip:bob@192.0.2.5:5060>", cseq: 2);

        await server.SendAsync($"udp:{CoreScene.Trusted}", Invite());
        var (first, second) = (await NextAsync(bob), await NextAsync(alice));
        await bob.ReplyAsync(Answer(first, "180 Ringing"));
        Assert.That(StartLine((await NextAsync(server), await NextAsync(server)).Item2), Is.EqualTo("SIP/2.0 180 Ringing"));

        await server.SendAsync($"udp:{CoreScene.Trusted}", Invite().Replace("INVITE", "CANCEL", StringComparison.Ordinal));
        var answer = await NextAsync(server);
        var cancel = await NextAsync(bob);
        Assert.That((StartLine(answer), Values(answer, "CSeq")), Is.EqualTo(("SIP/2.0 200 OK", "1 CANCEL")));
        Assert.That((StartLine(cancel), Values(cancel, "Via")), Is.EqualTo(($"CANCEL sip:bob@192.0.2.4:5060 SIP/2.0", Values(first, "Via").Split(", ")[0])));

        await bob.ReplyAsync(Answer(cancel, "200 OK"));
        await bob.ReplyAsync(Answer(first, "487 Request Terminated"));
        Assert.That(StartLine(await NextAsync(bob)), Does.StartWith("ACK "));
        Assert.That(server.Messages, Has.Count.EqualTo(_read[server]));

        // Before a provisional response no CANCEL may be sent.
        Assert.That(alice.Messages, Has.Count.EqualTo(_read[alice]));
        await alice.ReplyAsync(Answer(second, "100 Trying"));
        Assert.That(StartLine(await NextAsync(alice)), Does.StartWith("CANCEL "));
        await alice.ReplyAsync(Answer(second, "487 Request Terminated"));
        var terminated = await NextAsync(server);
        Assert.That((StartLine(terminated), Values(terminated, "CSeq")), Is.EqualTo(("SIP/2.0 487 Request Terminated", "1 INVITE")));
    }

    [Test]
    public async Task A_200_that_crosses_the_CANCEL_reaches_the_caller()
    {
        var (server, bob) = await StartWithBobAsync();

        await server.SendAsync($"udp:{CoreScene.Trusted}", Invite());
        var invite = await NextAsync(bob);
        await bob.ReplyAsync(Answer(invite, "180 Ringing"));
        await server.WaitForAsync(2);
        await server.SendAsync($"udp:{CoreScene.Trusted}", Invite().Replace("INVITE", "CANCEL", StringComparison.Ordinal));
        await bob.ReplyAsync(Answer(invite, "200 OK"));
        await server.WaitForAsync(4);

        Assert.That(server.Messages.Select(message => $"{StartLine(message)[8..11]} {Values(message, "CSeq")}"),
            Is.EquivalentTo(["100 1 INVITE", "180 1 INVITE", "200 1 CANCEL", "200 1 INVITE"]));
    }

    [Test]
    public async Task One_contact_refuses_and_the_other_takes_the_call()
    {
        var (server, bob) = await StartWithBobAsync();
        var alice = await StartAsync("udp:192.0.2.5:5060");
        await RegisterAsync(bob, "<sip:bob@192.0.2.4:5060>, <sip:bob@192.0.2.5:5060>", cseq: 2);

        await server.SendAsync($"udp:{CoreScene.Trusted}", Invite());
        await alice.ReplyAsync(Answer(await NextAsync(alice), "486 Busy Here", "alice"));
        Assert.That(StartLine(await NextAsync(alice)), Does.StartWith("ACK "));
        await bob.ReplyAsync(Answer(await NextAsync(bob), "200 OK"));
        var success = (await NextAsync(server), await NextAsync(server)).Item2;

        Assert.That((StartLine(success), Values(success, "To")), Is.EqualTo(("SIP/2.0 200 OK", "<sip:bob@example.com>;tag=bob")));
        Assert.That(alice.Messages, Has.Count.EqualTo(2));
    }

    [Test, Description("RFC 3261 §16.7 step 10")]
    public async Task What_still_rings_when_one_has_taken_the_call_is_cancelled()
    {
        var (server, bob) = await StartWithBobAsync();
        var alice = await StartAsync("udp:192.0.2.5:5060");
        await RegisterAsync(bob, "<sip:bob@192.0.2.4:5060>, <sip:bob@192.0.2.5:5060>", cseq: 2);

        await server.SendAsync($"udp:{CoreScene.Trusted}", Invite());
        var ringing = await NextAsync(alice);
        await alice.ReplyAsync(Answer(ringing, "180 Ringing", "alice"));
        await server.WaitForAsync(2);
        await bob.ReplyAsync(Answer(await NextAsync(bob), "200 OK"));
        Assert.That(StartLine(await NextAsync(alice)), Does.StartWith("CANCEL "));
        await alice.ReplyAsync(Answer(ringing, "487 Request Terminated", "alice"));
        Assert.That(StartLine(await NextAsync(alice)), Does.StartWith("ACK "));

        await server.WaitForAsync(3);
        Assert.That(server.Messages.Select(message => StartLine(message)[8..11]), Is.EquivalentTo(["100", "180", "200"]));
    }

    [Test, Description("RFC 6026 §7.1")]
    public async Task Two_contacts_take_the_call_and_the_caller_hears_of_both()
    {
        var (server, bob) = await StartWithBobAsync();
        var alice = await StartAsync("udp:192.0.2.5:5060");
        await RegisterAsync(bob, "<sip:bob@192.0.2.4:5060>, <sip:bob@192.0.2.5:5060>", cseq: 2);

        await server.SendAsync($"udp:{CoreScene.Trusted}", Invite());
        var (first, second) = (await NextAsync(bob), await NextAsync(alice));
        await bob.ReplyAsync(Answer(first, "200 OK"));
        await server.WaitForAsync(2);
        await alice.ReplyAsync(Answer(second, "200 OK", "alice"));
        await server.WaitForAsync(3);

        Assert.That(server.Messages.Skip(1).Select(message => $"{StartLine(message)[8..11]} {Values(message, "To")}"),
            Is.EqualTo(["200 <sip:bob@example.com>;tag=bob", "200 <sip:bob@example.com>;tag=alice"]));

        // The caller acknowledges each, and each comes to its own.
        await server.SendAsync($"udp:{CoreScene.Trusted}", FromCaller("ACK", 1, server.Messages[2], "udp", "sip:bob@192.0.2.5:5060"));
        Assert.That(StartLine(await NextAsync(alice)), Is.EqualTo("ACK sip:bob@192.0.2.5:5060 SIP/2.0"));
        Assert.That(bob.Messages, Has.Count.EqualTo(_read[bob]));
    }

    [Test]
    public async Task A_603_ends_the_ringing_everywhere()
    {
        var (server, bob) = await StartWithBobAsync();
        var alice = await StartAsync("udp:192.0.2.5:5060");
        await RegisterAsync(bob, "<sip:bob@192.0.2.4:5060>, <sip:bob@192.0.2.5:5060>", cseq: 2);

        await server.SendAsync($"udp:{CoreScene.Trusted}", Invite());
        var ringing = await NextAsync(alice);
        await alice.ReplyAsync(Answer(ringing, "180 Ringing", "alice"));
        await bob.ReplyAsync(Answer(await NextAsync(bob), "603 Decline"));
        Assert.That(StartLine(await NextAsync(alice)), Does.StartWith("CANCEL "));
        Assert.That(server.Messages.Select(message => StartLine(message)[8..11]), Has.None.EqualTo("603"));
        await alice.ReplyAsync(Answer(ringing, "487 Request Terminated", "alice"));
        await server.WaitForAsync(3);

        Assert.That(StartLine(server.Last), Is.EqualTo("SIP/2.0 603 Decline"));
    }

    [Test, Description("RFC 3261 §16.7 step 7")]
    public async Task The_challenges_of_all_who_challenge_come_back_in_one_answer()
    {
        var (server, bob) = await StartWithBobAsync();
        var alice = await StartAsync("udp:192.0.2.5:5060");
        await RegisterAsync(bob, "<sip:bob@192.0.2.4:5060>, <sip:bob@192.0.2.5:5060>", cseq: 2);

        await server.SendAsync($"udp:{CoreScene.Trusted}", Invite());
        await bob.ReplyAsync(Answer(await NextAsync(bob), "407 Proxy Authentication Required", more: "Proxy-Authenticate: Digest realm=\"a\", nonce=\"1\""));
        Assert.That(StartLine(await NextAsync(bob)), Does.StartWith("ACK "));
        await alice.ReplyAsync(Answer(await NextAsync(alice), "401 Unauthorized", "alice", "WWW-Authenticate: Digest realm=\"b\", nonce=\"2\""));
        var challenge = (await NextAsync(server), await NextAsync(server)).Item2;

        Assert.That(StartLine(challenge), Does.StartWith("SIP/2.0 40"));
        Assert.That(Values(challenge, "Proxy-Authenticate"), Is.EqualTo("Digest realm=\"a\", nonce=\"1\""));
        Assert.That(Values(challenge, "WWW-Authenticate"), Is.EqualTo("Digest realm=\"b\", nonce=\"2\""));
    }

    [Test, Description("RFC 3261 §13.3.1.4")]
    public async Task A_200_is_repeated_from_end_to_end_until_the_ACK_that_comes_again_with_it()
    {
        var (server, bob) = await StartWithBobAsync();

        await server.SendAsync($"udp:{CoreScene.Trusted}", Invite());
        var success = Answer(await NextAsync(bob), "200 OK");
        await bob.ReplyAsync(success);
        await server.WaitForAsync(2);
        await bob.ReplyAsync(success);
        await server.WaitForAsync(3);
        await server.SendAsync($"udp:{CoreScene.Trusted}", FromCaller("ACK", 1, server.Last, "udp", "sip:bob@192.0.2.4:5060"));
        await bob.ReplyAsync(success);
        await server.WaitForAsync(4);
        await server.SendAsync($"udp:{CoreScene.Trusted}", FromCaller("ACK", 1, server.Last, "udp", "sip:bob@192.0.2.4:5060"));
        await bob.WaitForAsync(_read[bob] + 2);

        Assert.That(server.Messages.Skip(1).Distinct().Count(), Is.EqualTo(1));
        Assert.That(bob.Messages.TakeLast(2).Select(StartLine), Is.All.EqualTo("ACK sip:bob@192.0.2.4:5060 SIP/2.0"));
    }

    [Test, Description("RFC 3261 §16.8")]
    public async Task A_caller_that_vanishes_leaves_nothing_ringing()
    {
        var server = await StartAsync("tcp:192.0.2.10:5080");
        var bob = await StartAsync("udp:192.0.2.4:5060");
        await RegisterAsync(bob, "<sip:bob@192.0.2.4:5060>");

        await server.SendAsync($"tcp:{CoreScene.Trusted}", Invite(by: "tcp"));
        var ringing = await NextAsync(bob);
        await bob.ReplyAsync(Answer(ringing, "180 Ringing"));
        await server.WaitForAsync(2);
        await server.CloseAsync();
        await server.DisposeAsync();

        _clock.Advance(TimeSpan.FromSeconds(181));
        Assert.That(StartLine(await NextAsync(bob)), Does.StartWith("CANCEL "));
        await bob.ReplyAsync(Answer(ringing, "487 Request Terminated"));
        Assert.That(StartLine(await NextAsync(bob)), Does.StartWith("ACK "));
    }

    [TestCase("192.0.2.4:5060", 408)]
    [TestCase("192.0.2.77:5060;transport=tcp", 480)]
    public async Task A_callee_that_is_not_there_is_answered_for(string contact, int status)
    {
        var (server, bob) = await StartWithBobAsync();
        await RegisterAsync(bob, $"<sip:bob@192.0.2.4:5060>;expires=0, <sip:bob@{contact}>", cseq: 2);

        await server.SendAsync($"udp:{CoreScene.Trusted}", Invite());
        await NextAsync(server);
        if (status == 408)
        {
            _clock.Advance(TimeSpan.FromSeconds(32));
        }

        Assert.That(StartLine(await NextAsync(server)), Does.StartWith($"SIP/2.0 {status} "));
    }

    [Test, Description("RFC 5626 §7")]
    public async Task An_instance_with_two_flows_rings_once_and_a_dead_flow_gives_way_to_the_other()
    {
        var server = await StartAsync("udp:192.0.2.10:5080");
        var first = await StartAsync("tcp:192.0.2.4:5060");
        var second = await StartAsync("tcp:192.0.2.5:5060");
        await RegisterAsync(first, $"<sip:bob@192.0.2.4:5060;transport=tcp>;reg-id=1;+sip.instance=\"<{CoreScene.Instance}>\"", by: "tcp");
        await RegisterAsync(second, $"<sip:bob@192.0.2.5:5060;transport=tcp>;reg-id=2;+sip.instance=\"<{CoreScene.Instance}>\"", cseq: 2, by: "tcp");

        await server.SendAsync($"udp:{CoreScene.Trusted}", Invite());
        var invite = await NextAsync(second);
        Assert.That(first.Messages, Has.Count.EqualTo(_read[first]));
        await second.ReplyAsync(Answer(invite, "430 Flow Failed"));
        await first.ReplyAsync(Answer(await NextAsync(first), "486 Busy Here"));

        Assert.That(StartLine((await NextAsync(server), await NextAsync(server)).Item2), Is.EqualTo("SIP/2.0 486 Busy Here"));
    }

    [Test, Description("RFC 5627 §6.1")]
    public async Task A_GRUU_with_two_contacts_rings_at_the_latest_only()
    {
        var (server, bob) = await StartWithBobAsync();
        var alice = await StartAsync("udp:192.0.2.5:5060");
        await RegisterAsync(bob, $"<sip:bob@192.0.2.4:5060>;+sip.instance=\"<{CoreScene.Instance}>\"", cseq: 2);
        await RegisterAsync(bob, $"<sip:bob@192.0.2.5:5060>;+sip.instance=\"<{CoreScene.Instance}>\"", cseq: 3);

        await server.SendAsync($"udp:{CoreScene.Trusted}", Invite(Gruu));
        await alice.ReplyAsync(Answer(await NextAsync(alice), "486 Busy Here"));

        Assert.That(StartLine((await NextAsync(server), await NextAsync(server)).Item2), Is.EqualTo("SIP/2.0 486 Busy Here"));
        Assert.That(bob.Messages, Has.Count.EqualTo(_read[bob]));
    }

    [Test]
    public async Task A_stranger_who_calls_a_user_gets_through_in_the_dialog_too()
    {
        var (_, bob) = await StartWithBobAsync();
        var carol = await StartAsync("udp:192.0.2.7:5060");
        var text = Invite().Replace("192.0.2.10:5080", "192.0.2.7:5060", StringComparison.Ordinal).Replace("psa@", "carol@", StringComparison.Ordinal);

        await carol.SendAsync($"udp:{CoreScene.Open}", text);
        var invite = await NextAsync(bob);
        Assert.That(Values(invite, "Record-Route"), Is.EqualTo("<sip:192.0.2.1:5060;lr>"));
        await bob.ReplyAsync(Answer(invite, "200 OK").Replace(Gruu, "sip:bob@192.0.2.4:5060", StringComparison.Ordinal));
        await carol.WaitForAsync(2);
        await carol.SendAsync($"udp:{CoreScene.Open}", FromCaller("ACK", 1, carol.Last, "udp", "sip:bob@192.0.2.4:5060"));
        Assert.That(StartLine(await NextAsync(bob)), Does.StartWith("ACK "));

        await bob.SendAsync($"udp:{CoreScene.Open}", FromCallee("BYE", 1, invite, "udp").Replace("sip:psa@192.0.2.10:5080;transport=udp", "sip:carol@192.0.2.7:5060", StringComparison.Ordinal));
        await carol.WaitForAsync(3);
        Assert.That(StartLine(carol.Last), Is.EqualTo("BYE sip:carol@192.0.2.7:5060 SIP/2.0"));
        Assert.That(Values(carol.Last, "Via").Split(',')[0], Does.StartWith("SIP/2.0/UDP 192.0.2.1:5060;"));
        await carol.ReplyAsync(Answer(carol.Last, "200 OK"));
        Assert.That(StartLine(await NextAsync(bob)), Is.EqualTo("SIP/2.0 200 OK"));
    }

    [TestCase("Max-Forwards: 70", "Max-Forwards: 0", 483)]
    [TestCase("Via: ", "Via: SIP/2.0/UDP 192.0.2.10:5080;branch=z9hG4bKx, SIP/2.0/UDP 192.0.2.1:5060;branch=z9hG4bKb1, SIP/2.0/UDP 192.0.2.1:5062;branch=z9hG4bKb2, SIP/2.0/UDP 192.0.2.1:5060;branch=z9hG4bKb3\nVia: ", 482)]
    [TestCase("Contact: ", "Proxy-Require: sec-agree\nContact: ", 420)]
    [TestCase("INVITE", "CANCEL", 481)]
    public async Task What_must_not_go_on_ends_here(string part, string instead, int status)
    {
        var (server, bob) = await StartWithBobAsync();

        await server.SendAsync($"udp:{CoreScene.Trusted}", Invite().Replace(part, instead, StringComparison.Ordinal));

        Assert.That(StartLine(await NextAsync(server)), Does.StartWith($"SIP/2.0 {status} "));
        Assert.That(bob.Messages, Has.Count.EqualTo(_read[bob]));
    }

    [Test]
    public async Task When_the_core_stops_in_the_middle_the_caller_has_an_answer()
    {
        var (server, bob) = await StartWithBobAsync();

        await server.SendAsync($"udp:{CoreScene.Trusted}", Invite());
        await bob.ReplyAsync(Answer(await NextAsync(bob), "180 Ringing"));
        await server.WaitForAsync(2);
        await _core.DisposeAsync();
        _hasStopped = true;

        Assert.That(StartLine(server.Last)[8..11], Is.AnyOf("480", "503"));
    }

    private static string StartLine(string message) => message.Split("\r\n")[0];

    private static string Values(string message, string name) => string.Join(", ", message.ReplaceLineEndings("\r\n").Split("\r\n")
        .Where(line => line.StartsWith($"{name}: ", StringComparison.Ordinal))
        .Select(line => line[(name.Length + 2)..]));

    private static string Invite(string to = "sip:bob@example.com", string by = "udp") => $"""
        INVITE {to} SIP/2.0
        Via: SIP/2.0/{by.ToUpperInvariant()} 192.0.2.10:5080;branch=z9hG4bKi1
        Max-Forwards: 70
        From: <sip:psa@example.com>;tag=psa
        To: <sip:bob@example.com>
        Call-ID: call-1
        CSeq: 1 INVITE
        Contact: <sip:psa@192.0.2.10:5080;transport={by}>
        Content-Length: 0
        """;

    // As a user agent answers: with Record-Route and a Contact.
    private static string Answer(string request, string status, string tag = "bob", string? more = null)
    {
        string[] lines =
        [
            .. Values(request, "Record-Route") is { Length: > 0 } route ? [$"Record-Route: {route}"] : Array.Empty<string>(),
            $"Contact: <{Gruu}>",
            .. more is null ? Array.Empty<string>() : [more],
        ];
        return WirePeer.ResponseTo(request, status, lines).Replace(";tag=peer", $";tag={tag}", StringComparison.Ordinal);
    }

    // The caller's route is that of the 2xx the other way round (RFC 3261 §12.1.2).
    private string FromCaller(string method, int cseq, string success, string by, string target = Gruu) => $"""
        {method} {target} SIP/2.0
        Via: SIP/2.0/{by.ToUpperInvariant()} 192.0.2.10:5080;branch=z9hG4bKc{++_number}
        Max-Forwards: 70
        Route: {string.Join(", ", Values(success, "Record-Route").Split(", ").Reverse())}
        From: {Values(success, "From")}
        To: {Values(success, "To")}
        Call-ID: call-1
        CSeq: {cseq} {method}
        Contact: <sip:psa@192.0.2.10:5080;transport={by}>
        Content-Length: 0
        """;

    private string FromCallee(string method, int cseq, string invite, string by) => $"""
        {method} sip:psa@192.0.2.10:5080;transport={Values(invite, "Contact").Split("transport=")[1][..3]} SIP/2.0
        Via: SIP/2.0/{by.ToUpperInvariant()} 192.0.2.4:5060;branch=z9hG4bKd{++_number}
        Max-Forwards: 70
        Route: {Values(invite, "Record-Route")}
        From: {Values(invite, "To")};tag=bob
        To: {Values(invite, "From")}
        Call-ID: call-1
        CSeq: {cseq} {method}
        Contact: <{Gruu}>
        Content-Length: 0
        """;

    private async Task<string> AcceptAsync(WirePeer callee, WirePeer caller)
    {
        var request = await NextAsync(callee);
        await callee.ReplyAsync(Answer(request, "200 OK"));
        Assert.That((StartLine(await NextAsync(caller)), StartLine(await NextAsync(caller))), Is.EqualTo(("SIP/2.0 100 Trying", "SIP/2.0 200 OK")));
        return request;
    }

    private async Task<WirePeer> StartAsync(string endPoint)
    {
        var peer = await WirePeer.StartAsync(_network, endPoint);
        _peers.Add(peer);
        return peer;
    }

    private async Task<(WirePeer Server, WirePeer Bob)> StartWithBobAsync()
    {
        var bob = await StartAsync("udp:192.0.2.4:5060");
        await RegisterAsync(bob, "<sip:bob@192.0.2.4:5060>");
        return (await StartAsync("udp:192.0.2.10:5080"), bob);
    }

    private async Task RegisterAsync(WirePeer peer, string contact, int cseq = 1, string by = "udp")
    {
        by = contact.Contains("transport=tcp", StringComparison.Ordinal) && !contact.Contains("192.0.2.77", StringComparison.Ordinal) ? "tcp" : by;
        await peer.SendAsync($"{by}:{CoreScene.Open}", $"""
            REGISTER sip:example.com SIP/2.0
            Via: SIP/2.0/{by.ToUpperInvariant()} 192.0.2.4:5060;branch=z9hG4bKr{++_number};rport
            Max-Forwards: 70
            From: <sip:bob@example.com>;tag=456248
            To: <sip:bob@example.com>
            Call-ID: bob-1
            CSeq: {cseq.ToString(CultureInfo.InvariantCulture)} REGISTER
            Supported: gruu, path{(contact.Contains("reg-id", StringComparison.Ordinal) ? ", outbound" : "")}
            Contact: {contact}
            Expires: 7200
            Content-Length: 0
            """);
        Assert.That(StartLine(await NextAsync(peer)), Is.EqualTo("SIP/2.0 200 OK"));
    }

    // Messages are read one by one, so that nothing unexpected is passed over.
    private async Task<string> NextAsync(WirePeer peer)
    {
        var at = _read.GetValueOrDefault(peer);
        await peer.WaitForAsync(at + 1);
        _read[peer] = at + 1;
        return peer.Messages[at];
    }
}
